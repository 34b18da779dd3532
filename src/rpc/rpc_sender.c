/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_sender.c: how far the current message is written */

#include "rpc/rpc_sender.h"

void
rpcSenderStart(rpcSender *sender, GBytes *bytes)
{
    *sender = (rpcSender) { .bytes = bytes };
}

void
rpcSenderClear(rpcSender *sender)
{
    g_clear_pointer(&sender->bytes, g_bytes_unref);
}

int
rpcSenderContinue(rpcSender *sender, rpcTransport *transport)
{
    gsize len;
    const guint8 *data = g_bytes_get_data(sender->bytes, &len);

    while (sender->sent < len) {
        ssize_t moved = transport->ops->send(transport, data + sender->sent, len - sender->sent);

        if (moved <= 0)
            return moved;
        sender->sent += moved;
    }
    rpcSenderClear(sender);
    return 1;
}
