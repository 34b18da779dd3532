/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-start.c: the command "start"
 */

#include "cli-command.h"
#include "cli-loop.h"
#include "cli-option.h"
#include "cli-settings.h"
#include "cli-wait.h"

static struct {
    char *base;
    gboolean keepRelative;
    virTypedParameter standstill; /* with an empty field if it is not given */
    gboolean wait;
    gboolean verbose;
    int timeout;
    gboolean detach;
} cliStartOptions;

static gboolean
cliStartOnTimeout(const char *option, const char *value, void *data, GError **error)
{
    return cliOptionSeconds(option, value, &cliStartOptions.timeout, error);
}

static gboolean
cliStartOnStandstill(const char *option, const char *value, void *data, GError **error)
{
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_STANDSTILL,
        .type = VIR_TYPED_PARAM_ULLONG,
    };

    if (!cliOptionMilliseconds(option, value, &param.value.ul, error))
        return FALSE;
    cliStartOptions.standstill = param;
    return TRUE;
}

static const GOptionEntry cliStartEntries[] = {
    { "base", 0, 0, G_OPTION_ARG_FILENAME, &cliStartOptions.base,
      "Keep IMAGE, a path or vda[N], as the backing image", "IMAGE" },
    { "keep-relative", 0, 0, G_OPTION_ARG_NONE, &cliStartOptions.keepRelative,
      "Record the name of the base as a relative one", NULL },
    CLI_SETTINGS_ENTRIES,
    { "standstill", 0, 0, G_OPTION_ARG_CALLBACK, cliStartOnStandstill,
      "Suspend the guest for up to MS milliseconds", "MS" },
    { "wait", 0, 0, G_OPTION_ARG_NONE, &cliStartOptions.wait,
      "Wait until the stream has ended; Ctrl-C stops it", NULL },
    { "verbose", 0, 0, G_OPTION_ARG_NONE, &cliStartOptions.verbose,
      "Show the progress while waiting", NULL },
    { "timeout", 0, 0, G_OPTION_ARG_CALLBACK, cliStartOnTimeout,
      "Stop the stream if it has not ended after SECONDS", "SECONDS" },
    { "detach-on-interrupt", 0, 0, G_OPTION_ARG_NONE, &cliStartOptions.detach,
      "Ctrl-C ends only the waiting, not the stream", NULL },
    { NULL },
};

/* The name of an option that is given without the one it needs, or NULL. */
static const char *
cliStartStray(const char **needed)
{
    *needed = "--base";
    if (cliStartOptions.keepRelative && !cliStartOptions.base)
        return "--keep-relative";

    *needed = "--wait";
    if (cliStartOptions.wait)
        return NULL;
    if (cliStartOptions.verbose)
        return "--verbose";
    if (cliStartOptions.timeout)
        return "--timeout";
    if (cliStartOptions.detach)
        return "--detach-on-interrupt";
    return NULL;
}

static int
cliStartCall(virDomainPtr dom, const char *disk)
{
    virTypedParameter params[CLI_SETTINGS_MAX + 2];
    int nparams = cliSettingsGet(params);

    if (cliStartOptions.keepRelative)
        params[nparams++] = (virTypedParameter) {
            .field = VIR_DOMAIN_STREAM_DISK_PARAM_RELATIVE,
            .type = VIR_TYPED_PARAM_BOOLEAN,
            .value.b = 1,
        };
    if (*cliStartOptions.standstill.field)
        params[nparams++] = cliStartOptions.standstill;
    return virDomainStreamDiskStart(dom, disk, cliStartOptions.base, params, nparams, 0);
}

static cliExit
cliStartRun(cliClient *client, char **args)
{
    g_autoptr(virDomain) dom = NULL;
    g_autoptr(cliWait) wait = NULL;
    const char *disk = args[1];
    const char *needed;
    const char *stray = cliStartStray(&needed);

    if (stray)
        return cliOutputUsage(&client->out, "start", "%s needs %s", stray, needed);

    if (cliStartOptions.wait && cliLoopInit() < 0)
        return cliOutputLastError(&client->out);
    if (!(dom = cliClientGetDomain(client, args[0])))
        return CLI_EXIT_FAILED;
    if (cliStartOptions.wait &&
        !(wait = cliWaitNew(client, dom, disk, cliStartOptions.verbose, cliStartOptions.timeout)))
        return CLI_EXIT_FAILED;

    if (cliStartCall(dom, disk) < 0)
        return cliOutputLastError(&client->out);
    if (wait)
        return cliWaitRun(wait, cliStartOptions.detach);
    cliOutputResult(&client->out, "started", dom, disk, NULL, NULL);
    return CLI_EXIT_DONE;
}

const cliCommand cliStartCommand = {
    .name = "start",
    .arguments = "DOMAIN DISK",
    .minArgs = 2,
    .maxArgs = 2,
    .summary = "Begin to stream a disk of a running guest",
    .details = "DISK is the disk's target (vda), the path of its image, or its alias. The stream\n"
               "goes on by itself once it is started; --wait waits for its end. RATE may have a\n"
               "suffix: K, M, G, T (powers of 1024) or KB, MB, GB, TB (powers of 1000).\n"
               "DURATION is in seconds, or with m, h or d in minutes, hours or days.\n"
               "\n"
               "Exit status: 0 done, 1 failed, 2 wrong command line, 3 stopped, 4 detached.\n"
               "\n"
               "Examples:\n"
               "  virt-stream start web1 vda --bandwidth 50M\n"
               "  virt-stream start web1 vda --base /images/debian12.qcow2 --wait --verbose",
    .options = cliStartEntries,
    .run = cliStartRun,
};
