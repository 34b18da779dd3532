/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_receiver-test.c: messages in pieces, several at once, cut off and too long */

#include "rpc/rpc_receiver.h"

#include "pipe_transport.h"
#include "util/error.h"

static const rpc_header header = { .prog = 1, .vers = 1, .proc = 1, .serial = 7 };

static GBytes *
makeMessage(gsize textLen)
{
    g_autofree char *text = g_strnfill(textLen, 'x');

    return rpcMessageEncode(&header, (xdrproc_t) xdr_rpc_nonnull_string, &text);
}

static void
assertText(const rpcMessage *msg, gsize textLen)
{
    char *text = NULL;

    g_assert_cmpint(rpcMessageDecodePayload(msg, (xdrproc_t) xdr_rpc_nonnull_string, &text), ==, 0);
    g_assert_cmpuint(strlen(text), ==, textLen);
    xdr_free((xdrproc_t) xdr_rpc_nonnull_string, (char *) &text);
}

static void
receive(gsize textLen, gsize piece)
{
    g_autoptr(GBytes) bytes = makeMessage(textLen);
    g_auto(rpcMessage) msg = { 0 };
    pipeTransport pipe;
    rpcReceiver receiver;
    int rc;

    pipeTransportInit(&pipe, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    pipe.piece = piece;
    pipe.pauses = TRUE;
    rpcReceiverInit(&receiver, RPC_MESSAGE_MAX);
    while ((rc = rpcReceiverNext(&receiver, &pipe.base, &msg)) == 0)
        continue;
    g_assert_cmpint(rc, ==, 1);
    g_assert_cmpuint(msg.header.serial, ==, 7);
    assertText(&msg, textLen);
    rpcReceiverClear(&receiver);
    pipeTransportClear(&pipe);
}

static void
testPieces(void)
{
    for (gsize piece = 1; piece < 50; piece++)
        receive(20, piece);
    receive(0, 1);
    receive(300000, 1000);
    receive(RPC_STRING_MAX, 100000);
}

static void
testSeveral(void)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    pipeTransport pipe;
    rpcReceiver receiver;

    for (gsize len = 0; len < 10; len++) {
        g_autoptr(GBytes) bytes = makeMessage(len);

        g_byte_array_append(stream, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    }
    pipeTransportInit(&pipe, stream->data, stream->len);
    rpcReceiverInit(&receiver, RPC_MESSAGE_MAX);
    for (gsize len = 0; len < 10; len++) {
        g_auto(rpcMessage) msg = { 0 };

        g_assert_cmpint(rpcReceiverNext(&receiver, &pipe.base, &msg), ==, 1);
        assertText(&msg, len);
    }
    pipeTransportClear(&pipe);
}

static void
assertRefused(const void *bytes, gsize len, guint32 max, int code)
{
    g_auto(rpcMessage) msg = { 0 };
    pipeTransport pipe;
    rpcReceiver receiver;

    pipeTransportInit(&pipe, bytes, len);
    rpcReceiverInit(&receiver, max);
    g_assert_cmpint(rpcReceiverNext(&receiver, &pipe.base, &msg), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, code);
    rpcReceiverClear(&receiver);
    pipeTransportClear(&pipe);
}

static void
testCutOff(void)
{
    g_autoptr(GBytes) bytes = makeMessage(20);

    for (gsize len = 0; len < g_bytes_get_size(bytes); len++)
        assertRefused(g_bytes_get_data(bytes, NULL), len, RPC_MESSAGE_MAX, VIR_ERR_SYSTEM_ERROR);
}

static void
testTooLong(void)
{
    g_autoptr(GBytes) bytes = makeMessage(20);

    assertRefused(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                  g_bytes_get_size(bytes) - 1, VIR_ERR_RPC);
}

/* A length alone takes no memory. */
static void
testClaim(void)
{
    static const guint8 claim[RPC_LENGTH_LEN + 100] = { 0x02, 0x00, 0x00, 0x04 };
    g_auto(rpcMessage) msg = { 0 };
    pipeTransport pipe;
    rpcReceiver receiver;

    pipeTransportInit(&pipe, claim, sizeof(claim));
    rpcReceiverInit(&receiver, RPC_MESSAGE_MAX);
    g_assert_cmpint(rpcReceiverNext(&receiver, &pipe.base, &msg), ==, -1);
    g_assert_cmpuint(pipe.biggestAsked, <=, 64 * 1024);
    rpcReceiverClear(&receiver);
    pipeTransportClear(&pipe);
}

int
main(int argc, char **argv)
{
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_receiver/pieces", testPieces);
    g_test_add_func("/rpc_receiver/several", testSeveral);
    g_test_add_func("/rpc_receiver/n_cut-off", testCutOff);
    g_test_add_func("/rpc_receiver/n_too-long", testTooLong);
    g_test_add_func("/rpc_receiver/claim", testClaim);
    return g_test_run();
}
