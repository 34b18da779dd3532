/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-job.c: waits for the end of one block job of libvirt, as virsh does
 */

#include <libvirt/virterror.h>
#include <signal.h>

#include "stream-job.h"
#include "stream-loop.h"
#include "stream-virsh.h"

/* The reason of a failure may be so many seconds later than the failure. */
#define STREAM_JOB_REASON_MAX 2

/* One tells the path of a disk, the other its target. */
static const int streamJobEvents[] = {
    VIR_DOMAIN_EVENT_ID_BLOCK_JOB,
    VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
};

struct _streamJob {
    streamClient *client;
    virDomainPtr dom;
    const char *disk;
    streamLoop *loop;
    int jobEvents[G_N_ELEMENTS(streamJobEvents)]; /* callbacks, -1: not registered */
    int streamEvent;
    int status; /* with which the job has ended, -1 before */
};

static void
streamJobOnJobEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int type, int status,
                    void *opaque)
{
    streamJob *job = opaque;

    if (!g_str_equal(disk, job->disk))
        return;
    job->status = status;
    streamLoopEnd(job->loop);
}

static void
streamJobOnStreamEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
                       virTypedParameterPtr params, int nparams, void *opaque)
{
    streamJob *job = opaque;

    if (event == VIR_DOMAIN_STREAM_DISK_EVENT_FAILED)
        streamLoopEnd(job->loop);
}

streamJob *
streamJobNew(streamClient *client, virDomainPtr dom, const char *disk, int timeout)
{
    g_autoptr(streamJob) job = g_new0(streamJob, 1);
    bool registered = true;

    job->client = client;
    job->dom = dom;
    job->disk = disk;
    job->status = -1;
    /* Without it the reason of a failure is not known, that is all. */
    job->streamEvent = virConnectStreamDiskEventRegister(client->conn, dom, streamJobOnStreamEvent,
                                                         job, NULL, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(streamJobEvents); i++) {
        job->jobEvents[i] = virConnectDomainEventRegisterAny(client->conn, dom, streamJobEvents[i],
                                                             VIR_DOMAIN_EVENT_CALLBACK(
                                                                 streamJobOnJobEvent),
                                                             job, NULL);
        registered = registered && job->jobEvents[i] >= 0;
    }
    if (!registered || !(job->loop = streamLoopNew(client->conn, timeout)))
        return NULL;
    /* As with virsh, the job outlives all but an interrupt. */
    signal(SIGTERM, SIG_DFL);
    return g_steal_pointer(&job);
}

void
streamJobFree(streamJob *job)
{
    if (!job)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(streamJobEvents); i++) {
        if (job->jobEvents[i] >= 0)
            virConnectDomainEventDeregisterAny(job->client->conn, job->jobEvents[i]);
    }
    if (job->streamEvent >= 0)
        virConnectStreamDiskEventDeregister(job->client->conn, job->streamEvent);
    streamLoopFree(job->loop);
    g_free(job);
}

/* Returns VIR_DOMAIN_BLOCK_JOB_CANCELED, or -1 as streamJobWait() does. */
static int
streamJobAbort(streamJob *job, unsigned int flags)
{
    if (virDomainBlockJobAbort(job->dom, job->disk, flags) == 0)
        return VIR_DOMAIN_BLOCK_JOB_CANCELED;
    streamOutputError(&job->client->out, virGetLastErrorCode(), "failed to abort job for disk '%s'",
                      job->disk);
    return -1;
}

int
streamJobWait(streamJob *job, const char *label, unsigned int flags)
{
    virDomainBlockJobInfo last = { 0 };

    for (;;) {
        virDomainBlockJobInfo info;
        int found = virDomainGetBlockJobInfo(job->dom, job->disk, &info, 0);

        /* Also when it has ended: with the guest, that is an error. */
        if (found < 0) {
            streamOutputError(&job->client->out, virGetLastErrorCode(),
                              "failed to query job for disk %s", job->disk);
            return -1;
        }
        if (job->status >= 0)
            break;
        if (label && found > 0 && (info.cur != last.cur || info.end != last.end)) {
            streamVirshPrintProgress(label, info.end - info.cur, info.end);
            last = info;
        }

        switch (streamLoopNext(job->loop)) {
        case STREAM_LOOP_INTERRUPTED:
        case STREAM_LOOP_TIMEOUT: return streamJobAbort(job, flags);
        case STREAM_LOOP_FAILED: return -1;
        case STREAM_LOOP_ENDED:
        case STREAM_LOOP_LOST: /* asking fails */
        case STREAM_LOOP_RESIZED:
        case STREAM_LOOP_SECOND: break;
        }
    }
    if (label && job->status == VIR_DOMAIN_BLOCK_JOB_COMPLETED)
        streamVirshPrintProgress(label, 0, 1);
    return job->status;
}

char *
streamJobGetReason(streamJob *job)
{
    for (int seconds = 0; job->streamEvent >= 0 && seconds < STREAM_JOB_REASON_MAX;) {
        g_auto(streamStats) stats = { 0 };
        const char *reason = NULL;
        streamLoopCause cause;

        if (streamStatsGet(job->dom, job->disk, &stats) > 0 &&
            streamStatsState(&stats) == VIR_DOMAIN_STREAM_DISK_STATE_FAILED) {
            virTypedParamsGetString(stats.params, stats.nparams,
                                    VIR_DOMAIN_STREAM_DISK_STATS_REASON, &reason);
            return g_strdup(reason);
        }
        cause = streamLoopNext(job->loop);
        if (cause == STREAM_LOOP_SECOND)
            seconds++;
        else if (cause != STREAM_LOOP_ENDED && cause != STREAM_LOOP_RESIZED)
            break;
    }
    return NULL;
}
