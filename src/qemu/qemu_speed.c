/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_speed.c: limit, deadline and turn together, and a number for each change */

#include "qemu/qemu_speed.h"

qemuStream *
qemuSpeedNextTurn(GPtrArray *streams)
{
    qemuStream *next = NULL;

    for (guint i = 0; i < streams->len; i++) {
        qemuStream *stream = g_ptr_array_index(streams, i);

        if (!stream->waitingTurn)
            return NULL;
        if (!next || streamProgressLeft(&stream->progress) < streamProgressLeft(&next->progress))
            next = stream;
    }
    return next;
}

unsigned long long
qemuSpeedGet(const qemuStream *stream)
{
    guint64 user = stream->startedByUs ? qemuStreamGetLimit(stream) : stream->settings.bandwidth;
    guint64 limit = streamDeadlineLimit(&stream->plan, user);

    if (!stream->waitingTurn)
        return limit;
    return limit > 0 ? MIN(limit, QEMU_SPEED_WAITING) : QEMU_SPEED_WAITING;
}

/* What was measured at another speed says nothing of the time that is left. */
static void
qemuSpeedSet(qemuStream *stream, unsigned long long speed)
{
    if (speed != stream->speed)
        streamProgressRestart(&stream->progress);    /* a position: the limit is no bound for it */
    streamProgressSetLimit(&stream->copying, speed); /* restarts, and bounds the time */
    stream->speed = speed;
}

void
qemuSpeedBegin(qemuStream *stream)
{
    qemuSpeedSet(stream, qemuSpeedGet(stream));
}

void
qemuSpeedFound(qemuStream *stream, unsigned long long speed)
{
    qemuSpeedSet(stream, speed);
    if (!stream->guest->config->turns ||
        (speed != QEMU_SPEED_WAITING && stream->settings.deadline == 0))
        stream->settings.bandwidth = speed;
}

void
qemuSpeedSeen(qemuStream *stream, unsigned long long speed, guint serial)
{
    if (speed == stream->speed || serial % 2 || serial != stream->speedSerial)
        return;
    qemuSpeedSet(stream, speed);
    stream->settings.bandwidth = speed;
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
        qemuSpeedSet(stream, speed);
}
