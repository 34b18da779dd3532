/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-info.c: the command "info"
 */

#include <stdio.h>

#include "cli-command.h"
#include "cli-disk.h"

static struct {
    gboolean hmp;
} cliInfoOptions;

static const GOptionEntry cliInfoEntries[] = {
    { "hmp", 0, 0, G_OPTION_ARG_NONE, &cliInfoOptions.hmp,
      "Print QEMU's own line for each active stream", NULL },
    { NULL },
};

/* What is printed of the statistics, in this order, after the state */
static const struct {
    const char *label;
    const char *field;
} cliInfoFields[] = {
    { "Alias", VIR_DOMAIN_STREAM_DISK_STATS_ALIAS },
    { "Phase", VIR_DOMAIN_STREAM_DISK_STATS_PHASE },
    { "Base", VIR_DOMAIN_STREAM_DISK_STATS_BASE },
    { "Bandwidth limit", VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH },
    { "Basis", VIR_DOMAIN_STREAM_DISK_STATS_BASIS },
    { "Total", VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL },
    { "Done", VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED },
    { "Remaining", VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING },
    { "Flushed", VIR_DOMAIN_STREAM_DISK_STATS_DATA_FLUSHED },
    { "Rate", VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS },
    { "Elapsed", VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED },
    { "ETA", VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING },
    { "Hydrate", VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE },
    { "Fast", VIR_DOMAIN_STREAM_DISK_PARAM_FAST },
    { "Latency factor", VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR },
    { "Latency limit", VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX },
    { "Deadline", VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE },
    { "Hydrated", VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED },
    { "Source rate", VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_BPS },
    { "Source latency", VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_LATENCY },
    { "In flight", VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_IN_FLIGHT },
    { "Requests", VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REQUESTS },
    { "Request size", VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_SIZE },
    { "Guest latency", VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY },
    { "Guest before", VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY_BEFORE },
    { "Not hydrated", VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REASON },
    { "Wrong tail", VIR_DOMAIN_STREAM_DISK_STATS_TIME_TAIL },
    { "Unflushed", VIR_DOMAIN_STREAM_DISK_STATS_TIME_UNFLUSHED },
    { "Reason", VIR_DOMAIN_STREAM_DISK_STATS_REASON },
};

static void
cliInfoPrintLine(const char *label, const char *text)
{
    g_autofree char *key = g_strconcat(label, ":", NULL);

    printf("%-17s%s\n", key, text);
}

static void
cliInfoPrint(virDomainPtr dom, const char *disk, const cliStats *stats)
{
    g_autofree char *state = cliStatsText(stats, VIR_DOMAIN_STREAM_DISK_STATS_STATE);
    g_autofree char *progress = g_strdup_printf("%d %%", cliStatsPercent(stats));

    cliInfoPrintLine("Domain", virDomainGetName(dom));
    cliInfoPrintLine("Disk", disk);
    cliInfoPrintLine("State", state);
    cliInfoPrintLine("Progress", progress);
    for (size_t i = 0; i < G_N_ELEMENTS(cliInfoFields); i++) {
        g_autofree char *text = cliStatsText(stats, cliInfoFields[i].field);

        cliInfoPrintLine(cliInfoFields[i].label, text);
    }
}

/* Whether it is active, and so was printed. */
static bool
cliInfoPrintHmp(virDomainPtr dom, const char *disk, const cliStats *stats)
{
    g_autofree char *target = cliDiskFindTarget(dom, disk);
    g_autofree char *line = cliStatsHmp(stats, target ? target : disk);

    if (line)
        printf("%s\n", line);
    return line != NULL;
}

static cliExit
cliInfoRun(cliClient *client, char **args)
{
    g_autoptr(virDomain) dom = NULL;
    g_auto(GStrv) disks = NULL;
    json_object *streams = NULL;
    int found = 0;

    if (cliInfoOptions.hmp && client->out.json)
        return cliOutputUsage(&client->out, "info", "--hmp and --json are mutually exclusive");
    if (!(dom = cliClientGetDomain(client, args[0])))
        return CLI_EXIT_FAILED;
    if (!(disks = args[1] ? g_strdupv(args + 1) : cliClientListDisks(dom)))
        return cliOutputLastError(&client->out);

    if (client->out.json)
        streams = json_object_new_array();
    for (char **disk = disks; *disk; disk++) {
        g_auto(cliStats) stats = { 0 };
        int rc = cliStatsGet(dom, *disk, &stats);

        if (rc < 0) {
            json_object_put(streams);
            return cliOutputLastError(&client->out);
        }
        if (rc == 0)
            continue;
        if (streams) {
            json_object_array_add(streams, cliJsonStream(dom, *disk, &stats));
            continue;
        }
        if (cliInfoOptions.hmp) {
            found += cliInfoPrintHmp(dom, *disk, &stats);
            continue;
        }
        if (found++ > 0)
            putchar('\n');
        cliInfoPrint(dom, *disk, &stats);
    }

    if (streams)
        cliOutputJson(cliJsonStreams(streams));
    else if (found == 0)
        cliOutputMessage(&client->out, "No active stream");
    return CLI_EXIT_DONE;
}

const cliCommand cliInfoCommand = {
    .name = "info",
    .arguments = "DOMAIN [DISK]",
    .minArgs = 1,
    .maxArgs = 2,
    .summary = "Show how far the streams of a guest are",
    .details = "Without DISK every active stream of the guest is shown.\n"
               "\n"
               "Examples:\n"
               "  virt-stream info web1 vda\n"
               "  virt-stream info --hmp web1",
    .options = cliInfoEntries,
    .run = cliInfoRun,
};
