/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virsh-domain.c: the commands "blockpull" and "blockjob", which are virsh's: the same arguments, words
 * and exit status
 */

#include <libvirt/virterror.h>
#include <stdio.h>

#include "cli-format.h"
#include "cli-job.h"
#include "cli-loop.h"
#include "cli-virsh.h"

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
} virshDomainBlockpullOptions;

static const GOptionEntry virshDomainBlockpullEntries[] = {
    { "domain", 0, 0, G_OPTION_ARG_STRING, &virshDomainBlockpullOptions.domain,
      "The guest: its name, id or UUID", "STRING" },
    { "path", 0, 0, G_OPTION_ARG_STRING, &virshDomainBlockpullOptions.path,
      "The disk: its target or the path of its image", "STRING" },
    { "bandwidth", 0, 0, G_OPTION_ARG_STRING, &virshDomainBlockpullOptions.bandwidth,
      "Copy at most NUMBER MiB/s", "NUMBER" },
    { "base", 0, 0, G_OPTION_ARG_STRING, &virshDomainBlockpullOptions.base,
      "Keep this image as the backing image", "STRING" },
    { "wait", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockpullOptions.wait,
      "Wait until the job has ended; Ctrl-C aborts it", NULL },
    { "verbose", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockpullOptions.verbose,
      "With --wait: show the progress", NULL },
    { "timeout", 0, 0, G_OPTION_ARG_STRING, &virshDomainBlockpullOptions.timeout,
      "With --wait: abort the job after NUMBER seconds", "NUMBER" },
    { "async", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockpullOptions.async,
      "With --wait: do not wait for the end of an aborted job", NULL },
    { "keep-relative", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockpullOptions.keepRelative,
      "Record the name of the base as a relative one", NULL },
    { "bytes", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockpullOptions.bytes,
      "The bandwidth is in bytes/s", NULL },
    { NULL },
};

/* The name of an option that is given without --wait, and needs it; or NULL. */
static const char *
virshDomainBlockpullStray(void)
{
    if (virshDomainBlockpullOptions.wait)
        return NULL;
    return virshDomainBlockpullOptions.verbose ? "verbose"
         : virshDomainBlockpullOptions.async   ? "async"
         : virshDomainBlockpullOptions.timeout ? "timeout"
                                               : NULL;
}

/* Whether the options are right, with their numbers in @bandwidth and @timeout. */
static bool
virshDomainBlockpullCheck(const cliOutput *out, unsigned long *bandwidth, int *timeout)
{
    const char *stray = virshDomainBlockpullStray();

    if (stray) {
        cliVirshError(out, "Option --wait is required by option --%s", stray);
        return false;
    }
    if (!cliVirshCheckText(out, "path", virshDomainBlockpullOptions.path) ||
        !cliVirshCheckText(out, "base", virshDomainBlockpullOptions.base))
        return false;
    if (virshDomainBlockpullOptions.bandwidth &&
        !cliVirshReadBandwidth(out, virshDomainBlockpullOptions.bandwidth,
                               virshDomainBlockpullOptions.bytes, bandwidth))
        return false;
    return !virshDomainBlockpullOptions.timeout ||
           cliVirshReadSeconds(out, virshDomainBlockpullOptions.timeout, timeout);
}

static int
virshDomainBlockpullCall(virDomainPtr dom, unsigned long bandwidth)
{
    const char *path = virshDomainBlockpullOptions.path;
    unsigned int flags = 0;

    if (!virshDomainBlockpullOptions.base && !virshDomainBlockpullOptions.keepRelative)
        return virDomainBlockPull(dom, path, bandwidth,
                                  virshDomainBlockpullOptions.bytes
                                      ? VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES
                                      : 0);
    if (virshDomainBlockpullOptions.keepRelative)
        flags |= VIR_DOMAIN_BLOCK_REBASE_RELATIVE;
    if (virshDomainBlockpullOptions.bytes)
        flags |= VIR_DOMAIN_BLOCK_REBASE_BANDWIDTH_BYTES;
    return virDomainBlockRebase(dom, path, virshDomainBlockpullOptions.base, bandwidth, flags);
}

static cliExit
virshDomainBlockpullWait(cliJob *job, const cliOutput *out)
{
    g_autofree char *reason = NULL;

    switch (cliJobWait(job, virshDomainBlockpullOptions.verbose ? "Block Pull" : NULL,
                       virshDomainBlockpullOptions.async ? VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC : 0)) {
    case -1: return cliVirshLastError(out);
    case VIR_DOMAIN_BLOCK_JOB_CANCELED:
        cliOutputMessage(out, "\nPull aborted");
        return CLI_EXIT_FAILED;
    case VIR_DOMAIN_BLOCK_JOB_FAILED:
        cliOutputMessage(out, "\nPull failed");
        if ((reason = cliJobGetReason(job)))
            cliOutputError(out, VIR_ERR_OPERATION_FAILED, "%s", reason);
        return CLI_EXIT_FAILED;
    default: cliOutputMessage(out, "\nPull complete"); return CLI_EXIT_DONE;
    }
}

