/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-client.c: the connection of one run of virt-stream, opened when first needed
 */

#include <libvirt/virterror.h>

#include "cli-client.h"

virConnectPtr
cliClientOpen(cliClient *client)
{
    if (!client->conn)
        client->conn = virConnectOpenAuth(client->uri, virConnectAuthPtrDefault,
                                          client->readonly ? VIR_CONNECT_RO : 0);
    return client->conn;
}

virConnectPtr
cliClientConnect(cliClient *client)
{
    if (!cliClientOpen(client))
        cliOutputError(&client->out, virGetLastErrorCode(),
                       "failed to connect to the hypervisor: %s", virGetLastErrorMessage());
    return client->conn;
}

virDomainPtr
cliClientGetDomain(cliClient *client, const char *name)
{
    virConnectPtr conn = cliClientConnect(client);
    virDomainPtr dom = NULL;
    guint64 id;

    if (!conn)
        return NULL;

    if (g_ascii_string_to_unsigned(name, 10, 0, G_MAXINT, &id, NULL))
        dom = virDomainLookupByID(conn, (int) id);
    if (!dom && g_uuid_string_is_valid(name))
        dom = virDomainLookupByUUIDString(conn, name);
    if (!dom)
        dom = virDomainLookupByName(conn, name);
    if (dom)
        return dom;

    if (virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        cliOutputError(&client->out, VIR_ERR_NO_DOMAIN, "failed to get domain '%s'", name);
    else
        cliOutputLastError(&client->out);
    return NULL;
}

char **
cliClientListDisks(virDomainPtr dom)
{
    g_autofree virDomainStreamDiskState *states = NULL;
    g_autoptr(GStrvBuilder) disks = g_strv_builder_new();
    int room = virDomainStreamDiskInfo(dom, NULL, 0, 0);
    int active;

    if (room < 0)
        return NULL;
    states = g_new0(virDomainStreamDiskState, room);
    if ((active = virDomainStreamDiskInfo(dom, states, room, 0)) < 0)
        return NULL;
    for (int i = 0; i < MIN(room, active); i++)
        g_strv_builder_add(disks, states[i].target);
    return g_strv_builder_end(disks);
}

void
cliClientClear(cliClient *client)
{
    if (client->conn)
        virConnectClose(client->conn);
    client->conn = NULL;
    g_clear_pointer(&client->uri, g_free);
}
