/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_keepalive-test.c: steps through time, and the two messages */

#include "rpc/rpc_keepalive.h"

#include "util/error.h"

#define SECOND G_USEC_PER_SEC

static void
testSilence(void)
{
    rpcKeepalive keepalive;
    GBytes *ping = NULL;

    rpcKeepaliveInit(&keepalive, 5000, 2, 100 * SECOND);
    g_assert_cmpint(rpcKeepaliveTimeout(&keepalive, 100 * SECOND), ==, 5000);
    g_assert_cmpint(rpcKeepaliveTick(&keepalive, 105 * SECOND - 1, &ping), ==, 0);
    g_assert_cmpint(rpcKeepaliveTimeout(&keepalive, 105 * SECOND - 1), ==, 1);

    for (int i = 1; i <= 2; i++) {
        gint64 now = (100 + i * 5) * (gint64) SECOND;

        g_assert_cmpint(rpcKeepaliveTimeout(&keepalive, now), ==, 0);
        g_assert_cmpint(rpcKeepaliveTick(&keepalive, now, &ping), ==, 1);
        g_clear_pointer(&ping, g_bytes_unref);
        g_assert_cmpint(rpcKeepaliveTick(&keepalive, now, &ping), ==, 0);
    }
    g_assert_cmpint(rpcKeepaliveTick(&keepalive, 115 * SECOND, &ping), ==, -1);
    g_assert_nonnull(strstr(errorText(), "no answer to 2 keepalive messages"));
    g_assert_null(ping);
}

static void
testHeard(void)
{
    rpcKeepalive keepalive;
    GBytes *ping = NULL;

    rpcKeepaliveInit(&keepalive, 5000, 1, 0);
    for (int i = 1; i < 10; i++) {
        g_assert_cmpint(rpcKeepaliveTick(&keepalive, i * 6 * (gint64) SECOND, &ping), ==, 1);
        g_clear_pointer(&ping, g_bytes_unref);
        rpcKeepaliveHeard(&keepalive, i * 6 * (gint64) SECOND);
    }
}

/* Pings go on, so that the peer hears us, but do not count. */
static void
testForgiven(void)
{
    rpcKeepalive keepalive;
    GBytes *ping = NULL;

    rpcKeepaliveInit(&keepalive, 5000, 1, 0);
    for (int i = 1; i < 10; i++) {
        rpcKeepaliveForgive(&keepalive);
        g_assert_cmpint(rpcKeepaliveTick(&keepalive, i * 5 * (gint64) SECOND, &ping), ==, 1);
        g_clear_pointer(&ping, g_bytes_unref);
    }
}

static void
testOff(void)
{
    rpcKeepalive keepalive;
    GBytes *ping = NULL;

    rpcKeepaliveInit(&keepalive, 0, 5, 0);
    g_assert_cmpint(rpcKeepaliveTimeout(&keepalive, 0), ==, -1);
    g_assert_cmpint(rpcKeepaliveTick(&keepalive, 1000 * (gint64) SECOND, &ping), ==, 0);
}

static void
testMessages(void)
{
    static const guint8 expected[] = {
        0x00, 0x00, 0x00, 0x1c, 'k',  'e',  'e',  'p',  0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
        0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    };
    rpcMessage msg = {
        .header = {
            .prog = RPC_KEEPALIVE_PROGRAM,
            .vers = RPC_KEEPALIVE_VERSION,
            .proc = RPC_KEEPALIVE_PING,
            .type = RPC_TYPE_MESSAGE,
        },
    };
    g_autoptr(GBytes) pong = NULL;
    GBytes *none = NULL;
    gsize len;
    const void *data;

    g_assert_true(rpcKeepaliveTakes(&msg, &pong));
    data = g_bytes_get_data(pong, &len);
    g_assert_cmpmem(data, len, expected, sizeof(expected));

    msg.header.proc = RPC_KEEPALIVE_PONG;
    g_assert_true(rpcKeepaliveTakes(&msg, &none));
    msg.header.type = RPC_TYPE_CALL;
    g_assert_false(rpcKeepaliveTakes(&msg, &none));
    msg.header.type = RPC_TYPE_MESSAGE;
    msg.header.prog++;
    g_assert_false(rpcKeepaliveTakes(&msg, &none));
    g_assert_null(none);
}

int
main(int argc, char **argv)
{
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_keepalive/silence", testSilence);
    g_test_add_func("/rpc_keepalive/heard", testHeard);
    g_test_add_func("/rpc_keepalive/forgiven", testForgiven);
    g_test_add_func("/rpc_keepalive/off", testOff);
    g_test_add_func("/rpc_keepalive/messages", testMessages);
    return g_test_run();
}
