/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_life.c: what comes with a change of state; no other file changes one */

#include "qemu/qemu_life.h"

#include "stream/stream_event.h"
#include "stream/stream_state.h"
#include "util/log.h"

LOG_INIT("qemu.life");

static void
qemuLifePublish(qemuStream *stream, int event)
{
    streamEventPublish(stream->guest->config->publisher, event,
                       qemuStreamGetRecord(stream, g_get_monotonic_time()));
}

/* It has ended. */
static void
qemuLifeSettle(qemuStream *stream, const char *reason)
{
    stream->waitingTurn = false;
    if (stream->state == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED) {
        streamProgressComplete(&stream->progress);
        streamProgressComplete(&stream->copying);
    } else {
        stream->reason = g_strdup(stream->error ? stream->error : reason);
    }
    LOG_INFO("stream of disk %s of domain %s ended%s%s", stream->target,
             virDomainGetName(stream->guest->dom), stream->reason ? ": " : "",
             stream->reason ? stream->reason : "");
}

/* Takes the stream to @state, if there is a way, and tells of each step. */
static void
qemuLifeBecome(qemuStream *stream, virDomainStreamDiskStateType state, const char *reason)
{
    int event;

    while (streamStateStep(&stream->state, state, &event)) {
        LOG_DEBUG("domain %s disk %s: state %d", virDomainGetName(stream->guest->dom),
                  stream->target, stream->state);
        if (!qemuStreamIsActive(stream))
            qemuLifeSettle(stream, reason);
        if (event != STREAM_STATE_NO_EVENT)
            qemuLifePublish(stream, event);
    }
}

void
qemuLifeRun(qemuStream *stream, bool announce)
{
    int unheard;

    if (stream->state != VIR_DOMAIN_STREAM_DISK_STATE_STARTING)
        return;
    if (announce)
        qemuLifeBecome(stream, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING, NULL);
    else
        streamStateStep(&stream->state, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING, &unheard);
}

void
qemuLifeSetStopping(qemuStream *stream, bool stopping)
{
    if (stopping && stream->state == VIR_DOMAIN_STREAM_DISK_STATE_RUNNING) {
        qemuLifeBecome(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPING, NULL);
    } else if (!stopping && stream->state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPING) {
        stream->copiedCounts = false;
        qemuLifeBecome(stream, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING, NULL);
    }
}

void
qemuLifeTick(qemuStream *stream)
{
    qemuLifePublish(stream, VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS);
}

void
qemuLifeEnd(qemuStream *stream, virDomainStreamDiskStateType state, const char *reason)
{
    bool asked = stream->state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPING &&
                 state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPED;

    qemuLifeBecome(stream, state, asked ? "stopped on request" : reason);
}

void
qemuLifeRefuse(qemuStream *stream)
{
    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_FAILED;
}
