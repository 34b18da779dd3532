/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-wait.c: waits for the end of one stream, and tells it
 */

#include <libvirt/virterror.h>

#include "stream-disk.h"
#include "stream-loop.h"
#include "stream-progress.h"
#include "stream-wait.h"

/* So many seconds in a row without a stream are the end, though no event told of it; so
 * many without an answer are an error. */
#define STREAM_WAIT_GONE_MAX 2
#define STREAM_WAIT_ERROR_MAX 5

struct _streamWait {
    streamClient *client;
    virDomainPtr dom;
    char *disk;               /* target, as events have it */
    streamProgress *progress; /* NULL unless verbose */
    streamLoop *loop;
    int streamEvent; /* callbacks, -1 if they could not be registered */
    int jobEvent;

    bool started;           /* an event or the statistics have shown our stream */
    bool heard;             /* an event came since the last second */
    int gone;               /* seconds in a row */
    int errors;             /* seconds in a row */
    int jobState;           /* how libvirt says that its job ended; STARTING: not yet */
    const char *stopReason; /* why we stopped it */
    streamExit result;      /* once the loop has been ended */
};

/* Nothing is to be waited for any more. */
static void
streamWaitFinish(streamWait *wait, streamExit result)
{
    wait->result = result;
    streamLoopEnd(wait->loop);
}

/* libvirt's last error ends the waiting. */
static streamExit
streamWaitFail(streamWait *wait)
{
    g_clear_pointer(&wait->progress, streamProgressFree);
    return streamOutputLastError(&wait->client->out);
}

/* The stream has ended in @state: tells it. */
static void
streamWaitEnd(streamWait *wait, int state, const char *reason, const streamStats *stats)
{
    const streamOutput *out = &wait->client->out;
    const char *word = streamStatsWord(VIR_DOMAIN_STREAM_DISK_STATS_STATE, state);

    g_clear_pointer(&wait->progress, streamProgressFree);

    if (state == VIR_DOMAIN_STREAM_DISK_STATE_FAILED && !out->json)
        streamOutputError(out, VIR_ERR_OPERATION_FAILED, "Stream of '%s' failed: %s", wait->disk,
                          reason ? reason : "the reason is not known");
    else
        streamOutputResult(out, word, wait->dom, wait->disk, stats, reason);

    streamWaitFinish(wait, state == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED ? STREAM_EXIT_DONE
                           : state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPED ? STREAM_EXIT_STOPPED
                                                                           : STREAM_EXIT_FAILED);
}

/* News of our stream: shows it, and tells its end. */
static void
streamWaitUpdate(streamWait *wait, const streamStats *stats)
{
    int state = streamStatsState(stats);
    const char *reason = NULL;

    wait->started = true;
    wait->gone = 0;
    wait->errors = 0;
    if (wait->progress)
        streamProgressUpdate(wait->progress, wait->disk, stats);
    if (state < VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
        return;

    if (state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPED && wait->stopReason)
        reason = wait->stopReason;
    else
        virTypedParamsGetString(stats->params, stats->nparams, VIR_DOMAIN_STREAM_DISK_STATS_REASON,
                                &reason);
    streamWaitEnd(wait, state, reason, stats);
}

static void
streamWaitOnStreamEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
                        virTypedParameterPtr params, int nparams, void *opaque)
{
    streamWait *wait = opaque;
    const streamStats stats = { params, nparams };

    if (!g_str_equal(disk, wait->disk))
        return;
    /* Until ours has started, events are of a stream before it. */
    if (event != VIR_DOMAIN_STREAM_DISK_EVENT_STARTED && !wait->started)
        return;
    wait->heard = true;
    streamWaitUpdate(wait, &stats);
}

static void
streamWaitOnJobEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int type, int status,
                     void *opaque)
{
    streamWait *wait = opaque;

    if (!g_str_equal(disk, wait->disk) || type != VIR_DOMAIN_BLOCK_JOB_TYPE_PULL)
        return;
    if (status == VIR_DOMAIN_BLOCK_JOB_COMPLETED)
        wait->jobState = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED;
    else if (status == VIR_DOMAIN_BLOCK_JOB_CANCELED)
        wait->jobState = VIR_DOMAIN_STREAM_DISK_STATE_STOPPED;
    else if (status == VIR_DOMAIN_BLOCK_JOB_FAILED)
        wait->jobState = VIR_DOMAIN_STREAM_DISK_STATE_FAILED;
}

