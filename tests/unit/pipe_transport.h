/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pipe_transport.h: a transport over memory, in pieces and with pauses as the test wants */

#pragma once

#include "rpc/rpc_transport.h"

typedef struct _pipeTransport pipeTransport;
struct _pipeTransport {
    rpcTransport base;
    const guint8 *in; /* what recv delivers; then -1 */
    gsize inLen;
    gsize biggestAsked; /* the most that recv was asked for */
    GByteArray *out;    /* what send took */
    gsize piece;        /* the most that one call moves; 0: no limit */
    gboolean pauses;    /* every other call moves nothing */
    unsigned int calls;
};

void pipeTransportInit(pipeTransport *self, const void *in, gsize inLen);
void pipeTransportClear(pipeTransport *self);
