/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_listener.c: the only place on the daemon's side that knows a transport's kind */

#include "rpc/rpc_listener.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/rpc_transport_unix.h"
#include "util/log.h"

LOG_INIT("rpc.listener");

struct _rpcListener {
    int fd;
    gboolean readonly;
    rpcListenerFunc func;
    void *opaque;
    guint watch;
};

static gboolean
rpcListenerAccept(int fd, GIOCondition condition, void *opaque)
{
    rpcListener *listener = opaque;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (client >= 0)
        listener->func(rpcTransportUnixNew(client), listener->readonly, listener->opaque);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        LOG_ERROR("cannot accept a client: %s", g_strerror(errno));
    return G_SOURCE_CONTINUE;
}

rpcListener *
rpcListenerNew(int fd, gboolean readonly, rpcListenerFunc func, void *opaque)
{
    rpcListener *listener = g_new0(rpcListener, 1);

    *listener = (rpcListener) {
        .fd = fd, .readonly = readonly, .func = func, .opaque = opaque,
    };
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    listener->watch = g_unix_fd_add(fd, G_IO_IN, rpcListenerAccept, listener);
    return listener;
}

void
rpcListenerFree(rpcListener *listener)
{
    if (!listener)
        return;
    g_source_remove(listener->watch);
    close(listener->fd);
    g_free(listener);
}
