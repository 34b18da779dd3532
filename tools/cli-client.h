/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-client.h: the connection of one run of virt-stream, opened when first needed
 *
 * Functions tell the user of their errors, unless they say otherwise.
 */

#pragma once

#include "cli-output.h"

typedef struct _cliClient cliClient;
struct _cliClient {
    char *uri; /* NULL: libvirt's default */
    gboolean readonly;
    cliOutput out;
    virConnectPtr conn; /* NULL until first needed */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

/* The connection, the client's own, or NULL with libvirt's error; the user is not told. */
virConnectPtr cliClientOpen(cliClient *client);

/* The same, and the user is told. */
virConnectPtr cliClientConnect(cliClient *client);

/* The domain by id, UUID or name, in virsh's order; the caller's to free, or NULL. */
virDomainPtr cliClientGetDomain(cliClient *client, const char *name);

/* The targets of the domain's disks that are streamed, or NULL with libvirt's error; the
 * user is not told. */
char **cliClientListDisks(virDomainPtr dom);

/* Closes the connection and frees what the client holds. */
void cliClientClear(cliClient *client);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(cliClient, cliClientClear)
