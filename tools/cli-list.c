/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-list.c: the command "list"
 */

#include <stdio.h>

#include "cli-command.h"
#include "cli-format.h"

static char **
cliListRow(const virDomainStreamDiskRecord *record)
{
    const cliStats stats = { record->params, record->nparams };
    char *row[] = {
        g_utf8_make_valid(virDomainGetName(record->dom), -1),
        g_utf8_make_valid(record->disk, -1),
        cliStatsText(&stats, VIR_DOMAIN_STREAM_DISK_STATS_STATE),
        g_strdup_printf("%d %%", cliStatsPercent(&stats)),
        cliStatsSizes(&stats),
        cliStatsText(&stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS),
        cliStatsText(&stats, VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING),
        NULL,
    };

    return g_memdup2(row, sizeof(row));
}

static void
cliListPrint(virDomainStreamDiskRecordPtr *records)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autofree char *table = NULL;

    g_ptr_array_add(rows, g_strsplit("Domain Disk State Progress Done Rate ETA", " ", 0));
    for (; *records; records++)
        g_ptr_array_add(rows, cliListRow(*records));
    table = cliFormatTable(rows);
    printf("%s\n", table);
}

static void
cliListPrintJson(virDomainStreamDiskRecordPtr *records)
{
    json_object *streams = json_object_new_array();

    for (; *records; records++) {
        const cliStats stats = { (*records)->params, (*records)->nparams };

        json_object_array_add(streams, cliJsonStream((*records)->dom, (*records)->disk, &stats));
    }
    cliOutputJson(cliJsonStreams(streams));
}

static cliExit
cliListRun(cliClient *client, char **args)
{
    virConnectPtr conn = cliClientConnect(client);
    virDomainStreamDiskRecordPtr *records = NULL;

    if (!conn)
        return CLI_EXIT_FAILED;
    if (virConnectListAllStreamDisks(conn, &records, 0) < 0)
        return cliOutputLastError(&client->out);

    if (client->out.json)
        cliListPrintJson(records);
    else
        cliListPrint(records);
    virDomainStreamDiskRecordListFree(records);
    return CLI_EXIT_DONE;
}

const cliCommand cliListCommand = {
    .name = "list",
    .summary = "List all streams of the host",
    .details = "Streams that anybody else started, 'virsh blockpull' included, are listed too.\n"
               "\n"
               "Example:\n"
               "  virt-stream list",
    .run = cliListRun,
};
