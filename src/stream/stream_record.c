/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_record.c: making and freeing a stream by value */

#include "stream_record.h"

#include <string.h>

#include "util/libvirt_private.h"

streamRecord *
streamRecordNew(virDomainPtr dom, const char *disk)
{
    streamRecord *entry = g_new0(streamRecord, 1);

    entry->name = g_strdup(virDomainGetName(dom));
    virDomainGetUUID(dom, entry->uuid);
    entry->id = (int) virDomainGetID(dom);
    entry->disk = g_strdup(disk);
    return entry;
}

streamRecord *
streamRecordNewSibling(const streamRecord *sibling, const char *disk)
{
    streamRecord *entry = g_new0(streamRecord, 1);

    entry->name = g_strdup(sibling->name);
    memcpy(entry->uuid, sibling->uuid, sizeof(entry->uuid));
    entry->id = sibling->id;
    entry->disk = g_strdup(disk);
    return entry;
}

void
streamRecordFree(streamRecord *entry)
{
    if (!entry)
        return;
    g_free(entry->name);
    g_free(entry->disk);
    virTypedParamsFree(entry->params, entry->nparams);
    g_free(entry);
}

virDomainPtr
streamRecordGetDomain(const streamRecord *entry, virConnectPtr conn)
{
    return libvirtPrivateGet()->getDomain(conn, entry->name, entry->uuid, entry->id);
}
