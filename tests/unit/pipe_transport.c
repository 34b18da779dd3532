/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pipe_transport.c: recv and send on two buffers */

#include "pipe_transport.h"

#include <string.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_RPC

static gsize
pipeTransportStep(pipeTransport *self, gsize len)
{
    if (self->pauses && self->calls++ % 2 == 0)
        return 0;
    return self->piece ? MIN(len, self->piece) : len;
}

static ssize_t
pipeTransportRecv(rpcTransport *transport, void *data, size_t len)
{
    pipeTransport *self = (pipeTransport *) transport;
    gsize moved = pipeTransportStep(self, MIN(len, self->inLen));

    self->biggestAsked = MAX(self->biggestAsked, len);
    if (self->inLen == 0) {
        errorReport(VIR_ERR_SYSTEM_ERROR, "%s", "end of input");
        return -1;
    }
    memcpy(data, self->in, moved);
    self->in += moved;
    self->inLen -= moved;
    return moved;
}

static ssize_t
pipeTransportSend(rpcTransport *transport, const void *data, size_t len)
{
    pipeTransport *self = (pipeTransport *) transport;
    gsize moved = pipeTransportStep(self, len);

    g_byte_array_append(self->out, data, moved);
    return moved;
}

static const rpcTransportOps pipeTransportOps = {
    .recv = pipeTransportRecv,
    .send = pipeTransportSend,
};

void
pipeTransportInit(pipeTransport *self, const void *in, gsize inLen)
{
    *self = (pipeTransport) {
        .base.ops = &pipeTransportOps,
        .in = in,
        .inLen = inLen,
        .out = g_byte_array_new(),
    };
}

void
pipeTransportClear(pipeTransport *self)
{
    g_byte_array_unref(self->out);
}
