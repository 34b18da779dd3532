/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_sender.h: the one message that is being written to a transport, piece by piece */

#pragma once

#include "rpc/rpc_transport.h"

typedef struct _rpcSender rpcSender;
struct _rpcSender {
    GBytes *bytes; /* NULL: ready for the next */
    gsize sent;
};

/* Takes over @bytes; the sender must be ready. */
void rpcSenderStart(rpcSender *sender, GBytes *bytes);
void rpcSenderClear(rpcSender *sender);

/* 1: all is written, the sender is ready; 0: not now, poll; -1: reported */
int rpcSenderContinue(rpcSender *sender, rpcTransport *transport);