streamWait *
streamWaitNew(streamClient *client, virDomainPtr dom, const char *disk, bool verbose, int timeout)
{
    streamWait *wait = g_new0(streamWait, 1);

    wait->client = client;
    wait->dom = dom;
    virDomainRef(dom);
    if (!(wait->disk = streamDiskFindTarget(dom, disk)))
        wait->disk = g_strdup(disk);
    wait->progress = verbose ? streamProgressNew() : NULL;
    wait->streamEvent = virConnectStreamDiskEventRegister(client->conn, dom,
                                                          streamWaitOnStreamEvent, wait, NULL, 0);
    wait->jobEvent = virConnectDomainEventRegisterAny(client->conn, dom,
                                                      VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
                                                      VIR_DOMAIN_EVENT_CALLBACK(
                                                          streamWaitOnJobEvent),
                                                      wait, NULL);
    if (!(wait->loop = streamLoopNew(client->conn, timeout))) {
        streamOutputLastError(&client->out);
        streamWaitFree(wait);
        return NULL;
    }
    return wait;
}

void
streamWaitFree(streamWait *wait)
{
    if (!wait)
        return;
    if (wait->streamEvent >= 0)
        virConnectStreamDiskEventDeregister(wait->client->conn, wait->streamEvent);
    if (wait->jobEvent >= 0)
        virConnectDomainEventDeregisterAny(wait->client->conn, wait->jobEvent);
    streamLoopFree(wait->loop);
    streamProgressFree(wait->progress);
    virDomainFree(wait->dom);
    g_free(wait->disk);
    g_free(wait);
}

/* No event came for a second: asks for the statistics. */
static void
streamWaitAsk(streamWait *wait)
{
    g_auto(streamStats) stats = { 0 };
    const streamStats none = { 0 };
    int rc = streamStatsGet(wait->dom, wait->disk, &stats);
    int code = rc < 0 ? virGetLastErrorCode() : VIR_ERR_OK;

    if (rc > 0) {
        streamWaitUpdate(wait, &stats);
        return;
    }
    /* No stream, or no disk or no running domain that could have one. */
    if (rc == 0 || code == VIR_ERR_INVALID_ARG || code == VIR_ERR_OPERATION_INVALID ||
        code == VIR_ERR_NO_DOMAIN) {
        if (++wait->gone < STREAM_WAIT_GONE_MAX)
            return;
        if (wait->jobState == VIR_DOMAIN_STREAM_DISK_STATE_STARTING)
            streamWaitEnd(wait, VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
                          "it is gone, and how it ended is not known", &none);
        else
            streamWaitEnd(wait, wait->jobState, wait->stopReason, &none);
        return;
    }
    if (++wait->errors >= STREAM_WAIT_ERROR_MAX)
        streamWaitFinish(wait, streamWaitFail(wait));
}

/* Stops the stream because of @reason; its end is yet to come. */
static void
streamWaitStop(streamWait *wait, const char *reason)
{
    if (wait->stopReason)
        return;
    wait->stopReason = reason;
    /* A stream that has just ended cannot be stopped, but still tells how it ended. */
    if (virDomainStreamDisk(wait->dom, wait->disk, 0, VIR_DOMAIN_STREAM_DISK_STOP) < 0 &&
        virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
        streamWaitFinish(wait, streamWaitFail(wait));
}

streamExit
streamWaitRun(streamWait *wait, bool detach)
{
    const streamOutput *out = &wait->client->out;

    for (;;) {
        switch (streamLoopNext(wait->loop)) {
        case STREAM_LOOP_ENDED: return wait->result;
        case STREAM_LOOP_LOST:
            g_clear_pointer(&wait->progress, streamProgressFree);
            return streamOutputError(out, VIR_ERR_OPERATION_FAILED,
                                     "lost the connection to the hypervisor, "
                                     "the stream of '%s' may go on",
                                     wait->disk);
        case STREAM_LOOP_INTERRUPTED:
            if (!detach) {
                streamWaitStop(wait, "interrupted");
                break;
            }
            g_clear_pointer(&wait->progress, streamProgressFree);
            streamOutputResult(out, "detached", wait->dom, wait->disk, NULL, "it goes on");
            return STREAM_EXIT_DETACHED;
        case STREAM_LOOP_TIMEOUT: streamWaitStop(wait, "timed out"); break;
        case STREAM_LOOP_RESIZED:
            if (wait->progress)
                streamProgressRedraw(wait->progress);
            break;
        case STREAM_LOOP_SECOND:
            if (!wait->heard)
                streamWaitAsk(wait);
            wait->heard = false;
            break;
        case STREAM_LOOP_FAILED: return streamWaitFail(wait);
        }
    }
}
