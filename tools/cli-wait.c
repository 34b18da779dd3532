/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-wait.c: waits for the end of one stream, and tells it
 */

#include <libvirt/virterror.h>

#include "cli-disk.h"
#include "cli-loop.h"
#include "cli-progress.h"
#include "cli-wait.h"

/* So many seconds in a row without a stream are the end, though no event told of it; so
 * many without an answer are an error. */
#define CLI_WAIT_GONE_MAX 2
#define CLI_WAIT_ERROR_MAX 5

struct _cliWait {
    cliClient *client;
    virDomainPtr dom;
    char *disk;            /* target, as events have it */
    cliProgress *progress; /* NULL unless verbose */
    cliLoop *loop;
    int cliEvent; /* callbacks, -1 if they could not be registered */
    int jobEvent;

    bool started;           /* an event or the statistics have shown our stream */
    bool heard;             /* an event came since the last second */
    int gone;               /* seconds in a row */
    int errors;             /* seconds in a row */
    int jobState;           /* how libvirt says that its job ended; STARTING: not yet */
    const char *stopReason; /* why we stopped it */
    cliExit result;         /* once the loop has been ended */
};

/* Nothing is to be waited for any more. */
static void
cliWaitFinish(cliWait *wait, cliExit result)
{
    wait->result = result;
    cliLoopEnd(wait->loop);
}

/* libvirt's last error ends the waiting. */
static cliExit
cliWaitFail(cliWait *wait)
{
    g_clear_pointer(&wait->progress, cliProgressFree);
    return cliOutputLastError(&wait->client->out);
}

/* The stream has ended in @state: tells it. */
static void
cliWaitEnd(cliWait *wait, int state, const char *reason, const cliStats *stats)
{
    const cliOutput *out = &wait->client->out;
    const char *word = cliStatsWord(VIR_DOMAIN_STREAM_DISK_STATS_STATE, state);

    g_clear_pointer(&wait->progress, cliProgressFree);

    if (state == VIR_DOMAIN_STREAM_DISK_STATE_FAILED && !out->json)
        cliOutputError(out, VIR_ERR_OPERATION_FAILED, "Stream of '%s' failed: %s", wait->disk,
                       reason ? reason : "the reason is not known");
    else
        cliOutputResult(out, word, wait->dom, wait->disk, stats, reason);

    cliWaitFinish(wait, state == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED ? CLI_EXIT_DONE
                        : state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPED ? CLI_EXIT_STOPPED
                                                                        : CLI_EXIT_FAILED);
}

/* News of our stream: shows it, and tells its end. */
static void
cliWaitUpdate(cliWait *wait, const cliStats *stats)
{
    int state = cliStatsState(stats);
    const char *reason = NULL;

    wait->started = true;
    wait->gone = 0;
    wait->errors = 0;
    if (wait->progress)
        cliProgressUpdate(wait->progress, wait->disk, stats);
    if (state < VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
        return;

    if (state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPED && wait->stopReason)
        reason = wait->stopReason;
    else
        virTypedParamsGetString(stats->params, stats->nparams, VIR_DOMAIN_STREAM_DISK_STATS_REASON,
                                &reason);
    cliWaitEnd(wait, state, reason, stats);
}

static void
cliWaitOnStreamEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
                     virTypedParameterPtr params, int nparams, void *opaque)
{
    cliWait *wait = opaque;
    const cliStats stats = { params, nparams };

    if (!g_str_equal(disk, wait->disk))
        return;
    /* Until ours has started, events are of a stream before it. */
    if (event != VIR_DOMAIN_STREAM_DISK_EVENT_STARTED && !wait->started)
        return;
    wait->heard = true;
    cliWaitUpdate(wait, &stats);
}

static void
cliWaitOnJobEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int type, int status,
                  void *opaque)
{
    cliWait *wait = opaque;

    if (!g_str_equal(disk, wait->disk) || type != VIR_DOMAIN_BLOCK_JOB_TYPE_PULL)
        return;
    if (status == VIR_DOMAIN_BLOCK_JOB_COMPLETED)
        wait->jobState = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED;
    else if (status == VIR_DOMAIN_BLOCK_JOB_CANCELED)
        wait->jobState = VIR_DOMAIN_STREAM_DISK_STATE_STOPPED;
    else if (status == VIR_DOMAIN_BLOCK_JOB_FAILED)
        wait->jobState = VIR_DOMAIN_STREAM_DISK_STATE_FAILED;
}

