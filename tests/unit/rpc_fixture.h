/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_fixture.h: a server with its sockets, running in a thread beside the test */

#pragma once

#include "rpc/rpc_server.h"

typedef struct _rpcFixture rpcFixture;
struct _rpcFixture {
    /* the test's to set before rpcFixtureStart(); zero: the defaults of rpc_fixture.c */
    char *dir; /* where the sockets are; NULL: a new one */
    rpcServerLimits limits;
    bool (*accept)(const rpcIdentity *identity, bool readonly, void *opaque);
    const rpcProgram *program;

    char *path;
    char *readonlyPath;

    GThread *thread;
    GMainLoop *loop;
    rpcServer *server;
    bool quitting;
    GMutex lock;
    GCond cond;
    unsigned int clients; /* protected by lock */
};

void rpcFixtureStart(rpcFixture *fix);
/* Asks the server to end; rpcFixtureStop() does so too, and waits for it. */
void rpcFixtureQuit(rpcFixture *fix);
void rpcFixtureStop(rpcFixture *fix);

void rpcFixtureWaitForClients(rpcFixture *fix, unsigned int count);
