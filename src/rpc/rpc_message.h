/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rpc_message.h: one message between memory and bytes, with all limits
 *
 * The layout is described in rpc_protocol.x.
 */

#pragma once

#include <glib.h>

#include "rpc/rpc_protocol.h"

/* A whole message that was received */
typedef struct _rpcMessage rpcMessage;
struct _rpcMessage {
    rpc_header header;
    GBytes *payload;
};

static inline void
rpcMessageClear(rpcMessage *msg)
{
    g_clear_pointer(&msg->payload, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rpcMessage, rpcMessageClear)

/* The message with @data as its payload; a NULL @filter is no payload. NULL after
 * reporting if @data does not fit the protocol's maxima or the message its own. */
GBytes *rpcMessageEncode(const rpc_header *header, xdrproc_t filter, const void *data);

/* The thread's last error as the reply to the call with @header. Never NULL. */
GBytes *rpcMessageEncodeError(const rpc_header *header);

/* The length that the first RPC_LENGTH_LEN bytes of a message claim; 0 after reporting
 * if that is less than a header or more than @max. */
guint32 rpcMessageDecodeLength(const guint8 *bytes, guint32 max);

/* Splits @bytes, a whole message after its length. 0, or -1 after reporting. */
int rpcMessageDecode(GBytes *bytes, rpcMessage *msg);

/* Decodes the payload into @data, which must be zeroed; the caller frees with xdr_free().
 * Bytes left over are an error. A NULL @filter expects no payload. On -1, reported,
 * @data holds nothing. */
int rpcMessageDecodePayload(const rpcMessage *msg, xdrproc_t filter, void *data);

/* Makes the error in the payload this thread's error. */
void rpcMessageRaiseError(const rpcMessage *msg);
