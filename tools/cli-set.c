/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-set.c: the command "set"
 */

#include "cli-command.h"
#include "cli-settings.h"

static const GOptionEntry cliSetEntries[] = {
    CLI_SETTINGS_ENTRIES,
    { NULL },
};

static cliExit
cliSetRun(cliClient *client, char **args)
{
    g_autoptr(virDomain) dom = NULL;
    virTypedParameter params[CLI_SETTINGS_MAX];
    int nparams = cliSettingsGet(params);

    if (nparams == 0)
        return cliOutputUsage(&client->out, "set", "'set' needs an option that says what");
    if (!(dom = cliClientGetDomain(client, args[0])))
        return CLI_EXIT_FAILED;
    if (virDomainStreamDiskSetParameters(dom, args[1], params, nparams, 0) < 0)
        return cliOutputLastError(&client->out);
    cliOutputResult(&client->out, "changed", dom, args[1], NULL, NULL);
    return CLI_EXIT_DONE;
}

const cliCommand cliSetCommand = {
    .name = "set",
    .arguments = "DOMAIN DISK",
    .minArgs = 2,
    .maxArgs = 2,
    .summary = "Change how a stream goes while it runs",
    .details = "What is not named stays. RATE has a suffix if one likes: K, M, G, T (powers of\n"
               "1024) or KB, MB, GB, TB (powers of 1000). DURATION is in seconds, or with m, h\n"
               "or d in minutes, hours or days. --guest-latency default takes --fast back, too.\n"
               "\n"
               "Example:\n"
               "  virt-stream set web1 vda --bandwidth 10M --deadline 2h",
    .options = cliSetEntries,
    .run = cliSetRun,
};
