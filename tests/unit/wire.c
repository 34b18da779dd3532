/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wire.c: blocking sockets, with an end to all waiting */

#include "wire.h"

#include <libvirt/virterror.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WIRE_PATIENCE_SECONDS 60

static void
wireSetPatience(int fd)
{
    const struct timeval patience = { .tv_sec = WIRE_PATIENCE_SECONDS };

    g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
}

void
wirePair(int fds[2])
{
    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    wireSetPatience(fds[1]);
}

int
wireConnect(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_no_errno(fd);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_no_errno(connect(fd, (struct sockaddr *) &addr, sizeof(addr)));
    wireSetPatience(fd);
    return fd;
}

void
wireWrite(int fd, const void *bytes, size_t len)
{
    g_assert_cmpint(send(fd, bytes, len, MSG_NOSIGNAL), ==, len);
}

void
wireSend(int fd, const rpc_header *header, xdrproc_t filter, const void *data)
{
    g_autoptr(GBytes) bytes = rpcMessageEncode(header, filter, data);
    gsize len;
    const void *start;

    g_assert_nonnull(bytes);
    start = g_bytes_get_data(bytes, &len);
    wireWrite(fd, start, len);
}

void
wirePing(int fd)
{
    const rpc_header ping = {
        .prog = RPC_KEEPALIVE_PROGRAM,
        .vers = RPC_KEEPALIVE_VERSION,
        .proc = RPC_KEEPALIVE_PING,
        .type = RPC_TYPE_MESSAGE,
    };

    wireSend(fd, &ping, NULL, NULL);
}

/* FALSE if the other end closes before or within */
static gboolean
wireRead(int fd, void *bytes, size_t len)
{
    ssize_t got = recv(fd, bytes, len, MSG_WAITALL);

    g_assert_true(got >= 0 || errno == ECONNRESET);
    return got == (ssize_t) len;
}

gboolean
wireReceive(int fd, rpcMessage *msg)
{
    g_autoptr(GBytes) bytes = NULL;
    g_autofree void *body = NULL;
    guint8 length[RPC_LENGTH_LEN];
    guint32 len;

    if (!wireRead(fd, length, sizeof(length)))
        return FALSE;
    len = rpcMessageDecodeLength(length, RPC_MESSAGE_MAX);
    g_assert_cmpuint(len, >, 0);
    body = g_malloc(len - RPC_LENGTH_LEN);
    if (!wireRead(fd, body, len - RPC_LENGTH_LEN))
        return FALSE;
    bytes = g_bytes_new_take(g_steal_pointer(&body), len - RPC_LENGTH_LEN);
    g_assert_cmpint(rpcMessageDecode(bytes, msg), ==, 0);
    return TRUE;
}

void
wireExpectClosed(int fd)
{
    char bytes[4096];
    ssize_t got;

    do
        got = recv(fd, bytes, sizeof(bytes), 0);
    while (got > 0);
    g_assert_true(got == 0 || errno == ECONNRESET);
}

char *
wireErrorText(const rpcMessage *msg, int *code)
{
    g_assert_cmpint(msg->header.type, ==, RPC_TYPE_REPLY);
    g_assert_cmpint(msg->header.status, ==, RPC_STATUS_ERROR);
    rpcMessageRaiseError(msg);
    *code = virGetLastErrorCode();
    return g_strdup(virGetLastErrorMessage());
}
