/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_life.c: the table of states; no other file changes one */

#include "qemu/qemu_life.h"

#include "qemu/qemu_stats.h"
#include "stream/stream_event.h"
#include "util/log.h"

LOG_INIT("qemu.life");

/* qemuLifeNext[from][to] */
static const bool qemuLifeNext[][VIR_DOMAIN_STREAM_DISK_STATE_FAILED + 1] = {
    /*                 STARTING RUNNING STOPPING COMPLETED STOPPED FAILED */
    /* STARTING  */ { false, true, false, true, true, true },
    /* RUNNING   */ { false, false, true, true, true, true },
    /* STOPPING  */ { false, true, false, true, true, true },
    /* COMPLETED */ { false, false, false, false, false, false },
    /* STOPPED   */ { false, false, false, false, false, false },
    /* FAILED    */ { false, false, false, false, false, false },
};

static void
qemuLifePublish(qemuStream *stream, virDomainStreamDiskEvent event)
{
    streamEventPublish(stream->publisher, event, qemuStatsGetEntry(stream, g_get_monotonic_time()));
}

static bool
qemuLifeBecome(qemuStream *stream, virDomainStreamDiskStateType state)
{
    virDomainStreamDiskStateType before = stream->state;

    if (!qemuLifeNext[before][state])
        return false;
    LOG_DEBUG("domain %s disk %s: state %d to %d", virDomainGetName(stream->dom), stream->target,
              before, state);
    if (before == VIR_DOMAIN_STREAM_DISK_STATE_STARTING) {
        stream->state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
        qemuLifePublish(stream, VIR_DOMAIN_STREAM_DISK_EVENT_STARTED);
    }
    stream->state = state;
    return true;
}

void
qemuLifeRun(qemuStream *stream, bool announce)
{
    if (stream->state != VIR_DOMAIN_STREAM_DISK_STATE_STARTING)
        return;
    if (announce)
        qemuLifeBecome(stream, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    else
        stream->state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
}

void
qemuLifeSetStopping(qemuStream *stream, bool stopping)
{
    if (stopping)
        qemuLifeBecome(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPING);
    else if (stream->state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPING)
        qemuLifeBecome(stream, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
}

void
qemuLifeTick(qemuStream *stream)
{
    qemuLifePublish(stream, VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS);
}

static virDomainStreamDiskEvent
qemuLifeEndEvent(virDomainStreamDiskStateType state)
{
    switch (state) {
    case VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED: return VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED;
    case VIR_DOMAIN_STREAM_DISK_STATE_STOPPED: return VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED;
    default: return VIR_DOMAIN_STREAM_DISK_EVENT_FAILED;
    }
}

void
qemuLifeEnd(qemuStream *stream, virDomainStreamDiskStateType state, const char *reason)
{
    if (stream->state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPING &&
        state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPED)
        reason = "stopped on request";
    if (!qemuLifeBecome(stream, state))
        return;
    stream->held = false;
    if (state == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED) {
        streamProgressComplete(&stream->progress);
        streamProgressComplete(&stream->copying);
    } else
        stream->reason = g_strdup(stream->error ? stream->error : reason);
    LOG_INFO("stream of disk %s of domain %s ended%s%s", stream->target,
             virDomainGetName(stream->dom), stream->reason ? ": " : "",
             stream->reason ? stream->reason : "");
    qemuLifePublish(stream, qemuLifeEndEvent(state));
}

void
qemuLifeRefuse(qemuStream *stream)
{
    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_FAILED;
}
