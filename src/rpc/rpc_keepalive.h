/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rpc_keepalive.h: whether the peer is still there, and the keepalive program's messages
 *
 * Knows no clock: the time, in microseconds of g_get_monotonic_time(), is an argument.
 */

#pragma once

#include <stdbool.h>

#include "rpc/rpc_message.h"

typedef struct _rpcKeepalive rpcKeepalive;
struct _rpcKeepalive {
    unsigned int interval; /* ms of silence before a ping; 0: never */
    unsigned int count;    /* pings without answer before the peer is dead */
    unsigned int missed;   /* pings since the peer was heard */
    gint64 due;            /* when to ping or give up */
};

void rpcKeepaliveInit(rpcKeepalive *keepalive, unsigned int interval, unsigned int count,
                      gint64 now);

/* Something, whatever it is, has come from the peer. */
void rpcKeepaliveHeard(rpcKeepalive *keepalive, gint64 now);

/* Nobody listened to the peer lately, so its silence means nothing. */
void rpcKeepaliveForgive(rpcKeepalive *keepalive);

/* How long to poll, in ms; -1 is for ever. */
int rpcKeepaliveTimeout(const rpcKeepalive *keepalive, gint64 now);

/* 1: send *@ping, new; 0: nothing to do; -1: reported, the peer is dead. */
int rpcKeepaliveTick(rpcKeepalive *keepalive, gint64 now, GBytes **ping);

/* Whether @msg is the keepalive program's. If it asks for an answer, *@pong is a new one. */
bool rpcKeepaliveTakes(const rpcMessage *msg, GBytes **pong);
