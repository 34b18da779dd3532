/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_entry.c: making and freeing a stream by value */

#include "stream_entry.h"

#include <string.h>

#include "util/stock.h"

streamEntry *
streamEntryNew(virDomainPtr dom, const char *disk)
{
    streamEntry *entry = g_new0(streamEntry, 1);

    entry->name = g_strdup(virDomainGetName(dom));
    virDomainGetUUID(dom, entry->uuid);
    entry->id = (int) virDomainGetID(dom);
    entry->disk = g_strdup(disk);
    return entry;
}

streamEntry *
streamEntryNewSibling(const streamEntry *sibling, const char *disk)
{
    streamEntry *entry = g_new0(streamEntry, 1);

    entry->name = g_strdup(sibling->name);
    memcpy(entry->uuid, sibling->uuid, sizeof(entry->uuid));
    entry->id = sibling->id;
    entry->disk = g_strdup(disk);
    return entry;
}

void
streamEntryFree(streamEntry *entry)
{
    if (!entry)
        return;
    g_free(entry->name);
    g_free(entry->disk);
    virTypedParamsFree(entry->params, entry->nparams);
    g_free(entry);
}

virDomainPtr
streamEntryGetDomain(const streamEntry *entry, virConnectPtr conn)
{
    return stockGet()->getDomain(conn, entry->name, entry->uuid, entry->id);
}