static cliExit
virshDomainBlockpullRun(cliClient *client, char **args)
{
    const cliOutput *out = &client->out;
    g_autoptr(virDomain) dom = NULL;
    g_autoptr(cliJob) job = NULL;
    unsigned long bandwidth = 0;
    int timeout = 0;

    if (cliLoopInit() < 0)
        return cliVirshLastError(out);
    if (!cliVirshConnect(client) || !virshDomainBlockpullCheck(out, &bandwidth, &timeout) ||
        !(dom = cliVirshGetDomain(client, virshDomainBlockpullOptions.domain)))
        return CLI_EXIT_FAILED;

    if (virshDomainBlockpullOptions.wait &&
        !(job = cliJobNew(client, dom, virshDomainBlockpullOptions.path, timeout)))
        return cliVirshLastError(out);
    if (virshDomainBlockpullCall(dom, bandwidth) < 0)
        return cliVirshLastError(out);
    if (job)
        return virshDomainBlockpullWait(job, out);
    cliOutputMessage(out, "Block Pull started");
    return CLI_EXIT_DONE;
}

const cliCommand virshDomainBlockpullCommand = {
    .name = "blockpull",
    .arguments = "DOMAIN DISK [BANDWIDTH [BASE]]",
    .minArgs = 2,
    .summary = "Pull as 'virsh blockpull' does: same options, same output",
    .details = "This is for scripts that were written for virsh; 'virt-stream start' is made for\n"
               "people, and knows more. Options of virt-stream itself stand before the command.\n"
               "\n"
               "Example:\n"
               "  virt-stream blockpull web1 vda 50 --wait --verbose",
    .options = virshDomainBlockpullEntries,
    .virsh = TRUE,
    .run = virshDomainBlockpullRun,
};

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
} virshDomainBlockjobOptions;

static const GOptionEntry virshDomainBlockjobEntries[] = {
    { "domain", 0, 0, G_OPTION_ARG_STRING, &virshDomainBlockjobOptions.domain,
      "The guest: its name, id or UUID", "STRING" },
    { "path", 0, 0, G_OPTION_ARG_STRING, &virshDomainBlockjobOptions.path,
      "The disk: its target or the path of its image", "STRING" },
    { "abort", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockjobOptions.abort, "Abort the job", NULL },
    { "async", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockjobOptions.async,
      "Abort it, but do not wait for its end", NULL },
    { "pivot", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockjobOptions.pivot,
      "End a copy or commit by changing to its image", NULL },
    { "info", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockjobOptions.info,
      "Show how far the job is: the default", NULL },
    { "bytes", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockjobOptions.bytes,
      "The bandwidth is in bytes/s", NULL },
    { "raw", 0, 0, G_OPTION_ARG_NONE, &virshDomainBlockjobOptions.raw,
      "Show it as libvirt's own figures", NULL },
    { "bandwidth", 0, 0, G_OPTION_ARG_STRING, &virshDomainBlockjobOptions.bandwidth,
      "Let the job copy at most NUMBER MiB/s", "NUMBER" },
    { NULL },
};

static const char *const virshDomainBlockjobTypes[] = {
    [VIR_DOMAIN_BLOCK_JOB_TYPE_UNKNOWN] = "Unknown job",
    [VIR_DOMAIN_BLOCK_JOB_TYPE_PULL] = "Block Pull",
    [VIR_DOMAIN_BLOCK_JOB_TYPE_COPY] = "Block Copy",
    [VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT] = "Block Commit",
    [VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT] = "Active Block Commit",
    [VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP] = "Backup",
};

/* Whether no two options exclude each other. */
static bool
virshDomainBlockjobCheck(const cliOutput *out)
{
    const struct {
        const char *name;
        bool given;
    } showing[] = {
        { "raw", virshDomainBlockjobOptions.raw },
        { "info", virshDomainBlockjobOptions.info },
        { "bytes", virshDomainBlockjobOptions.bytes },
    }, acting[] = {
        { "abort", virshDomainBlockjobOptions.abort },
        { "pivot", virshDomainBlockjobOptions.pivot },
        { "async", virshDomainBlockjobOptions.async },
        { "bandwidth", virshDomainBlockjobOptions.bandwidth },
    };

    for (size_t s = 0; s < G_N_ELEMENTS(showing); s++) {
        for (size_t a = 0; a < G_N_ELEMENTS(acting); a++) {
            if (!showing[s].given || !acting[a].given)
                continue;
            /* these two go together */
            if (g_str_equal(showing[s].name, "bytes") && g_str_equal(acting[a].name, "bandwidth"))
                continue;
            cliVirshError(out, "Options --%s and --%s are mutually exclusive", showing[s].name,
                          acting[a].name);
            return false;
        }
    }
    return true;
}

