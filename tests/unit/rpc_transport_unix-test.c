/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_transport_unix-test.c: connecting, the peer's identity, and a peer that leaves */

#include "rpc/rpc_transport_unix.h"

#include <errno.h>
#include <unistd.h>

#include "util/error.h"
#include "wire.h"

static void
testMove(void)
{
    g_autoptr(rpcTransport) transport = NULL;
    char bytes[16];
    int fds[2];

    wirePair(fds);
    transport = rpcTransportUnixNew(fds[0]);
    g_assert_cmpint(transport->ops->fd(transport), ==, fds[0]);
    g_assert_cmpint(transport->ops->recv(transport, bytes, sizeof(bytes)), ==, 0);
    g_assert_cmpint(transport->ops->send(transport, "abc", 3), ==, 3);
    g_assert_cmpint(read(fds[1], bytes, sizeof(bytes)), ==, 3);
    wireWrite(fds[1], "defg", 4);
    g_assert_cmpint(transport->ops->recv(transport, bytes, sizeof(bytes)), ==, 4);
    g_assert_false(transport->ops->pending(transport));

    close(fds[1]);
    g_assert_cmpint(transport->ops->recv(transport, bytes, sizeof(bytes)), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_cmpint(transport->ops->send(transport, "abc", 3), ==, -1);
    g_assert_nonnull(strstr(errorText(), g_strerror(EPIPE)));
}

static void
testFull(void)
{
    g_autoptr(rpcTransport) transport = NULL;
    char bytes[4096] = { 0 };
    ssize_t sent;
    int fds[2];

    wirePair(fds);
    transport = rpcTransportUnixNew(fds[0]);
    do
        sent = transport->ops->send(transport, bytes, sizeof(bytes));
    while (sent > 0);
    g_assert_cmpint(sent, ==, 0);
    close(fds[1]);
}

static void
testIdentity(void)
{
    g_autoptr(rpcTransport) transport = NULL;
    rpcIdentity identity;
    int fds[2];

    wirePair(fds);
    transport = rpcTransportUnixNew(fds[0]);
    g_assert_cmpint(transport->ops->identity(transport, &identity), ==, 0);
    g_assert_cmpint(identity.pid, ==, getpid());
    g_assert_cmpint(identity.uid, ==, geteuid());
    g_assert_cmpint(identity.gid, ==, getegid());
    close(fds[1]);
}

static void
testConnect(void)
{
    g_autofree char *longPath = g_strnfill(200, 'x');

    g_assert_null(rpcTransportUnixConnect("/nonexistent/virtstreamd-sock"));
    g_assert_cmpint(errno, ==, ENOENT);
    g_assert_null(rpcTransportUnixConnect(longPath));
    g_assert_cmpint(errno, ==, ENAMETOOLONG);
}

int
main(int argc, char **argv)
{
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_transport_unix/move", testMove);
    g_test_add_func("/rpc_transport_unix/full", testFull);
    g_test_add_func("/rpc_transport_unix/identity", testIdentity);
    g_test_add_func("/rpc_transport_unix/n_connect", testConnect);
    return g_test_run();
}
