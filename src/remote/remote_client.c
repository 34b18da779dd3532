/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_client.c: the cache of connections, and how one begins and ends */

#include "remote/remote_client.h"

#include <errno.h>
#include <string.h>

#include "remote/remote_autostart.h"
#include "remote/remote_driver_event.h"
#include "remote/remote_instance.h"
#include "remote/streamdisk_protocol.h"
#include "rpc/rpc_transport_unix.h"
#include "stream/stream_event.h"
#include "util/error.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_RPC

LOG_INIT("remote.client");

/* How often a daemon may leave just when it is spoken to */
#define REMOTE_CLIENT_TRIES 5

static struct {
    GMutex lock;           /* protects all below; a client's own lock is taken inside */
    rpcClient *clients[2]; /* the system's and the session's; no references */
} remoteClients;

/* The one place where the loss of a connection is noticed */
static void
remoteClientClosed(rpcClient *client, const char *reason)
{
    LOG_DEBUG("virtstreamd at '%s': %s", rpcClientGetName(client), reason);

    g_mutex_lock(&remoteClients.lock);
    for (size_t i = 0; i < G_N_ELEMENTS(remoteClients.clients); i++) {
        if (remoteClients.clients[i] == client)
            remoteClients.clients[i] = NULL;
    }
    g_mutex_unlock(&remoteClients.lock);

    streamEventLost(client);
}

static const rpcClientConfig remoteClientConfig = {
    .keepaliveInterval = 5000,
    .keepaliveCount = 5,
    .idleTimeout = 30000,
    .message = remoteDriverEventMessage,
    .closed = remoteClientClosed,
};

static rpcClient *
remoteClientFind(remoteInstance instance)
{
    LOCK_SCOPE(&remoteClients.lock);
    rpcClient *client = remoteClients.clients[instance];

    return client && rpcClientRef(client) ? client : NULL;
}

/* The one to find from now on. One that another thread has stored meanwhile stays in that
 * thread's use, and ends unused. */
static void
remoteClientStore(remoteInstance instance, rpcClient *client)
{
    LOCK_SCOPE(&remoteClients.lock);

    /* only what has not ended will be taken out again */
    if (rpcClientRef(client)) {
        remoteClients.clients[instance] = client;
        rpcClientUnref(client);
    }
}

static int
remoteClientHello(rpcClient *client)
{
    const streamdisk_connect_open_args args = { .flags = 0 };

    if (rpcClientCall(client, STREAMDISK_PROGRAM, STREAMDISK_PROTOCOL_VERSION,
                      STREAMDISK_PROC_CONNECT_OPEN, (xdrproc_t) xdr_streamdisk_connect_open_args,
                      &args, NULL, NULL) == 0)
        return 0;

    if (strstr(errorText(), "Cannot find program"))
        errorReport(VIR_ERR_RPC,
                    "virtstreamd at '%s' speaks another protocol version than "
                    "this library (%d)",
                    rpcClientGetName(client), STREAMDISK_PROTOCOL_VERSION);
    return -1;
}

/* NULL with errno set; *path is where it leads, or should have led. */
static rpcTransport *
remoteClientConnect(remoteInstance instance, char **path)
{
    rpcTransport *transport;

    *path = remoteInstanceGetSocket(instance, false);
    transport = rpcTransportUnixConnect(*path);
    if (!transport && errno == EACCES) {
        g_free(*path);
        *path = remoteInstanceGetSocket(instance, true);
        transport = rpcTransportUnixConnect(*path);
    }
    return transport;
}

/* 1, and *client has been greeted; 0: no daemon answers; -1: error. *ended: because the
 * connection ended in between. */
static int
remoteClientTry(remoteInstance instance, rpcClient **client, bool *ended)
{
    g_autoptr(rpcClient) found = NULL;
    g_autofree char *path = NULL;
    rpcTransport *transport = remoteClientConnect(instance, &path);

    if (!transport) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return 0;
        errorReportSystem(errno, "cannot connect to virtstreamd at '%s'", path);
        return -1;
    }
    if (!(found = rpcClientNew(transport, path, &remoteClientConfig)))
        return -1;
    if (remoteClientHello(found) < 0) {
        *ended = !rpcClientRef(found);
        if (!*ended)
            rpcClientUnref(found);
        rpcClientClose(found);
        return -1;
    }
    *client = g_steal_pointer(&found);
    return 1;
}

/* As remoteClientTry(), but a session's daemon that is not there is started. */
static int
remoteClientTryOrStart(remoteInstance instance, rpcClient **client, bool *ended)
{
    int rc = remoteClientTry(instance, client, ended);
    int lock;

    if (rc != 0 || !remoteAutostartIsWanted(instance))
        return rc;
    if ((lock = remoteInstanceLock(instance, true)) < 0) {
        LOG_DEBUG("no daemon is started, since others might do so too: %s", g_strerror(errno));
        return 0;
    }
    /* the one who had the lock before may have started it */
    rc = remoteClientTry(instance, client, ended);
    if (rc == 0 && remoteAutostart())
        rc = remoteClientTry(instance, client, ended);
    remoteInstanceUnlock(lock);
    return rc;
}

int
remoteClientOpen(remoteInstance instance, rpcClient **client)
{
    rpcClient *found = remoteClientFind(instance);
    bool ended = false;
    int rc = 1;

    if (!found) {
        rc = remoteClientTryOrStart(instance, &found, &ended);
        /* a daemon that is just ending drops whom it has not accepted, and answers no more */
        for (int tries = 1; rc < 0 && ended && tries < REMOTE_CLIENT_TRIES; tries++) {
            virResetLastError();
            ended = false;
            rc = remoteClientTryOrStart(instance, &found, &ended);
        }
        if (rc <= 0)
            return rc;
        remoteClientStore(instance, found);
    }
    *client = found;
    return 1;
}
