/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_keepalive.c: counts the pings that a silent peer leaves unanswered */

#include "rpc/rpc_keepalive.h"

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_RPC

void
rpcKeepaliveInit(rpcKeepalive *keepalive, unsigned int interval, unsigned int count, gint64 now)
{
    *keepalive = (rpcKeepalive) { .interval = interval, .count = count };
    rpcKeepaliveHeard(keepalive, now);
}

void
rpcKeepaliveHeard(rpcKeepalive *keepalive, gint64 now)
{
    keepalive->missed = 0;
    keepalive->due = now + keepalive->interval * (gint64) 1000;
}

void
rpcKeepaliveForgive(rpcKeepalive *keepalive)
{
    keepalive->missed = 0;
}

int
rpcKeepaliveTimeout(const rpcKeepalive *keepalive, gint64 now)
{
    if (keepalive->interval == 0)
        return -1;
    /* rounded up, so that it is due when the poll returns */
    return MAX(0, (keepalive->due - now + 999) / 1000);
}

static GBytes *
rpcKeepaliveMessage(int proc)
{
    const rpc_header header = {
        .prog = RPC_KEEPALIVE_PROGRAM,
        .vers = RPC_KEEPALIVE_VERSION,
        .proc = proc,
        .type = RPC_TYPE_MESSAGE,
    };

    return rpcMessageEncode(&header, NULL, NULL);
}

int
rpcKeepaliveTick(rpcKeepalive *keepalive, gint64 now, GBytes **ping)
{
    if (keepalive->interval == 0 || now < keepalive->due)
        return 0;

    if (keepalive->missed >= keepalive->count) {
        errorReport(VIR_ERR_RPC, "no answer to %u keepalive messages", keepalive->missed);
        return -1;
    }
    keepalive->missed++;
    keepalive->due = now + keepalive->interval * (gint64) 1000;
    *ping = rpcKeepaliveMessage(RPC_KEEPALIVE_PING);
    return 1;
}

bool
rpcKeepaliveTakes(const rpcMessage *msg, GBytes **pong)
{
    if (msg->header.prog != RPC_KEEPALIVE_PROGRAM || msg->header.vers != RPC_KEEPALIVE_VERSION ||
        msg->header.type != RPC_TYPE_MESSAGE)
        return false;

    if (msg->header.proc == RPC_KEEPALIVE_PING)
        *pong = rpcKeepaliveMessage(RPC_KEEPALIVE_PONG);
    return true;
}
