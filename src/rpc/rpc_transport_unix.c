/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_transport_unix.c: bytes through a UNIX stream socket, and who is at its other end */

#include "rpc/rpc_transport_unix.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_RPC

/* How long to wait for room in the listener's queue */
#define RPC_TRANSPORT_UNIX_CONNECT_SECONDS 10

typedef struct _rpcTransportUnix rpcTransportUnix;
struct _rpcTransportUnix {
    rpcTransport base;
    int fd;
};

static ssize_t
rpcTransportUnixMoved(ssize_t moved, const char *what)
{
    if (moved >= 0)
        return moved;
    if (errno == EAGAIN || errno == EINTR)
        return 0;
    errorReportSystem(errno, "cannot %s data", what);
    return -1;
}

static ssize_t
rpcTransportUnixRecv(rpcTransport *transport, void *data, size_t len)
{
    ssize_t got = recv(((rpcTransportUnix *) transport)->fd, data, len, 0);

    if (got == 0) {
        errorReport(VIR_ERR_SYSTEM_ERROR, "%s", "the other side has closed the connection");
        return -1;
    }
    return rpcTransportUnixMoved(got, "receive");
}

static ssize_t
rpcTransportUnixSend(rpcTransport *transport, const void *data, size_t len)
{
    return rpcTransportUnixMoved(send(((rpcTransportUnix *) transport)->fd, data, len,
                                      MSG_NOSIGNAL),
                                 "send");
}

static int
rpcTransportUnixFd(rpcTransport *transport)
{
    return ((rpcTransportUnix *) transport)->fd;
}

static bool
rpcTransportUnixPending(rpcTransport *transport)
{
    return false;
}

static int
rpcTransportUnixIdentity(rpcTransport *transport, rpcIdentity *identity)
{
    int fd = ((rpcTransportUnix *) transport)->fd;
    struct ucred cred;
    socklen_t len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
        errorReportSystem(errno, "cannot get the credentials of the peer");
        return -1;
    }
    *identity = (rpcIdentity) { .pid = cred.pid, .uid = cred.uid, .gid = cred.gid };
    return 0;
}

static void
rpcTransportUnixClose(rpcTransport *transport)
{
    close(((rpcTransportUnix *) transport)->fd);
    g_free(transport);
}

static const rpcTransportOps rpcTransportUnixOps = {
    .recv = rpcTransportUnixRecv,
    .send = rpcTransportUnixSend,
    .fd = rpcTransportUnixFd,
    .pending = rpcTransportUnixPending,
    .identity = rpcTransportUnixIdentity,
    .close = rpcTransportUnixClose,
};

rpcTransport *
rpcTransportUnixNew(int fd)
{
    rpcTransportUnix *self = g_new0(rpcTransportUnix, 1);

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    self->base.ops = &rpcTransportUnixOps;
    self->fd = fd;
    return &self->base;
}

rpcTransport *
rpcTransportUnixConnect(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = RPC_TRANSPORT_UNIX_CONNECT_SECONDS };
    int fd;

    if (g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path)) >= sizeof(addr.sun_path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }

    if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
        return NULL;

    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
        connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return NULL;
    }
    return rpcTransportUnixNew(fd);
}
