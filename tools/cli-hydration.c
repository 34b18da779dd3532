/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-hydration.c: the commands "pause-hydration" and "resume-hydration"
 */

#include "cli-command.h"

static void
cliHydrationTell(const cliOutput *out, const char *result, virDomainPtr dom, const char *disk)
{
    const cliStats none = { 0 };

    if (out->json)
        cliOutputJson(cliJsonResult(result, dom, disk, &none, NULL));
    else
        cliOutputMessage(out, "Hydration of '%s' %s", disk, result);
}

static cliExit
cliHydrationSet(cliClient *client, char **args, int hydrate, const char *result)
{
    g_autoptr(virDomain) dom = cliClientGetDomain(client, args[0]);
    g_auto(GStrv) disks = NULL;
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE,
        .type = VIR_TYPED_PARAM_BOOLEAN,
        .value.b = (char) hydrate,
    };

    if (!dom)
        return CLI_EXIT_FAILED;
    if (!(disks = args[1] ? g_strdupv(args + 1) : cliClientListDisks(dom)))
        return cliOutputLastError(&client->out);
    for (char **disk = disks; *disk; disk++) {
        if (virDomainStreamDiskSetParameters(dom, *disk, &param, 1, 0) < 0)
            return cliOutputLastError(&client->out);
        cliHydrationTell(&client->out, result, dom, *disk);
    }
    if (!*disks)
        cliOutputMessage(&client->out, "No active stream");
    return CLI_EXIT_DONE;
}

static cliExit
cliHydrationPause(cliClient *client, char **args)
{
    return cliHydrationSet(client, args, 0, "paused");
}

static cliExit
cliHydrationResume(cliClient *client, char **args)
{
    return cliHydrationSet(client, args, 1, "resumed");
}

const cliCommand cliPauseHydrationCommand = {
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
    .run = cliHydrationPause,
};

const cliCommand cliResumeHydrationCommand = {
    .name = "resume-hydration",
    .arguments = "DOMAIN [DISK]",
    .minArgs = 1,
    .maxArgs = 2,
    .summary = "Hydrate a stream again",
    .details = "Without DISK that is done to every active stream of the guest.\n"
               "\n"
               "Example:\n"
               "  virt-stream resume-hydration web1",
    .run = cliHydrationResume,
};