static cliExit
virshDomainBlockjobSetSpeed(virDomainPtr dom, const cliOutput *out)
{
    unsigned long bandwidth;

    if (!cliVirshReadBandwidth(out, virshDomainBlockjobOptions.bandwidth,
                               virshDomainBlockjobOptions.bytes, &bandwidth))
        return CLI_EXIT_FAILED;
    if (virDomainBlockJobSetSpeed(dom, virshDomainBlockjobOptions.path, bandwidth,
                                  virshDomainBlockjobOptions.bytes
                                      ? VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES
                                      : 0) < 0)
        return cliVirshLastError(out);
    cliVirshEnd(out);
    return CLI_EXIT_DONE;
}

static cliExit
virshDomainBlockjobAbort(virDomainPtr dom, const cliOutput *out)
{
    unsigned int flags = 0;

    if (virshDomainBlockjobOptions.async)
        flags |= VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC;
    if (virshDomainBlockjobOptions.pivot)
        flags |= VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT;
    if (virDomainBlockJobAbort(dom, virshDomainBlockjobOptions.path, flags) < 0)
        return cliVirshLastError(out);
    cliVirshEnd(out);
    return CLI_EXIT_DONE;
}

static void
virshDomainBlockjobPrint(const virDomainBlockJobInfo *info)
{
    bool known = info->type >= 0 && (size_t) info->type < G_N_ELEMENTS(virshDomainBlockjobTypes);
    const char
        *type = virshDomainBlockjobTypes[known ? info->type : VIR_DOMAIN_BLOCK_JOB_TYPE_UNKNOWN];

    if (virshDomainBlockjobOptions.raw) {
        printf(" type=%s\n bandwidth=%lu\n cur=%llu\n end=%llu\n", type, info->bandwidth, info->cur,
               info->end);
        return;
    }
    cliVirshPrintProgress(type, info->end - info->cur, info->end);
    if (info->bandwidth > 0) {
        g_autofree char *limit = cliFormatScaled(info->bandwidth, 3);

        printf("    Bandwidth limit: %lu bytes/s (%s/s)", info->bandwidth, limit);
    }
    putchar('\n');
}

static cliExit
virshDomainBlockjobShow(virDomainPtr dom, const cliOutput *out)
{
    virDomainBlockJobInfo info;
    bool mebibytes = virshDomainBlockjobOptions.raw && !virshDomainBlockjobOptions.bytes;
    int rc = virDomainGetBlockJobInfo(dom, virshDomainBlockjobOptions.path, &info,
                                      mebibytes ? 0 : VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES);

    if (rc < 0)
        return cliVirshLastError(out);
    if (rc == 0 && !virshDomainBlockjobOptions.raw) {
        cliOutputMessage(out, "No current block job for %s", virshDomainBlockjobOptions.path);
        return CLI_EXIT_DONE;
    }
    if (rc > 0)
        virshDomainBlockjobPrint(&info);
    cliVirshEnd(out);
    return CLI_EXIT_DONE;
}

static cliExit
virshDomainBlockjobRun(cliClient *client, char **args)
{
    const cliOutput *out = &client->out;
    g_autoptr(virDomain) dom = NULL;

    if (!cliVirshConnect(client) || !virshDomainBlockjobCheck(out) ||
        !(dom = cliVirshGetDomain(client, virshDomainBlockjobOptions.domain)) ||
        !cliVirshCheckText(out, "path", virshDomainBlockjobOptions.path))
        return CLI_EXIT_FAILED;

    if (virshDomainBlockjobOptions.bandwidth)
        return virshDomainBlockjobSetSpeed(dom, out);
    if (virshDomainBlockjobOptions.abort || virshDomainBlockjobOptions.pivot ||
        virshDomainBlockjobOptions.async)
        return virshDomainBlockjobAbort(dom, out);
    return virshDomainBlockjobShow(dom, out);
}

const cliCommand virshDomainBlockjobCommand = {
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
    .options = virshDomainBlockjobEntries,
    .virsh = TRUE,
    .run = virshDomainBlockjobRun,
};
