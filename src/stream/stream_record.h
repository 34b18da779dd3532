/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream_record.h: one stream by value, as drivers hand it up in lists and events
 *
 * It names its domain instead of pointing to it: the domain may be gone by the time
 * that someone looks.
 */

#pragma once

#include <glib.h>

#include "libvirt/libvirt-streamdisk.h"

typedef struct _streamRecord streamRecord;
struct _streamRecord {
    char *name; /* of the domain */
    unsigned char uuid[VIR_UUID_BUFLEN];
    int id;
    char *disk; /* target */
    virTypedParameterPtr params;
    int nparams;
};

/* All but the parameters, which are the caller's to fill in. */
streamRecord *streamRecordNew(virDomainPtr dom, const char *disk);
/* The same for another disk of a domain that is gone, perhaps. */
streamRecord *streamRecordNewSibling(const streamRecord *sibling, const char *disk);
void streamRecordFree(streamRecord *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(streamRecord, streamRecordFree)

/* A new reference to the domain on @conn, without asking the hypervisor; NULL on error. */
virDomainPtr streamRecordGetDomain(const streamRecord *entry, virConnectPtr conn);
