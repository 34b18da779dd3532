/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-stop.c: the command "stop"
 */

#include "cli-command.h"

static cliExit
cliStopRun(cliClient *client, char **args)
{
    g_autoptr(virDomain) dom = cliClientGetDomain(client, args[0]);

    if (!dom)
        return CLI_EXIT_FAILED;
    if (virDomainStreamDisk(dom, args[1], 0, VIR_DOMAIN_STREAM_DISK_STOP) < 0)
        return cliOutputLastError(&client->out);
    cliOutputResult(&client->out, "stopped", dom, args[1], NULL, NULL);
    return CLI_EXIT_DONE;
}

const cliCommand cliStopCommand = {
    .name = "stop",
    .arguments = "DOMAIN DISK",
    .minArgs = 2,
    .maxArgs = 2,
    .summary = "End the stream of a disk before it is done",
    .details = "What has been copied stays: a later 'virt-stream start' goes on from there.\n"
               "\n"
               "Example:\n"
               "  virt-stream stop web1 vda",
    .run = cliStopRun,
};
