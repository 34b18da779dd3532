/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rpc_receiver.h: puts whole messages together from what a transport delivers
 *
 * Memory grows with the bytes that arrive, never with the length that is claimed.
 */

#pragma once

#include "rpc/rpc_message.h"
#include "rpc/rpc_transport.h"

typedef struct _rpcReceiver rpcReceiver;
struct _rpcReceiver {
    guint32 max;       /* the longest message to accept */
    guint32 missing;   /* bytes to come; of the length itself until that is known */
    GByteArray *bytes; /* what is there, without the length; NULL while that is missing */
    guint8 length[RPC_LENGTH_LEN];
};

void rpcReceiverInit(rpcReceiver *receiver, guint32 max);
void rpcReceiverClear(rpcReceiver *receiver);

/* 1: *msg is filled; 0: nothing whole for now, poll; -1: reported, with VIR_ERR_RPC if the
 * peer sent nonsense. After -1 the connection is of no more use. */
int rpcReceiverNext(rpcReceiver *receiver, rpcTransport *transport, rpcMessage *msg);
