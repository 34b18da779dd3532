/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-job.c: waits for the end of one block job of libvirt, as virsh does
 */

#include <libvirt/virterror.h>
#include <signal.h>

#include "cli-job.h"
#include "cli-loop.h"
#include "cli-virsh.h"

/* The reason of a failure may be so many seconds later than the failure. */
#define CLI_JOB_REASON_MAX 2

/* One tells the path of a disk, the other its target. */
static const int cliJobEvents[] = {
    VIR_DOMAIN_EVENT_ID_BLOCK_JOB,
    VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
};

struct _cliJob {
    cliClient *client;
    virDomainPtr dom;
    const char *disk;
    cliLoop *loop;
    int jobEvents[G_N_ELEMENTS(cliJobEvents)]; /* callbacks, -1: not registered */
    int cliEvent;
    int status; /* with which the job has ended, -1 before */
};

static void
cliJobOnJobEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int type, int status,
                 void *opaque)
{
    cliJob *job = opaque;

    if (!g_str_equal(disk, job->disk))
        return;
    job->status = status;
    cliLoopEnd(job->loop);
}

static void
cliJobOnStreamEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
                    virTypedParameterPtr params, int nparams, void *opaque)
{
    cliJob *job = opaque;

    if (event == VIR_DOMAIN_STREAM_DISK_EVENT_FAILED)
        cliLoopEnd(job->loop);
}

cliJob *
cliJobNew(cliClient *client, virDomainPtr dom, const char *disk, int timeout)
{
    g_autoptr(cliJob) job = g_new0(cliJob, 1);
    bool registered = true;

    job->client = client;
    job->dom = dom;
    job->disk = disk;
    job->status = -1;
    /* Without it the reason of a failure is not known, that is all. */
    job->cliEvent = virConnectStreamDiskEventRegister(client->conn, dom, cliJobOnStreamEvent, job,
                                                      NULL, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(cliJobEvents); i++) {
        job->jobEvents[i] = virConnectDomainEventRegisterAny(client->conn, dom, cliJobEvents[i],
                                                             VIR_DOMAIN_EVENT_CALLBACK(
                                                                 cliJobOnJobEvent),
                                                             job, NULL);
        registered = registered && job->jobEvents[i] >= 0;
    }
    if (!registered || !(job->loop = cliLoopNew(client->conn, timeout)))
        return NULL;
    /* As with virsh, the job outlives all but an interrupt. */
    signal(SIGTERM, SIG_DFL);
    return g_steal_pointer(&job);
}

void
cliJobFree(cliJob *job)
{
    if (!job)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(cliJobEvents); i++) {
        if (job->jobEvents[i] >= 0)
            virConnectDomainEventDeregisterAny(job->client->conn, job->jobEvents[i]);
    }
    if (job->cliEvent >= 0)
        virConnectStreamDiskEventDeregister(job->client->conn, job->cliEvent);
    cliLoopFree(job->loop);
    g_free(job);
}

/* Returns VIR_DOMAIN_BLOCK_JOB_CANCELED, or -1 as cliJobWait() does. */
static int
cliJobAbort(cliJob *job, unsigned int flags)
{
    if (virDomainBlockJobAbort(job->dom, job->disk, flags) == 0)
        return VIR_DOMAIN_BLOCK_JOB_CANCELED;
    cliOutputError(&job->client->out, virGetLastErrorCode(), "failed to abort job for disk '%s'",
                   job->disk);
    return -1;
}

int
cliJobWait(cliJob *job, const char *label, unsigned int flags)
{
    virDomainBlockJobInfo last = { 0 };

    for (;;) {
        virDomainBlockJobInfo info;
        int found = virDomainGetBlockJobInfo(job->dom, job->disk, &info, 0);

        /* Also when it has ended: with the guest, that is an error. */
        if (found < 0) {
            cliOutputError(&job->client->out, virGetLastErrorCode(),
                           "failed to query job for disk %s", job->disk);
            return -1;
        }
        if (job->status >= 0)
            break;
        if (label && found > 0 && (info.cur != last.cur || info.end != last.end)) {
            cliVirshPrintProgress(label, info.end - info.cur, info.end);
            last = info;
        }

        switch (cliLoopNext(job->loop)) {
        case CLI_LOOP_INTERRUPTED:
        case CLI_LOOP_TIMEOUT: return cliJobAbort(job, flags);
        case CLI_LOOP_FAILED: return -1;
        case CLI_LOOP_ENDED:
        case CLI_LOOP_LOST: /* asking fails */
        case CLI_LOOP_RESIZED:
        case CLI_LOOP_SECOND: break;
        }
    }
    if (label && job->status == VIR_DOMAIN_BLOCK_JOB_COMPLETED)
        cliVirshPrintProgress(label, 0, 1);
    return job->status;
}

char *
cliJobGetReason(cliJob *job)
{
    for (int seconds = 0; job->cliEvent >= 0 && seconds < CLI_JOB_REASON_MAX;) {
        g_auto(cliStats) stats = { 0 };
        const char *reason = NULL;
        cliLoopCause cause;

        if (cliStatsGet(job->dom, job->disk, &stats) > 0 &&
            cliStatsState(&stats) == VIR_DOMAIN_STREAM_DISK_STATE_FAILED) {
            virTypedParamsGetString(stats.params, stats.nparams,
                                    VIR_DOMAIN_STREAM_DISK_STATS_REASON, &reason);
            return g_strdup(reason);
        }
        cause = cliLoopNext(job->loop);
        if (cause == CLI_LOOP_SECOND)
            seconds++;
        else if (cause != CLI_LOOP_ENDED && cause != CLI_LOOP_RESIZED)
            break;
    }
    return NULL;
}
