/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_server.c: joins listeners, sessions, workers and programs */

#include "rpc/rpc_server.h"

#include "util/error.h"
#include "util/log.h"

LOG_INIT("rpc.server");

/* The clients of one kind of socket */
typedef struct _rpcServerSide rpcServerSide;
struct _rpcServerSide {
    rpcServer *server;
    unsigned int nclients;
    unsigned int maxClients;
};

struct _rpcServer {
    /* all of the main context, but for running */
    rpcSessionLimits limits;
    rpcServerCallbacks callbacks;
    void *opaque;
    rpcServerSide sides[2]; /* read-write, read-only */
    GPtrArray *programs;
    GPtrArray *listeners;
    GPtrArray *sessions;
    GThreadPool *workers;
    gint running; /* atomic: calls that have no reply yet */
};

typedef struct _rpcServerTask rpcServerTask;
struct _rpcServerTask {
    rpcSession *session;
    rpcMessage call;
};

/* In a worker's thread */
static void
rpcServerRun(void *data, void *opaque)
{
    g_autofree rpcServerTask *task = data;
    rpcServer *server = opaque;

    rpcSessionReply(task->session,
                    rpcProgramDispatch((const rpcProgram *const *) server->programs->pdata,
                                       server->programs->len, task->session, &task->call));
    rpcMessageClear(&task->call);
    rpcSessionUnref(task->session);
    if (g_atomic_int_dec_and_test(&server->running))
        g_main_context_wakeup(NULL);
}

static void
rpcServerCall(rpcSession *session, rpcMessage *msg, void *opaque)
{
    rpcServer *server = ((rpcServerSide *) opaque)->server;
    rpcServerTask *task = g_new0(rpcServerTask, 1);

    task->session = rpcSessionRef(session);
    task->call = *msg;
    *msg = (rpcMessage) { 0 };
    g_atomic_int_inc(&server->running);
    g_thread_pool_push(server->workers, task, NULL);
}

static void
rpcServerTellClients(rpcServer *server)
{
    if (server->callbacks.clients)
        server->callbacks.clients(server->sessions->len, server->opaque);
}

static void
rpcServerClosed(rpcSession *session, void *opaque)
{
    rpcServerSide *side = opaque;

    side->nclients--;
    g_ptr_array_remove_fast(side->server->sessions, session);
    rpcServerTellClients(side->server);
}

static void
rpcServerAccept(rpcTransport *transport, bool readonly, void *opaque)
{
    static const rpcSessionCallbacks callbacks = {
        .call = rpcServerCall,
        .closed = rpcServerClosed,
    };
    g_autoptr(rpcTransport) refused = transport;
    rpcServerSide *side = opaque;
    rpcServer *server = side->server;
    rpcIdentity identity;

    if (transport->ops->identity(transport, &identity) < 0) {
        LOG_ERROR("client refused: %s", errorText());
        return;
    }
    if (side->nclients >= side->maxClients) {
        LOG_WARNING("client of pid %lld uid %lld refused: there are %u%s already",
                    (long long) identity.pid, (long long) identity.uid, side->nclients,
                    readonly ? " read-only" : "");
        return;
    }
    if (server->callbacks.accept && !server->callbacks.accept(&identity, readonly, server->opaque))
        return;

    LOG_INFO("client of pid %lld uid %lld connected%s", (long long) identity.pid,
             (long long) identity.uid, readonly ? " read-only" : "");
    side->nclients++;
    g_ptr_array_add(server->sessions, rpcSessionNew(g_steal_pointer(&refused), &identity, readonly,
                                                    &server->limits, &callbacks, side));
    rpcServerTellClients(server);
}

rpcServer *
rpcServerNew(const rpcServerLimits *limits, const rpcServerCallbacks *callbacks, void *opaque)
{
    rpcServer *server = g_new0(rpcServer, 1);

    server->limits = limits->session;
    server->sides[false] = (rpcServerSide) { server, 0, limits->maxClients };
    server->sides[true] = (rpcServerSide) { server, 0, limits->maxReadonlyClients };
    server->callbacks = *callbacks;
    server->opaque = opaque;
    server->programs = g_ptr_array_new();
    server->listeners = g_ptr_array_new_with_free_func((GDestroyNotify) rpcListenerFree);
    server->sessions = g_ptr_array_new_with_free_func((GDestroyNotify) rpcSessionUnref);
    server->workers = g_thread_pool_new(rpcServerRun, server, limits->maxWorkers, FALSE, NULL);
    return server;
}

void
rpcServerAddProgram(rpcServer *server, const rpcProgram *program)
{
    g_ptr_array_add(server->programs, (void *) program);
}

void
rpcServerListen(rpcServer *server, int fd, bool readonly)
{
    g_ptr_array_add(server->listeners,
                    rpcListenerNew(fd, readonly, rpcServerAccept, &server->sides[readonly]));
}

void
rpcServerFree(rpcServer *server)
{
    if (!server)
        return;

    g_clear_pointer(&server->listeners, g_ptr_array_unref);
    for (guint i = 0; i < server->sessions->len; i++)
        rpcSessionStopReading(g_ptr_array_index(server->sessions, i));
    while (g_atomic_int_get(&server->running) > 0)
        g_main_context_iteration(NULL, TRUE);
    g_thread_pool_free(server->workers, FALSE, TRUE);

    while (server->sessions->len > 0)
        rpcSessionClose(g_ptr_array_index(server->sessions, 0));
    g_ptr_array_unref(server->sessions);
    g_ptr_array_unref(server->programs);
    g_free(server);
}
