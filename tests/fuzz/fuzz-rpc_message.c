/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-rpc_message.c: the bytes are all that a peer sends, until it closes */

#include <libvirt/libvirt.h>

#include "pipe_transport.h"
#include "replay.h"
#include "rpc/rpc_keepalive.h"
#include "rpc/rpc_receiver.h"

static void
decode(const rpcMessage *msg)
{
    char *text = NULL;
    GBytes *pong = NULL;

    if (rpcMessageDecodePayload(msg, (xdrproc_t) xdr_rpc_nonnull_string, &text) == 0)
        xdr_free((xdrproc_t) xdr_rpc_nonnull_string, (char *) &text);
    if (msg->header.status == RPC_STATUS_ERROR) {
        rpcMessageRaiseError(msg);
        g_bytes_unref(rpcMessageEncodeError(&msg->header));
    }
    rpcKeepaliveTakes(msg, &pong);
    g_clear_pointer(&pong, g_bytes_unref);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pipeTransport pipe;
    rpcReceiver receiver;
    int rc;

    virInitialize();
    pipeTransportInit(&pipe, data, size);
    pipe.piece = 7;
    rpcReceiverInit(&receiver, RPC_MESSAGE_MAX);
    do {
        g_auto(rpcMessage) msg = { 0 };

        if ((rc = rpcReceiverNext(&receiver, &pipe.base, &msg)) > 0)
            decode(&msg);
    } while (rc >= 0);
    rpcReceiverClear(&receiver);
    pipeTransportClear(&pipe);
    return 0;
}
