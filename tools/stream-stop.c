/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-stop.c: the command "stop"
 */

#include "stream-command.h"

static streamExit
streamStopRun(streamClient *client, char **args)
{
    g_autoptr(virDomain) dom = streamClientGetDomain(client, args[0]);

    if (!dom)
        return STREAM_EXIT_FAILED;
    if (virDomainStreamDisk(dom, args[1], 0, VIR_DOMAIN_STREAM_DISK_STOP) < 0)
        return streamOutputLastError(&client->out);
    streamOutputResult(&client->out, "stopped", dom, args[1], NULL, NULL);
    return STREAM_EXIT_DONE;
}

const streamCommand streamStopCommand = {
    .name = "stop",
    .arguments = "DOMAIN DISK",
    .minArgs = 2,
    .maxArgs = 2,
    .summary = "End the stream of a disk before it is done",
    .details = "What has been copied stays: a later 'virt-stream start' goes on from there.\n"
               "\n"
               "Example:\n"
               "  virt-stream stop web1 vda",
    .run = streamStopRun,
};
