/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_life.c: the table of states; no other file changes one */

#include "qemu/qemu_life.h"

#include "qemu/qemu_stats.h"
#include "stream/stream_event.h"
#include "util/log.h"

LOG_INIT("qemu.life");

/* qemuLifeNext[from][to] */
static const bool qemuLifeNext[][VIR_DOMAIN_STREAM_DISK_FAILED + 1] = {
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
    streamEventPublish(stream->guest->config->publisher, event,
                       qemuStatsGetRecord(stream, g_get_monotonic_time()));
}

static bool
qemuLifeBecome(qemuStream *stream, virDomainStreamDiskStatus state)
{
    virDomainStreamDiskStatus before = stream->state;

    if (!qemuLifeNext[before][state])
        return false;
    LOG_DEBUG("domain %s disk %s: state %d to %d", virDomainGetName(stream->guest->dom),
              stream->target, before, state);
    if (before == VIR_DOMAIN_STREAM_DISK_STARTING) {
        stream->state = VIR_DOMAIN_STREAM_DISK_RUNNING;
        qemuLifePublish(stream, VIR_DOMAIN_STREAM_DISK_EVENT_STARTED);
    }
    stream->state = state;
    return true;
}

void
qemuLifeRun(qemuStream *stream, bool announce)
{
    if (stream->state != VIR_DOMAIN_STREAM_DISK_STARTING)
        return;
    if (announce)
        qemuLifeBecome(stream, VIR_DOMAIN_STREAM_DISK_RUNNING);
    else
        stream->state = VIR_DOMAIN_STREAM_DISK_RUNNING;
}

void
qemuLifeSetStopping(qemuStream *stream, bool stopping)
{
    if (stopping)
        qemuLifeBecome(stream, VIR_DOMAIN_STREAM_DISK_STOPPING);
    else if (stream->state == VIR_DOMAIN_STREAM_DISK_STOPPING)
        qemuLifeBecome(stream, VIR_DOMAIN_STREAM_DISK_RUNNING);
}

void
qemuLifeTick(qemuStream *stream)
{
    qemuLifePublish(stream, VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS);
}

static virDomainStreamDiskEvent
qemuLifeEndEvent(virDomainStreamDiskStatus state)
{
    switch (state) {
    case VIR_DOMAIN_STREAM_DISK_COMPLETED: return VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED;
    case VIR_DOMAIN_STREAM_DISK_STOPPED: return VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED;
    default: return VIR_DOMAIN_STREAM_DISK_EVENT_FAILED;
    }
}

void
qemuLifeEnd(qemuStream *stream, virDomainStreamDiskStatus state, const char *reason)
{
    if (stream->state == VIR_DOMAIN_STREAM_DISK_STOPPING && state == VIR_DOMAIN_STREAM_DISK_STOPPED)
        reason = "stopped on request";
    if (!qemuLifeBecome(stream, state))
        return;
    stream->waitingTurn = false;
    if (state == VIR_DOMAIN_STREAM_DISK_COMPLETED) {
        streamProgressComplete(&stream->progress);
        streamProgressComplete(&stream->copying);
    } else
        stream->reason = g_strdup(stream->error ? stream->error : reason);
    LOG_INFO("stream of disk %s of domain %s ended%s%s", stream->target,
             virDomainGetName(stream->guest->dom), stream->reason ? ": " : "",
             stream->reason ? stream->reason : "");
    qemuLifePublish(stream, qemuLifeEndEvent(state));
}

void
qemuLifeRefuse(qemuStream *stream)
{
    stream->state = VIR_DOMAIN_STREAM_DISK_FAILED;
}
