/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rpc_server.h: the serving side as a whole: listeners, sessions, programs, workers
 *
 * All functions are for the thread that runs the default main context.
 */

#pragma once

#include <stdbool.h>

#include "rpc/rpc_listener.h"
#include "rpc/rpc_program.h"

typedef struct _rpcServerLimits rpcServerLimits;
struct _rpcServerLimits {
    /* on the read-write and, counted apart, the read-only sockets; more are accepted and
     * disconnected at once */
    unsigned int maxClients;
    unsigned int maxReadonlyClients;
    unsigned int maxWorkers; /* calls that run at the same time */
    rpcSessionLimits session;
};

typedef struct _rpcServerCallbacks rpcServerCallbacks;
struct _rpcServerCallbacks {
    /* whether this peer may connect; logs why not. NULL: everybody may */
    bool (*accept)(const rpcIdentity *identity, bool readonly, void *opaque);
    /* the number of all clients has changed. NULL: not wanted */
    void (*clients)(unsigned int nclients, void *opaque);
};

typedef struct _rpcServer rpcServer;

/* @limits and @callbacks are copied. */
rpcServer *rpcServerNew(const rpcServerLimits *limits, const rpcServerCallbacks *callbacks,
                        void *opaque);

/* Before the first rpcServerListen(). @program must outlive the server. */
void rpcServerAddProgram(rpcServer *server, const rpcProgram *program);

/* Serves the clients of @fd, a listening socket that is taken over. */
void rpcServerListen(rpcServer *server, int fd, bool readonly);

/* Stops accepting and reading, runs the main context until no call is running, sends
 * the replies as far as the sockets take them, disconnects all clients and frees. */
void rpcServerFree(rpcServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rpcServer, rpcServerFree)
