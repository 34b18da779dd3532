/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-start.c: the command "start"
 */

#include "stream-command.h"
#include "stream-loop.h"
#include "stream-option.h"
#include "stream-settings.h"
#include "stream-wait.h"

static struct {
    char *base;
    gboolean keepRelative;
    virTypedParameter standstill; /* with an empty field if it is not given */
    gboolean wait;
    gboolean verbose;
    int timeout;
    gboolean detach;
} streamStartOptions;

static gboolean
streamStartOnTimeout(const char *option, const char *value, void *data, GError **error)
{
    return streamOptionSeconds(option, value, &streamStartOptions.timeout, error);
}

static gboolean
streamStartOnStandstill(const char *option, const char *value, void *data, GError **error)
{
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_STANDSTILL,
        .type = VIR_TYPED_PARAM_ULLONG,
    };

    if (!streamOptionMilliseconds(option, value, &param.value.ul, error))
        return FALSE;
    streamStartOptions.standstill = param;
    return TRUE;
}

static const GOptionEntry streamStartEntries[] = {
    { "base", 0, 0, G_OPTION_ARG_FILENAME, &streamStartOptions.base,
      "Keep IMAGE, a path or vda[N], as the backing image", "IMAGE" },
    { "keep-relative", 0, 0, G_OPTION_ARG_NONE, &streamStartOptions.keepRelative,
      "Record the name of the base as a relative one", NULL },
    STREAM_SETTINGS_ENTRIES,
    { "standstill", 0, 0, G_OPTION_ARG_CALLBACK, streamStartOnStandstill,
      "Suspend the guest for up to MS milliseconds", "MS" },
    { "wait", 0, 0, G_OPTION_ARG_NONE, &streamStartOptions.wait,
      "Wait until the stream has ended; Ctrl-C stops it", NULL },
    { "verbose", 0, 0, G_OPTION_ARG_NONE, &streamStartOptions.verbose,
      "Show the progress while waiting", NULL },
    { "timeout", 0, 0, G_OPTION_ARG_CALLBACK, streamStartOnTimeout,
      "Stop the stream if it has not ended after SECONDS", "SECONDS" },
    { "detach-on-interrupt", 0, 0, G_OPTION_ARG_NONE, &streamStartOptions.detach,
      "Ctrl-C ends only the waiting, not the stream", NULL },
    { NULL },
};

/* The name of an option that is given without the one it needs, or NULL. */
static const char *
streamStartStray(const char **needed)
{
    *needed = "--base";
    if (streamStartOptions.keepRelative && !streamStartOptions.base)
        return "--keep-relative";

    *needed = "--wait";
    if (streamStartOptions.wait)
        return NULL;
    if (streamStartOptions.verbose)
        return "--verbose";
    if (streamStartOptions.timeout)
        return "--timeout";
    if (streamStartOptions.detach)
        return "--detach-on-interrupt";
    return NULL;
}

static int
streamStartCall(virDomainPtr dom, const char *disk)
{
    virTypedParameter params[STREAM_SETTINGS_MAX + 2];
    int nparams = streamSettingsGet(params);

    if (streamStartOptions.keepRelative)
        params[nparams++] = (virTypedParameter) {
            .field = VIR_DOMAIN_STREAM_DISK_PARAM_RELATIVE,
            .type = VIR_TYPED_PARAM_BOOLEAN,
            .value.b = 1,
        };
    if (*streamStartOptions.standstill.field)
        params[nparams++] = streamStartOptions.standstill;
    return virDomainStreamDiskStart(dom, disk, streamStartOptions.base, params, nparams, 0);
}

static streamExit
streamStartRun(streamClient *client, char **args)
{
    g_autoptr(virDomain) dom = NULL;
    g_autoptr(streamWait) wait = NULL;
    const char *disk = args[1];
    const char *needed;
    const char *stray = streamStartStray(&needed);

    if (stray)
        return streamOutputUsage(&client->out, "start", "%s needs %s", stray, needed);

    if (streamStartOptions.wait && streamLoopInit() < 0)
        return streamOutputLastError(&client->out);
    if (!(dom = streamClientGetDomain(client, args[0])))
        return STREAM_EXIT_FAILED;
    if (streamStartOptions.wait &&
        !(wait = streamWaitNew(client, dom, disk, streamStartOptions.verbose,
                               streamStartOptions.timeout)))
        return STREAM_EXIT_FAILED;

    if (streamStartCall(dom, disk) < 0)
        return streamOutputLastError(&client->out);
    if (wait)
        return streamWaitRun(wait, streamStartOptions.detach);
    streamOutputResult(&client->out, "started", dom, disk, NULL, NULL);
    return STREAM_EXIT_DONE;
}

const streamCommand streamStartCommand = {
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
    .options = streamStartEntries,
    .run = streamStartRun,
};