cliWait *
cliWaitNew(cliClient *client, virDomainPtr dom, const char *disk, bool verbose, int timeout)
{
    cliWait *wait = g_new0(cliWait, 1);

    wait->client = client;
    wait->dom = dom;
    virDomainRef(dom);
    if (!(wait->disk = cliDiskFindTarget(dom, disk)))
        wait->disk = g_strdup(disk);
    wait->progress = verbose ? cliProgressNew() : NULL;
    wait->cliEvent = virConnectStreamDiskEventRegister(client->conn, dom, cliWaitOnStreamEvent,
                                                       wait, NULL, 0);
    wait->jobEvent = virConnectDomainEventRegisterAny(client->conn, dom,
                                                      VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
                                                      VIR_DOMAIN_EVENT_CALLBACK(cliWaitOnJobEvent),
                                                      wait, NULL);
    if (!(wait->loop = cliLoopNew(client->conn, timeout))) {
        cliOutputLastError(&client->out);
        cliWaitFree(wait);
        return NULL;
    }
    return wait;
}

void
cliWaitFree(cliWait *wait)
{
    if (!wait)
        return;
    if (wait->cliEvent >= 0)
        virConnectStreamDiskEventDeregister(wait->client->conn, wait->cliEvent);
    if (wait->jobEvent >= 0)
        virConnectDomainEventDeregisterAny(wait->client->conn, wait->jobEvent);
    cliLoopFree(wait->loop);
    cliProgressFree(wait->progress);
    virDomainFree(wait->dom);
    g_free(wait->disk);
    g_free(wait);
}

/* No event came for a second: asks for the statistics. */
static void
cliWaitAsk(cliWait *wait)
{
    g_auto(cliStats) stats = { 0 };
    const cliStats none = { 0 };
    int rc = cliStatsGet(wait->dom, wait->disk, &stats);
    int code = rc < 0 ? virGetLastErrorCode() : VIR_ERR_OK;

    if (rc > 0) {
        cliWaitUpdate(wait, &stats);
        return;
    }
    /* No stream, or no disk or no running domain that could have one. */
    if (rc == 0 || code == VIR_ERR_INVALID_ARG || code == VIR_ERR_OPERATION_INVALID ||
        code == VIR_ERR_NO_DOMAIN) {
        if (++wait->gone < CLI_WAIT_GONE_MAX)
            return;
        if (wait->jobState == VIR_DOMAIN_STREAM_DISK_STATE_STARTING)
            cliWaitEnd(wait, VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
                       "it is gone, and how it ended is not known", &none);
        else
            cliWaitEnd(wait, wait->jobState, wait->stopReason, &none);
        return;
    }
    if (++wait->errors >= CLI_WAIT_ERROR_MAX)
        cliWaitFinish(wait, cliWaitFail(wait));
}

/* Stops the stream because of @reason; its end is yet to come. */
static void
cliWaitStop(cliWait *wait, const char *reason)
{
    if (wait->stopReason)
        return;
    wait->stopReason = reason;
    /* A stream that has just ended cannot be stopped, but still tells how it ended. */
    if (virDomainStreamDisk(wait->dom, wait->disk, 0, VIR_DOMAIN_STREAM_DISK_STOP) < 0 &&
        virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
        cliWaitFinish(wait, cliWaitFail(wait));
}

cliExit
cliWaitRun(cliWait *wait, bool detach)
{
    const cliOutput *out = &wait->client->out;

    for (;;) {
        switch (cliLoopNext(wait->loop)) {
        case CLI_LOOP_ENDED: return wait->result;
        case CLI_LOOP_LOST:
            g_clear_pointer(&wait->progress, cliProgressFree);
            return cliOutputError(out, VIR_ERR_OPERATION_FAILED,
                                  "lost the connection to the hypervisor, "
                                  "the stream of '%s' may go on",
                                  wait->disk);
        case CLI_LOOP_INTERRUPTED:
            if (!detach) {
                cliWaitStop(wait, "interrupted");
                break;
            }
            g_clear_pointer(&wait->progress, cliProgressFree);
            cliOutputResult(out, "detached", wait->dom, wait->disk, NULL, "it goes on");
            return CLI_EXIT_DETACHED;
        case CLI_LOOP_TIMEOUT: cliWaitStop(wait, "timed out"); break;
        case CLI_LOOP_RESIZED:
            if (wait->progress)
                cliProgressRedraw(wait->progress);
            break;
        case CLI_LOOP_SECOND:
            if (!wait->heard)
                cliWaitAsk(wait);
            wait->heard = false;
            break;
        case CLI_LOOP_FAILED: return cliWaitFail(wait);
        }
    }
}
