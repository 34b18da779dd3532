/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_sender-test.c: a message leaves whole, whatever the pieces */

#include "rpc/rpc_sender.h"

#include "pipe_transport.h"

static void
testPieces(void)
{
    for (gsize piece = 1; piece < 20; piece++) {
        rpcSender sender = { 0 };
        pipeTransport pipe;
        int rc;

        pipeTransportInit(&pipe, NULL, 0);
        pipe.piece = piece;
        pipe.pauses = TRUE;
        for (int i = 0; i < 2; i++) {
            rpcSenderStart(&sender, g_bytes_new_static("0123456789abcdef", 16));
            while ((rc = rpcSenderContinue(&sender, &pipe.base)) == 0)
                g_assert_nonnull(sender.bytes);
            g_assert_cmpint(rc, ==, 1);
            g_assert_null(sender.bytes);
        }
        g_assert_cmpmem(pipe.out->data, pipe.out->len, "0123456789abcdef0123456789abcdef", 32);
        pipeTransportClear(&pipe);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_sender/pieces", testPieces);
    return g_test_run();
}
