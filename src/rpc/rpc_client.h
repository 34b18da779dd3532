/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rpc_client.h: the calling side of one connection, for any number of threads
 *
 * A thread of its own does all reading, writing and closing. It ends the connection when
 * that is lost, when it is told to, or when nobody has used it for a while; from then on
 * every call, waiting or new, fails at once with the reason.
 */

#pragma once

#include <stdbool.h>

#include "rpc/rpc_message.h"
#include "rpc/rpc_transport.h"

typedef struct _rpcClient rpcClient;

typedef struct _rpcClientConfig rpcClientConfig;
struct _rpcClientConfig {
    unsigned int keepaliveInterval; /* ms of silence before a ping; 0: never ping */
    unsigned int keepaliveCount;    /* pings without answer before the end */
    unsigned int idleTimeout;       /* ms without a reference before the end */

    /* Both are called in the client's thread, without locks, and may do anything but call.
     * A message nobody asked for: an event */
    void (*message)(rpcClient *client, const rpcMessage *msg);
    /* once, the last: the connection has ended */
    void (*closed)(rpcClient *client, const char *reason);
};

/* Takes over @transport. @name is for people: where the connection leads. The @config must
 * stay. Returns the first reference, or NULL after reporting. */
rpcClient *rpcClientNew(rpcTransport *transport, const char *name, const rpcClientConfig *config);

/* One more reference; false, and none, if the connection has ended or is the parent
 * process's. For a caller that has none, @client is valid until closed() returns. */
bool rpcClientRef(rpcClient *client);
void rpcClientUnref(rpcClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rpcClient, rpcClientUnref)

const char *rpcClientGetName(const rpcClient *client);

/* Sends the arguments and waits for the reply, which is decoded into @ret, zeroed by the
 * caller and freed by it with xdr_free() on success. Both filters may be NULL. 0, or -1
 * with the error that the peer sent, or VIR_ERR_RPC if there is no answer. */
int rpcClientCall(rpcClient *client, guint32 prog, guint32 vers, int proc, xdrproc_t argsFilter,
                  const void *args, xdrproc_t retFilter, void *ret);

/* Any thread, callbacks too: asks for the end, and does not wait for it. */
void rpcClientClose(rpcClient *client);
