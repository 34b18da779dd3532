/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-blockjob.c: the command "blockjob", virsh's
 */

#include <libvirt/virterror.h>
#include <stdio.h>

#include "stream-format.h"
#include "stream-virsh.h"

static struct {
    char *domain;
    char *path;
    gboolean abort;
    gboolean async;
    gboolean pivot;
    gboolean info;
    gboolean bytes;
    gboolean raw;
    char *bandwidth;
} streamBlockjobOptions;

static const GOptionEntry streamBlockjobEntries[] = {
    { "domain", 0, 0, G_OPTION_ARG_STRING, &streamBlockjobOptions.domain,
      "The guest: its name, id or UUID", "STRING" },
    { "path", 0, 0, G_OPTION_ARG_STRING, &streamBlockjobOptions.path,
      "The disk: its target or the path of its image", "STRING" },
    { "abort", 0, 0, G_OPTION_ARG_NONE, &streamBlockjobOptions.abort, "Abort the job", NULL },
    { "async", 0, 0, G_OPTION_ARG_NONE, &streamBlockjobOptions.async,
      "Abort it, but do not wait for its end", NULL },
    { "pivot", 0, 0, G_OPTION_ARG_NONE, &streamBlockjobOptions.pivot,
      "End a copy or commit by changing to its image", NULL },
    { "info", 0, 0, G_OPTION_ARG_NONE, &streamBlockjobOptions.info,
      "Show how far the job is: the default", NULL },
    { "bytes", 0, 0, G_OPTION_ARG_NONE, &streamBlockjobOptions.bytes, "The bandwidth is in bytes/s",
      NULL },
    { "raw", 0, 0, G_OPTION_ARG_NONE, &streamBlockjobOptions.raw,
      "Show it as libvirt's own figures", NULL },
    { "bandwidth", 0, 0, G_OPTION_ARG_STRING, &streamBlockjobOptions.bandwidth,
      "Let the job copy at most NUMBER MiB/s", "NUMBER" },
    { NULL },
};

static const char *const streamBlockjobTypes[] = {
    [VIR_DOMAIN_BLOCK_JOB_TYPE_UNKNOWN] = "Unknown job",
    [VIR_DOMAIN_BLOCK_JOB_TYPE_PULL] = "Block Pull",
    [VIR_DOMAIN_BLOCK_JOB_TYPE_COPY] = "Block Copy",
    [VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT] = "Block Commit",
    [VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT] = "Active Block Commit",
    [VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP] = "Backup",
};

/* Whether no two options exclude each other. */
static bool
streamBlockjobCheck(const streamOutput *out)
{
    const struct {
        const char *name;
        bool given;
    } showing[] = {
        { "raw", streamBlockjobOptions.raw },
        { "info", streamBlockjobOptions.info },
        { "bytes", streamBlockjobOptions.bytes },
    }, acting[] = {
        { "abort", streamBlockjobOptions.abort },
        { "pivot", streamBlockjobOptions.pivot },
        { "async", streamBlockjobOptions.async },
        { "bandwidth", streamBlockjobOptions.bandwidth },
    };

    for (size_t s = 0; s < G_N_ELEMENTS(showing); s++) {
        for (size_t a = 0; a < G_N_ELEMENTS(acting); a++) {
            if (!showing[s].given || !acting[a].given)
                continue;
            /* these two go together */
            if (g_str_equal(showing[s].name, "bytes") && g_str_equal(acting[a].name, "bandwidth"))
                continue;
            streamVirshError(out, "Options --%s and --%s are mutually exclusive", showing[s].name,
                             acting[a].name);
            return false;
        }
    }
    return true;
}

