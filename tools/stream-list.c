/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-list.c: the command "list"
 */

#include <stdio.h>

#include "stream-command.h"
#include "stream-format.h"

static char **
streamListRow(const virDomainStreamDiskRecord *record)
{
    const streamStats stats = { record->params, record->nparams };
    char *row[] = {
        g_utf8_make_valid(virDomainGetName(record->dom), -1),
        g_utf8_make_valid(record->disk, -1),
        streamStatsText(&stats, VIR_DOMAIN_STREAM_DISK_STATS_STATE),
        g_strdup_printf("%d %%", streamStatsPercent(&stats)),
        streamStatsSizes(&stats),
        streamStatsText(&stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS),
        streamStatsText(&stats, VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING),
        NULL,
    };

    return g_memdup2(row, sizeof(row));
}

static void
streamListPrint(virDomainStreamDiskRecordPtr *records)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autofree char *table = NULL;

    g_ptr_array_add(rows, g_strsplit("Domain Disk State Progress Done Rate ETA", " ", 0));
    for (; *records; records++)
        g_ptr_array_add(rows, streamListRow(*records));
    table = streamFormatTable(rows);
    printf("%s\n", table);
}

static void
streamListPrintJson(virDomainStreamDiskRecordPtr *records)
{
    json_object *streams = json_object_new_array();

    for (; *records; records++) {
        const streamStats stats = { (*records)->params, (*records)->nparams };

        json_object_array_add(streams, streamJsonStream((*records)->dom, (*records)->disk, &stats));
    }
    streamOutputJson(streamJsonStreams(streams));
}

static streamExit
streamListRun(streamClient *client, char **args)
{
    virConnectPtr conn = streamClientConnect(client);
    virDomainStreamDiskRecordPtr *records = NULL;

    if (!conn)
        return STREAM_EXIT_FAILED;
    if (virConnectListAllStreamDisks(conn, &records, 0) < 0)
        return streamOutputLastError(&client->out);

    if (client->out.json)
        streamListPrintJson(records);
    else
        streamListPrint(records);
    virDomainStreamDiskRecordListFree(records);
    return STREAM_EXIT_DONE;
}

const streamCommand streamListCommand = {
    .name = "list",
    .summary = "List all streams of the host",
    .details = "Streams that anybody else started, 'virsh blockpull' included, are listed too.\n"
               "\n"
               "Example:\n"
               "  virt-stream list",
    .run = streamListRun,
};
