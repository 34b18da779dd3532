/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rpc_session.h: one connected client, on the daemon's side
 *
 * All reading, writing and closing happens in the default main context; other threads
 * queue messages or ask for the end. A session that has ended stays as an object until
 * its last reference is gone, and drops what it is given.
 */

#pragma once

#include <stdbool.h>

#include "rpc/rpc_message.h"
#include "rpc/rpc_transport.h"

/* The biggest call that is received, and the most that events for a client may queue up */
#define RPC_SESSION_CALL_MAX (256 * 1024)
#define RPC_SESSION_EVENTS_MAX (1024 * 1024)

typedef struct _rpcSessionLimits rpcSessionLimits;
struct _rpcSessionLimits {
    unsigned int maxRequests;       /* calls in flight; then the socket is not read */
    unsigned int keepaliveInterval; /* ms of silence before a ping; 0: never ping */
    unsigned int keepaliveCount;    /* pings without answer before the end */
};

typedef struct _rpcSession rpcSession;

/* Called in the main context, without locks. */
typedef struct _rpcSessionCallbacks rpcSessionCallbacks;
struct _rpcSessionCallbacks {
    /* takes over the contents of @msg, a CALL; each needs exactly one rpcSessionReply() */
    void (*call)(rpcSession *session, rpcMessage *msg, void *opaque);
    /* once, the last callback */
    void (*closed)(rpcSession *session, void *opaque);
};

/* Takes over @transport; begins to read. The structs are copied. */
rpcSession *rpcSessionNew(rpcTransport *transport, const rpcIdentity *identity, bool readonly,
                          const rpcSessionLimits *limits, const rpcSessionCallbacks *callbacks,
                          void *opaque);
rpcSession *rpcSessionRef(rpcSession *session);
void rpcSessionUnref(rpcSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rpcSession, rpcSessionUnref)

/* Any thread. Queues the reply to a call. Takes over @reply. */
void rpcSessionReply(rpcSession *session, GBytes *reply);

/* Any thread. Queues an event; the bytes are shared, not copied. A client that lets more
 * than RPC_SESSION_EVENTS_MAX bytes of them wait is disconnected. */
void rpcSessionSend(rpcSession *session, GBytes *event);

/* Main context. No further calls; replies and events still go out. */
void rpcSessionStopReading(rpcSession *session);

/* Main context. Writes what can be written without waiting, then ends the session. */
void rpcSessionClose(rpcSession *session);

/* Any thread. A program's mark that the client introduced itself. */
void rpcSessionSetOpen(rpcSession *session);
bool rpcSessionIsOpen(rpcSession *session);

/* Any thread. A session can become read-only, and never read-write again. */
void rpcSessionSetReadonly(rpcSession *session);
bool rpcSessionIsReadonly(rpcSession *session);

/* Any thread. Calls @func on @opaque once, without locks: when the session ends, or at once
 * if it has. There is room for one. */
void rpcSessionAtEnd(rpcSession *session, GDestroyNotify func, void *opaque);