static streamExit
streamBlockjobSetSpeed(virDomainPtr dom, const streamOutput *out)
{
    unsigned long bandwidth;

    if (!streamVirshReadBandwidth(out, streamBlockjobOptions.bandwidth, streamBlockjobOptions.bytes,
                                  &bandwidth))
        return STREAM_EXIT_FAILED;
    if (virDomainBlockJobSetSpeed(dom, streamBlockjobOptions.path, bandwidth,
                                  streamBlockjobOptions.bytes
                                      ? VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES
                                      : 0) < 0)
        return streamVirshLastError(out);
    streamVirshEnd(out);
    return STREAM_EXIT_DONE;
}

static streamExit
streamBlockjobAbort(virDomainPtr dom, const streamOutput *out)
{
    unsigned int flags = 0;

    if (streamBlockjobOptions.async)
        flags |= VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC;
    if (streamBlockjobOptions.pivot)
        flags |= VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT;
    if (virDomainBlockJobAbort(dom, streamBlockjobOptions.path, flags) < 0)
        return streamVirshLastError(out);
    streamVirshEnd(out);
    return STREAM_EXIT_DONE;
}

static void
streamBlockjobPrint(const virDomainBlockJobInfo *info)
{
    bool known = info->type >= 0 && (size_t) info->type < G_N_ELEMENTS(streamBlockjobTypes);
    const char *type = streamBlockjobTypes[known ? info->type : VIR_DOMAIN_BLOCK_JOB_TYPE_UNKNOWN];

    if (streamBlockjobOptions.raw) {
        printf(" type=%s\n bandwidth=%lu\n cur=%llu\n end=%llu\n", type, info->bandwidth, info->cur,
               info->end);
        return;
    }
    streamVirshPrintProgress(type, info->end - info->cur, info->end);
    if (info->bandwidth > 0) {
        g_autofree char *limit = streamFormatScaled(info->bandwidth, 3);

        printf("    Bandwidth limit: %lu bytes/s (%s/s)", info->bandwidth, limit);
    }
    putchar('\n');
}

static streamExit
streamBlockjobShow(virDomainPtr dom, const streamOutput *out)
{
    virDomainBlockJobInfo info;
    bool mebibytes = streamBlockjobOptions.raw && !streamBlockjobOptions.bytes;
    int rc = virDomainGetBlockJobInfo(dom, streamBlockjobOptions.path, &info,
                                      mebibytes ? 0 : VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES);

    if (rc < 0)
        return streamVirshLastError(out);
    if (rc == 0 && !streamBlockjobOptions.raw) {
        streamOutputMessage(out, "No current block job for %s", streamBlockjobOptions.path);
        return STREAM_EXIT_DONE;
    }
    if (rc > 0)
        streamBlockjobPrint(&info);
    streamVirshEnd(out);
    return STREAM_EXIT_DONE;
}

static streamExit
streamBlockjobRun(streamClient *client, char **args)
{
    const streamOutput *out = &client->out;
    g_autoptr(virDomain) dom = NULL;

    if (!streamVirshConnect(client) || !streamBlockjobCheck(out) ||
        !(dom = streamVirshGetDomain(client, streamBlockjobOptions.domain)) ||
        !streamVirshCheckText(out, "path", streamBlockjobOptions.path))
        return STREAM_EXIT_FAILED;

    if (streamBlockjobOptions.bandwidth)
        return streamBlockjobSetSpeed(dom, out);
    if (streamBlockjobOptions.abort || streamBlockjobOptions.pivot || streamBlockjobOptions.async)
        return streamBlockjobAbort(dom, out);
    return streamBlockjobShow(dom, out);
}

const streamCommand streamBlockjobCommand = {
    .name = "blockjob",
    .arguments = "DOMAIN DISK",
    .minArgs = 2,
    .summary = "Show or end a block job as 'virsh blockjob' does",
    .details = "This is for scripts that were written for virsh; 'virt-stream info', 'stop' and\n"
               "'set' are made for people, and know more. Options of virt-stream itself stand\n"
               "before the command.\n"
               "\n"
               "Example:\n"
               "  virt-stream blockjob web1 vda",
    .options = streamBlockjobEntries,
    .virsh = TRUE,
    .run = streamBlockjobRun,
};
