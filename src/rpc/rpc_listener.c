/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_listener.c: the only place on the daemon's side that knows a transport's kind */

#include "rpc/rpc_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/rpc_transport_unix.h"
#include "util/log.h"

LOG_INIT("rpc.listener");

struct _rpcListener {
    int fd;
    bool readonly;
    rpcListenerFunc func;
    void *opaque;
    guint watch;
    int spare; /* a descriptor to give up when there are no others */
};

static int
rpcListenerOpenSpare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Out of descriptors. A client left in the queue would wake the main context for ever, so it
 * is taken out of it and turned away. */
static void
rpcListenerTurnAway(rpcListener *listener)
{
    int client;

    close(listener->spare);
    client = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (client >= 0)
        close(client);
    listener->spare = rpcListenerOpenSpare();
}

static gboolean
rpcListenerAccept(int fd, GIOCondition condition, void *opaque)
{
    rpcListener *listener = opaque;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (client >= 0) {
        listener->func(rpcTransportUnixNew(client), listener->readonly, listener->opaque);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        LOG_ERROR("cannot accept a client: %s", g_strerror(errno));
        rpcListenerTurnAway(listener);
    }
    return G_SOURCE_CONTINUE;
}

rpcListener *
rpcListenerNew(int fd, bool readonly, rpcListenerFunc func, void *opaque)
{
    rpcListener *listener = g_new0(rpcListener, 1);

    *listener = (rpcListener) {
        .fd = fd,
        .readonly = readonly,
        .func = func,
        .opaque = opaque,
        .spare = rpcListenerOpenSpare(),
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
    close(listener->spare);
    close(listener->fd);
    g_free(listener);
}
