/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-blockpull.c: the command "blockpull", virsh's
 */

#include <libvirt/virterror.h>

#include "stream-job.h"
#include "stream-loop.h"
#include "stream-virsh.h"

static struct {
    char *domain;
    char *path;
    char *bandwidth;
    char *base;
    gboolean wait;
    gboolean verbose;
    char *timeout;
    gboolean async;
    gboolean keepRelative;
    gboolean bytes;
} streamBlockpullOptions;

static const GOptionEntry streamBlockpullEntries[] = {
    { "domain", 0, 0, G_OPTION_ARG_STRING, &streamBlockpullOptions.domain,
      "The guest: its name, id or UUID", "STRING" },
    { "path", 0, 0, G_OPTION_ARG_STRING, &streamBlockpullOptions.path,
      "The disk: its target or the path of its image", "STRING" },
    { "bandwidth", 0, 0, G_OPTION_ARG_STRING, &streamBlockpullOptions.bandwidth,
      "Copy at most NUMBER MiB/s", "NUMBER" },
    { "base", 0, 0, G_OPTION_ARG_STRING, &streamBlockpullOptions.base,
      "Keep this image as the backing image", "STRING" },
    { "wait", 0, 0, G_OPTION_ARG_NONE, &streamBlockpullOptions.wait,
      "Wait until the job has ended; Ctrl-C aborts it", NULL },
    { "verbose", 0, 0, G_OPTION_ARG_NONE, &streamBlockpullOptions.verbose,
      "With --wait: show the progress", NULL },
    { "timeout", 0, 0, G_OPTION_ARG_STRING, &streamBlockpullOptions.timeout,
      "With --wait: abort the job after NUMBER seconds", "NUMBER" },
    { "async", 0, 0, G_OPTION_ARG_NONE, &streamBlockpullOptions.async,
      "With --wait: do not wait for the end of an aborted job", NULL },
    { "keep-relative", 0, 0, G_OPTION_ARG_NONE, &streamBlockpullOptions.keepRelative,
      "Record the name of the base as a relative one", NULL },
    { "bytes", 0, 0, G_OPTION_ARG_NONE, &streamBlockpullOptions.bytes,
      "The bandwidth is in bytes/s", NULL },
    { NULL },
};

/* The name of an option that is given without --wait, and needs it; or NULL. */
static const char *
streamBlockpullStray(void)
{
    if (streamBlockpullOptions.wait)
        return NULL;
    return streamBlockpullOptions.verbose ? "verbose"
         : streamBlockpullOptions.async   ? "async"
         : streamBlockpullOptions.timeout ? "timeout"
                                          : NULL;
}

/* Whether the options are right, with their numbers in @bandwidth and @timeout. */
static bool
streamBlockpullCheck(const streamOutput *out, unsigned long *bandwidth, int *timeout)
{
    const char *stray = streamBlockpullStray();

    if (stray) {
        streamVirshError(out, "Option --wait is required by option --%s", stray);
        return false;
    }
    if (!streamVirshCheckText(out, "path", streamBlockpullOptions.path) ||
        !streamVirshCheckText(out, "base", streamBlockpullOptions.base))
        return false;
    if (streamBlockpullOptions.bandwidth &&
        !streamVirshReadBandwidth(out, streamBlockpullOptions.bandwidth,
                                  streamBlockpullOptions.bytes, bandwidth))
        return false;
    return !streamBlockpullOptions.timeout ||
           streamVirshReadSeconds(out, streamBlockpullOptions.timeout, timeout);
}

static int
streamBlockpullCall(virDomainPtr dom, unsigned long bandwidth)
{
    const char *path = streamBlockpullOptions.path;
    unsigned int flags = 0;

    if (!streamBlockpullOptions.base && !streamBlockpullOptions.keepRelative)
        return virDomainBlockPull(dom, path, bandwidth,
                                  streamBlockpullOptions.bytes
                                      ? VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES
                                      : 0);
    if (streamBlockpullOptions.keepRelative)
        flags |= VIR_DOMAIN_BLOCK_REBASE_RELATIVE;
    if (streamBlockpullOptions.bytes)
        flags |= VIR_DOMAIN_BLOCK_REBASE_BANDWIDTH_BYTES;
    return virDomainBlockRebase(dom, path, streamBlockpullOptions.base, bandwidth, flags);
}

static streamExit
streamBlockpullWait(streamJob *job, const streamOutput *out)
{
    g_autofree char *reason = NULL;

    switch (streamJobWait(job, streamBlockpullOptions.verbose ? "Block Pull" : NULL,
                          streamBlockpullOptions.async ? VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC : 0)) {
    case -1: return streamVirshLastError(out);
    case VIR_DOMAIN_BLOCK_JOB_CANCELED:
        streamOutputMessage(out, "\nPull aborted");
        return STREAM_EXIT_FAILED;
    case VIR_DOMAIN_BLOCK_JOB_FAILED:
        streamOutputMessage(out, "\nPull failed");
        if ((reason = streamJobGetReason(job)))
            streamOutputError(out, VIR_ERR_OPERATION_FAILED, "%s", reason);
        return STREAM_EXIT_FAILED;
    default: streamOutputMessage(out, "\nPull complete"); return STREAM_EXIT_DONE;
    }
}

static streamExit
streamBlockpullRun(streamClient *client, char **args)
{
    const streamOutput *out = &client->out;
    g_autoptr(virDomain) dom = NULL;
    g_autoptr(streamJob) job = NULL;
    unsigned long bandwidth = 0;
    int timeout = 0;

    if (streamLoopInit() < 0)
        return streamVirshLastError(out);
    if (!streamVirshConnect(client) || !streamBlockpullCheck(out, &bandwidth, &timeout) ||
        !(dom = streamVirshGetDomain(client, streamBlockpullOptions.domain)))
        return STREAM_EXIT_FAILED;

    if (streamBlockpullOptions.wait &&
        !(job = streamJobNew(client, dom, streamBlockpullOptions.path, timeout)))
        return streamVirshLastError(out);
    if (streamBlockpullCall(dom, bandwidth) < 0)
        return streamVirshLastError(out);
    if (job)
        return streamBlockpullWait(job, out);
    streamOutputMessage(out, "Block Pull started");
    return STREAM_EXIT_DONE;
}

const streamCommand streamBlockpullCommand = {
    .name = "blockpull",
    .arguments = "DOMAIN DISK [BANDWIDTH [BASE]]",
    .minArgs = 2,
    .summary = "Pull as 'virsh blockpull' does: same options, same output",
    .details = "This is for scripts that were written for virsh; 'virt-stream start' is made for\n"
               "people, and knows more. Options of virt-stream itself stand before the command.\n"
               "\n"
               "Example:\n"
               "  virt-stream blockpull web1 vda 50 --wait --verbose",
    .options = streamBlockpullEntries,
    .virsh = TRUE,
    .run = streamBlockpullRun,
};
