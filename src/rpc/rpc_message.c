/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_message.c: XDR in and out of whole messages, and errors as payloads */

#include "rpc/rpc_message.h"

#include <string.h>
#include <stdbool.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_RPC

G_STATIC_ASSERT(sizeof(guint32) == RPC_LENGTH_LEN);

static bool
rpcMessageWrite(XDR *xdrs, guint32 len, const rpc_header *header, xdrproc_t filter,
                const void *data)
{
    return xdr_uint32_t(xdrs, &len) && xdr_rpc_header(xdrs, (rpc_header *) header) &&
           (!filter || filter(xdrs, (void *) data));
}

GBytes *
rpcMessageEncode(const rpc_header *header, xdrproc_t filter, const void *data)
{
    const unsigned long empty = RPC_LENGTH_LEN + RPC_HEADER_LEN;
    /* 0 if @filter fails: data beyond its maxima */
    unsigned long payload = filter ? xdr_sizeof(filter, (void *) data) : 0;
    unsigned long len = empty + payload;
    g_autofree char *bytes = NULL;
    bool written;
    XDR xdrs;

    if (len > RPC_MESSAGE_MAX) {
        errorReport(VIR_ERR_RPC, "message of %lu bytes is longer than %u", len, RPC_MESSAGE_MAX);
        return NULL;
    }

    bytes = g_malloc(len);
    xdrmem_create(&xdrs, bytes, len, XDR_ENCODE);
    written = rpcMessageWrite(&xdrs, len, header, filter, data);
    xdr_destroy(&xdrs);
    if (!written) {
        errorReport(VIR_ERR_RPC, "%s", "Unable to encode message payload");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&bytes), len);
}

/* An absent optional string, or one that is there */
static rpc_string
rpcMessageOptional(char **value)
{
    return *value ? value : NULL;
}

static const char *
rpcMessageOptionalText(rpc_string value)
{
    return value ? *value : NULL;
}

GBytes *
rpcMessageEncodeError(const rpc_header *header)
{
    virErrorPtr last = virGetLastError();
    char *unset = (char *) "an operation failed without saying why";
    rpc_header reply = *header;
    rpc_error error = {
        .code = VIR_ERR_INTERNAL_ERROR,
        .domain = VIR_FROM_THIS,
        .level = VIR_ERR_ERROR,
        .message = &unset,
    };
    GBytes *bytes;

    reply.type = RPC_TYPE_REPLY;
    reply.status = RPC_STATUS_ERROR;

    if (last && last->code != VIR_ERR_OK) {
        error.code = last->code;
        error.domain = last->domain;
        error.level = last->level;
        error.message = rpcMessageOptional(&last->message);
        error.str1 = rpcMessageOptional(&last->str1);
        error.str2 = rpcMessageOptional(&last->str2);
        error.str3 = rpcMessageOptional(&last->str3);
        error.int1 = last->int1;
        error.int2 = last->int2;
    }

    bytes = rpcMessageEncode(&reply, (xdrproc_t) xdr_rpc_error, &error);
    if (!bytes) {
        /* only texts can be too long */
        error.message = error.str1 = error.str2 = error.str3 = NULL;
        bytes = rpcMessageEncode(&reply, (xdrproc_t) xdr_rpc_error, &error);
    }
    return bytes;
}

guint32
rpcMessageDecodeLength(const guint8 *bytes, guint32 max)
{
    guint32 len;

    memcpy(&len, bytes, sizeof(len));
    len = GUINT32_FROM_BE(len);
    if (len < RPC_LENGTH_LEN + RPC_HEADER_LEN || len > max) {
        errorReport(VIR_ERR_RPC, "message length %u is not between %u and %u", len,
                    RPC_LENGTH_LEN + RPC_HEADER_LEN, max);
        return 0;
    }
    return len;
}

int
rpcMessageDecode(GBytes *bytes, rpcMessage *msg)
{
    gsize len;
    const guint8 *data = g_bytes_get_data(bytes, &len);
    rpc_header header = { 0 };
    XDR xdrs;

    xdrmem_create(&xdrs, (char *) data, len, XDR_DECODE);
    if (!xdr_rpc_header(&xdrs, &header) || header.type < RPC_TYPE_CALL ||
        header.type > RPC_TYPE_STREAM_HOLE || header.status < RPC_STATUS_OK ||
        header.status > RPC_STATUS_CONTINUE) {
        xdr_destroy(&xdrs);
        errorReport(VIR_ERR_RPC, "%s", "Unable to decode message header");
        return -1;
    }
    xdr_destroy(&xdrs);

    msg->header = header;
    msg->payload = g_bytes_new_from_bytes(bytes, RPC_HEADER_LEN, len - RPC_HEADER_LEN);
    return 0;
}

int
rpcMessageDecodePayload(const rpcMessage *msg, xdrproc_t filter, void *data)
{
    gsize len;
    const guint8 *bytes = g_bytes_get_data(msg->payload, &len);
    bool whole;
    XDR xdrs;

    xdrmem_create(&xdrs, (char *) bytes, len, XDR_DECODE);
    whole = (!filter || filter(&xdrs, data)) && xdr_getpos(&xdrs) == len;
    xdr_destroy(&xdrs);
    if (!whole) {
        if (filter)
            xdr_free(filter, data);
        errorReport(VIR_ERR_RPC, "%s", "Unable to decode message payload");
        return -1;
    }
    return 0;
}

void
rpcMessageRaiseError(const rpcMessage *msg)
{
    rpc_error error = { 0 };
    const char *message;

    if (rpcMessageDecodePayload(msg, (xdrproc_t) xdr_rpc_error, &error) < 0)
        return;

    message = rpcMessageOptionalText(error.message);
    errorRaise(error.domain, error.code == VIR_ERR_OK ? VIR_ERR_INTERNAL_ERROR : error.code,
               error.level, message ? message : "unknown error", rpcMessageOptionalText(error.str1),
               rpcMessageOptionalText(error.str2), rpcMessageOptionalText(error.str3), error.int1,
               error.int2);
    xdr_free((xdrproc_t) xdr_rpc_error, (char *) &error);
}
