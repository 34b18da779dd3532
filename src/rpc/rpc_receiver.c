/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_receiver.c: the message that is arriving: first its length, then the rest */

#include "rpc/rpc_receiver.h"

/* The first piece of a message; each further one may be as big as all before */
#define RPC_RECEIVER_PIECE (64 * 1024)

void
rpcReceiverInit(rpcReceiver *receiver, guint32 max)
{
    *receiver = (rpcReceiver) { .max = max, .missing = RPC_LENGTH_LEN };
}

void
rpcReceiverClear(rpcReceiver *receiver)
{
    g_clear_pointer(&receiver->bytes, g_byte_array_unref);
    receiver->missing = RPC_LENGTH_LEN;
}

static int
rpcReceiverLength(rpcReceiver *receiver, rpcTransport *transport)
{
    while (receiver->missing > 0) {
        guint8 *end = receiver->length + RPC_LENGTH_LEN - receiver->missing;
        ssize_t got = transport->ops->recv(transport, end, receiver->missing);

        if (got <= 0)
            return got;
        receiver->missing -= got;
    }

    receiver->missing = rpcMessageDecodeLength(receiver->length, receiver->max);
    if (receiver->missing == 0)
        return -1;
    receiver->missing -= RPC_LENGTH_LEN;
    receiver->bytes = g_byte_array_new();
    return 1;
}

static int
rpcReceiverRest(rpcReceiver *receiver, rpcTransport *transport)
{
    while (receiver->missing > 0) {
        guint have = receiver->bytes->len;
        guint piece = MIN(receiver->missing, MAX(have, RPC_RECEIVER_PIECE));
        ssize_t got;

        g_byte_array_set_size(receiver->bytes, have + piece);
        got = transport->ops->recv(transport, receiver->bytes->data + have, piece);
        g_byte_array_set_size(receiver->bytes, have + MAX(got, 0));
        if (got <= 0)
            return got;
        receiver->missing -= got;
    }
    return 1;
}

int
rpcReceiverNext(rpcReceiver *receiver, rpcTransport *transport, rpcMessage *msg)
{
    g_autoptr(GBytes) bytes = NULL;
    int rc;

    if (!receiver->bytes && (rc = rpcReceiverLength(receiver, transport)) <= 0)
        return rc;
    if ((rc = rpcReceiverRest(receiver, transport)) <= 0)
        return rc;

    bytes = g_byte_array_free_to_bytes(g_steal_pointer(&receiver->bytes));
    receiver->missing = RPC_LENGTH_LEN;
    return rpcMessageDecode(bytes, msg) < 0 ? -1 : 1;
}
