/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-set.c: the command "set"
 */

#include "stream-command.h"
#include "stream-option.h"

static struct {
    gboolean given;
    unsigned long long bandwidth;
} streamSetOptions;

static gboolean
streamSetOnBandwidth(const char *option, const char *value, void *data, GError **error)
{
    streamSetOptions.given = TRUE;
    return streamOptionRate(option, value, &streamSetOptions.bandwidth, error);
}

static const GOptionEntry streamSetEntries[] = {
    { "bandwidth", 0, 0, G_OPTION_ARG_CALLBACK, streamSetOnBandwidth,
      "Copy at most RATE bytes per second; 0: no limit", "RATE" },
    { NULL },
};

static streamExit
streamSetRun(streamClient *client, char **args)
{
    g_autoptr(virDomain) dom = NULL;
    virTypedParameter param = {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH,
        .type = VIR_TYPED_PARAM_ULLONG,
        .value.ul = streamSetOptions.bandwidth,
    };

    if (!streamSetOptions.given)
        return streamOutputUsage(&client->out, "set", "'set' needs --bandwidth");
    if (!(dom = streamClientGetDomain(client, args[0])))
        return STREAM_EXIT_FAILED;
    if (virDomainStreamDiskSetParameters(dom, args[1], &param, 1, 0) < 0)
        return streamOutputLastError(&client->out);
    streamOutputResult(&client->out, "changed", dom, args[1], NULL, NULL);
    return STREAM_EXIT_DONE;
}

const streamCommand streamSetCommand = {
    .name = "set",
    .arguments = "DOMAIN DISK",
    .minArgs = 2,
    .maxArgs = 2,
    .summary = "Change a stream while it runs: its bandwidth",
    .details =
        "RATE has a suffix if one likes: K, M, G, T (powers of 1024) or KB, MB, GB, TB\n"
        "(powers of 1000).\n"
        "\n"
        "Example:\n"
        "  virt-stream set web1 vda --bandwidth 10M",
    .options = streamSetEntries,
    .run = streamSetRun,
};
