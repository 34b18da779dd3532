/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-client.h: the connection of one run of virt-stream, opened when first needed
 *
 * Functions tell the user of their errors, unless they say otherwise.
 */

#pragma once

#include "stream-output.h"

typedef struct _streamClient streamClient;
struct _streamClient {
    char *uri; /* NULL: libvirt's default */
    gboolean readonly;
    streamOutput out;
    virConnectPtr conn; /* NULL until first needed */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

/* The connection, the client's own, or NULL with libvirt's error; the user is not told. */
virConnectPtr streamClientOpen(streamClient *client);

/* The same, and the user is told. */
virConnectPtr streamClientConnect(streamClient *client);

/* The domain by id, UUID or name, in virsh's order; the caller's to free, or NULL. */
virDomainPtr streamClientGetDomain(streamClient *client, const char *name);

/* The targets of the domain's disks that are streamed, or NULL with libvirt's error; the
 * user is not told. */
char **streamClientListDisks(virDomainPtr dom);

/* Closes the connection and frees what the client holds. */
void streamClientClear(streamClient *client);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(streamClient, streamClientClear)
