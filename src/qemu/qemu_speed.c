/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_speed.c: limit, deadline and turn together, and a number for each change */

#include "qemu/qemu_speed.h"

#include "qemu/qemu_turn.h"

unsigned long long
qemuSpeedGet(const qemuStream *stream)
{
    guint64 limit = stream->own ? qemuStreamGetLimit(stream) : stream->settings.bandwidth;

    return qemuTurnSpeed(stream->held, streamDeadlineLimit(&stream->pace, limit));
}

void
qemuSpeedFound(qemuStream *stream, unsigned long long speed, bool turns)
{
    stream->speed = speed;
    if (!turns || (speed != QEMU_TURN_HELD_SPEED && stream->settings.deadline == 0))
        stream->settings.bandwidth = speed;
}

void
qemuSpeedSeen(qemuStream *stream, unsigned long long speed, guint serial)
{
    if (speed != stream->speed && serial % 2 == 0 && serial == stream->speedSerial)
        stream->settings.bandwidth = stream->speed = speed;
}

bool
qemuSpeedWanted(qemuStream *stream, unsigned long long *speed)
{
    unsigned long long wanted = qemuSpeedGet(stream);

    if (stream->state != VIR_DOMAIN_STREAM_DISK_STATE_RUNNING || wanted == stream->speed ||
        stream->speedSerial % 2)
        return false;
    stream->speedSerial++;
    *speed = wanted;
    return true;
}

void
qemuSpeedTold(qemuStream *stream, unsigned long long speed, bool success)
{
    stream->speedSerial++;
    if (success)
        stream->speed = speed;
}
