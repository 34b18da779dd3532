/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-client.c: the connection of one run of virt-stream, opened when first needed
 */

#include <libvirt/virterror.h>

#include "stream-client.h"

virConnectPtr
streamClientOpen(streamClient *client)
{
    if (!client->conn)
        client->conn = virConnectOpenAuth(client->uri, virConnectAuthPtrDefault,
                                          client->readonly ? VIR_CONNECT_RO : 0);
    return client->conn;
}

virConnectPtr
streamClientConnect(streamClient *client)
{
    if (!streamClientOpen(client))
        streamOutputError(&client->out, virGetLastErrorCode(),
                          "failed to connect to the hypervisor: %s", virGetLastErrorMessage());
    return client->conn;
}

virDomainPtr
streamClientGetDomain(streamClient *client, const char *name)
{
    virConnectPtr conn = streamClientConnect(client);
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
        streamOutputError(&client->out, VIR_ERR_NO_DOMAIN, "failed to get domain '%s'", name);
    else
        streamOutputLastError(&client->out);
    return NULL;
}

char **
streamClientListDisks(virDomainPtr dom)
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
streamClientClear(streamClient *client)
{
    if (client->conn)
        virConnectClose(client->conn);
    client->conn = NULL;
    g_clear_pointer(&client->uri, g_free);
}
