/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-hydration.c: the commands "pause-hydration" and "resume-hydration"
 */

#include "stream-command.h"

static void
streamHydrationTell(const streamOutput *out, const char *result, virDomainPtr dom, const char *disk)
{
    const streamStats none = { 0 };

    if (out->json)
        streamOutputJson(streamJsonResult(result, dom, disk, &none, NULL));
    else
        streamOutputMessage(out, "Hydration of '%s' %s", disk, result);
}

static streamExit
streamHydrationSet(streamClient *client, char **args, int hydrate, const char *result)
{
    g_autoptr(virDomain) dom = streamClientGetDomain(client, args[0]);
    g_auto(GStrv) disks = NULL;
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE,
        .type = VIR_TYPED_PARAM_BOOLEAN,
        .value.b = (char) hydrate,
    };

    if (!dom)
        return STREAM_EXIT_FAILED;
    if (!(disks = args[1] ? g_strdupv(args + 1) : streamClientListDisks(dom)))
        return streamOutputLastError(&client->out);
    for (char **disk = disks; *disk; disk++) {
        if (virDomainStreamDiskSetParameters(dom, *disk, &param, 1, 0) < 0)
            return streamOutputLastError(&client->out);
        streamHydrationTell(&client->out, result, dom, *disk);
    }
    if (!*disks)
        streamOutputMessage(&client->out, "No active stream");
    return STREAM_EXIT_DONE;
}

static streamExit
streamHydrationPause(streamClient *client, char **args)
{
    return streamHydrationSet(client, args, 0, "paused");
}

static streamExit
streamHydrationResume(streamClient *client, char **args)
{
    return streamHydrationSet(client, args, 1, "resumed");
}

const streamCommand streamPauseHydrationCommand = {
    .name = "pause-hydration",
    .arguments = "DOMAIN [DISK]",
    .minArgs = 1,
    .maxArgs = 2,
    .summary = "Leave a stream to its block job, and free QEMU's NBD server",
    .details = "Without DISK that is done to every active stream of the guest. A stream that\n"
               "starts later is hydrated all the same.\n"
               "\n"
               "Example:\n"
               "  virt-stream pause-hydration web1",
    .run = streamHydrationPause,
};

const streamCommand streamResumeHydrationCommand = {
    .name = "resume-hydration",
    .arguments = "DOMAIN [DISK]",
    .minArgs = 1,
    .maxArgs = 2,
    .summary = "Hydrate a stream again",
    .details = "Without DISK that is done to every active stream of the guest.\n"
               "\n"
               "Example:\n"
               "  virt-stream resume-hydration web1",
    .run = streamHydrationResume,
};
