/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rpc_client.c: waiting calls by serial, and the thread that serves the socket
 *
 *   callers ──► outgoing ──► thread ──► socket
 *   callers ◄── calls    ◄── thread ◄── socket ──► config.message
 */

#include "rpc/rpc_client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rpc/rpc_keepalive.h"
#include "rpc/rpc_receiver.h"
#include "rpc/rpc_sender.h"
#include "util/error.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_RPC

LOG_INIT("rpc.client");

struct _rpcClient {
    char *name;
    const rpcClientConfig *config;
    pid_t pid;    /* whose threads a fork does not copy */
    int wake;     /* eventfd: there is something to write, or to end */
    guint serial; /* atomic, the last one used */

    /* of the thread */
    rpcTransport *transport;
    rpcReceiver receiver;
    rpcSender sender;
    rpcKeepalive keepalive;

    GMutex lock;       /* protects all below; nothing else is locked while it is held */
    unsigned int refs; /* without the thread's */
    gint64 unused;     /* since when refs is 0 */
    bool closing;      /* asked to end */
    char *ended;       /* why; NULL: it has not. Set once, then free to read */
    bool gone;         /* the thread will not touch the client any more */
    GQueue outgoing;   /* of GBytes */
    GHashTable *calls; /* serial -> rpcClientWait, on its caller's stack */
};

/* A call that waits; protected by the client's lock */
typedef struct _rpcClientWait rpcClientWait;
struct _rpcClientWait {
    rpc_header header;
    bool replied;
    rpcMessage reply;
    GCond cond; /* replied, or the client's ended, has changed */
};

static void
rpcClientFree(rpcClient *client)
{
    g_hash_table_unref(client->calls);
    g_mutex_clear(&client->lock);
    close(client->wake);
    g_free(client->ended);
    g_free(client->name);
    g_free(client);
}

bool
rpcClientRef(rpcClient *client)
{
    if (client->pid != getpid())
        return false;

    LOCK_SCOPE(&client->lock);
    if (client->ended || client->closing)
        return false;
    client->refs++;
    return true;
}

void
rpcClientUnref(rpcClient *client)
{
    bool last;

    if (!client)
        return;
    g_mutex_lock(&client->lock);
    client->refs--;
    client->unused = g_get_monotonic_time();
    last = client->refs == 0 && client->gone;
    g_mutex_unlock(&client->lock);
    if (last)
        rpcClientFree(client);
}

const char *
rpcClientGetName(const rpcClient *client)
{
    return client->name;
}

static void
rpcClientWake(rpcClient *client)
{
    const guint64 one = 1;

    /* full only if the thread is awake already */
    if (write(client->wake, &one, sizeof(one)) < 0)
        LOG_DEBUG("cannot wake the thread: %s", g_strerror(errno));
}

void
rpcClientClose(rpcClient *client)
{
    g_mutex_lock(&client->lock);
    client->closing = true;
    g_mutex_unlock(&client->lock);
    rpcClientWake(client);
}

/* Gives the reply to the call that waits for it; false: there is none. */
static bool
rpcClientDeliver(rpcClient *client, rpcMessage *msg)
{
    LOCK_SCOPE(&client->lock);
    rpcClientWait *wait = g_hash_table_lookup(client->calls, GUINT_TO_POINTER(msg->header.serial));

    if (!wait || wait->replied || wait->header.prog != msg->header.prog ||
        wait->header.vers != msg->header.vers || wait->header.proc != msg->header.proc)
        return false;

    wait->reply = *msg;
    wait->replied = true;
    *msg = (rpcMessage) { 0 };
    g_cond_signal(&wait->cond);
    return true;
}

/* In the thread. Takes over @bytes. */
static void
rpcClientPut(rpcClient *client, GBytes *bytes)
{
    LOCK_SCOPE(&client->lock);

    g_queue_push_tail(&client->outgoing, bytes);
}

static void
rpcClientHandle(rpcClient *client, rpcMessage *msg)
{
    GBytes *pong = NULL;

    if (rpcKeepaliveTakes(msg, &pong)) {
        if (pong)
            rpcClientPut(client, pong);
    } else if (msg->header.type == RPC_TYPE_MESSAGE) {
        client->config->message(client, msg);
    } else if (msg->header.type != RPC_TYPE_REPLY || !rpcClientDeliver(client, msg)) {
        LOG_DEBUG("'%s': nobody expects type=%d proc=%d serial=%u", client->name, msg->header.type,
                  msg->header.proc, msg->header.serial);
    }
}

static int
rpcClientRead(rpcClient *client)
{
    g_auto(rpcMessage) msg = { 0 };
    int rc = rpcReceiverNext(&client->receiver, client->transport, &msg);

    if (rc < 0)
        return -1;
    rpcKeepaliveHeard(&client->keepalive, g_get_monotonic_time());
    if (rc > 0)
        rpcClientHandle(client, &msg);
    return 0;
}

static bool
rpcClientStartNext(rpcClient *client)
{
    GBytes *bytes;

    g_mutex_lock(&client->lock);
    bytes = g_queue_pop_head(&client->outgoing);
    g_mutex_unlock(&client->lock);
    if (bytes)
        rpcSenderStart(&client->sender, bytes);
    return bytes != NULL;
}

/* Writes until the queue is empty or the socket full; -1 after reporting. */
static int
rpcClientWrite(rpcClient *client)
{
    while (client->sender.bytes || rpcClientStartNext(client)) {
        int rc = rpcSenderContinue(&client->sender, client->transport);

        if (rc <= 0)
            return rc;
    }
    return 0;
}

/* Whether somebody asked for the end, or nobody needs the connection any more */
static bool
rpcClientIsClosing(rpcClient *client, gint64 now)
{
    LOCK_SCOPE(&client->lock);

    if (client->refs == 0 && now - client->unused >= client->config->idleTimeout * (gint64) 1000)
        client->closing = true;
    return client->closing;
}

/* Pings if it is time; -1 after reporting if the end has come. */
static int
rpcClientTick(rpcClient *client)
{
    gint64 now = g_get_monotonic_time();
    GBytes *ping = NULL;

    if (rpcClientIsClosing(client, now)) {
        errorReport(VIR_ERR_RPC, "%s", "closed on this side");
        return -1;
    }
    if (rpcKeepaliveTick(&client->keepalive, now, &ping) < 0)
        return -1;
    if (ping)
        rpcClientPut(client, ping);
    return 0;
}

static int
rpcClientPoll(rpcClient *client, bool *readable)
{
    int keepalive = rpcKeepaliveTimeout(&client->keepalive, g_get_monotonic_time());
    int timeout = client->config->idleTimeout;
    struct pollfd fds[] = {
        { .fd = client->wake, .events = POLLIN },
        { .fd = client->transport->ops->fd(client->transport),
          .events = POLLIN | (client->sender.bytes ? POLLOUT : 0) },
    };
    guint64 count;

    if (keepalive >= 0)
        timeout = MIN(timeout, keepalive);
    if (client->transport->ops->pending(client->transport))
        timeout = 0;
    if (poll(fds, G_N_ELEMENTS(fds), timeout) < 0 && errno != EINTR) {
        errorReportSystem(errno, "cannot poll");
        return -1;
    }

    if (fds[0].revents && read(client->wake, &count, sizeof(count)) < 0)
        LOG_DEBUG("woken for nothing");
    *readable = fds[1].revents & ~POLLOUT || client->transport->ops->pending(client->transport);
    return 0;
}

/* The connection has ended, as the thread's error tells. */
static void
rpcClientEnd(rpcClient *client)
{
    g_autofree char *reason = g_strdup(errorText());
    GQueue outgoing;
    GHashTableIter iter;
    gpointer wait;
    bool last;

    LOG_DEBUG("'%s': %s", client->name, reason);
    g_mutex_lock(&client->lock);
    client->ended = g_strdup(reason);
    outgoing = client->outgoing;
    g_queue_init(&client->outgoing);
    g_hash_table_iter_init(&iter, client->calls);
    while (g_hash_table_iter_next(&iter, NULL, &wait))
        g_cond_signal(&((rpcClientWait *) wait)->cond);
    g_mutex_unlock(&client->lock);

    g_clear_pointer(&client->transport, rpcTransportClose);
    g_queue_clear_full(&outgoing, (GDestroyNotify) g_bytes_unref);
    rpcReceiverClear(&client->receiver);
    rpcSenderClear(&client->sender);
    client->config->closed(client, reason);

    g_mutex_lock(&client->lock);
    client->gone = true;
    last = client->refs == 0;
    g_mutex_unlock(&client->lock);
    if (last)
        rpcClientFree(client);
}

static void *
rpcClientThread(void *opaque)
{
    rpcClient *client = opaque;
    bool readable = false;

    while ((!readable || rpcClientRead(client) == 0) && rpcClientTick(client) == 0 &&
           rpcClientWrite(client) == 0 && rpcClientPoll(client, &readable) == 0)
        continue;
    rpcClientEnd(client);
    return NULL;
}

/* The application's signals are not for our thread. */
static bool
rpcClientStart(rpcClient *client)
{
    g_autoptr(GError) error = NULL;
    sigset_t all, before;
    GThread *thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = g_thread_try_new("streamdisk-rpc", rpcClientThread, client, &error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!thread) {
        errorReport(VIR_ERR_RPC, "cannot start a thread: %s", error->message);
        return false;
    }
    g_thread_unref(thread);
    return true;
}

rpcClient *
rpcClientNew(rpcTransport *transport, const char *name, const rpcClientConfig *config)
{
    g_autoptr(rpcTransport) unused = transport;
    int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rpcClient *client;

    if (wake < 0) {
        errorReportSystem(errno, "cannot create an eventfd");
        return NULL;
    }

    client = g_new0(rpcClient, 1);
    g_mutex_init(&client->lock);
    client->name = g_strdup(name);
    client->config = config;
    client->pid = getpid();
    client->wake = wake;
    client->transport = transport;
    client->refs = 1;
    client->calls = g_hash_table_new(NULL, NULL);
    rpcReceiverInit(&client->receiver, RPC_MESSAGE_MAX);
    rpcKeepaliveInit(&client->keepalive, config->keepaliveInterval, config->keepaliveCount,
                     g_get_monotonic_time());
    if (!rpcClientStart(client)) {
        rpcClientFree(client);
        return NULL;
    }
    unused = NULL;
    return client;
}

/* Queues the call and waits for its reply, or for the end of the connection. */
static void
rpcClientExchange(rpcClient *client, rpcClientWait *wait, GBytes *bytes)
{
    LOCK_SCOPE(&client->lock);

    if (client->ended)
        return;
    g_hash_table_insert(client->calls, GUINT_TO_POINTER(wait->header.serial), wait);
    g_queue_push_tail(&client->outgoing, g_bytes_ref(bytes));
    rpcClientWake(client);
    while (!wait->replied && !client->ended)
        g_cond_wait(&wait->cond, &client->lock);
    g_hash_table_remove(client->calls, GUINT_TO_POINTER(wait->header.serial));
}

int
rpcClientCall(rpcClient *client, guint32 prog, guint32 vers, int proc, xdrproc_t argsFilter,
              const void *args, xdrproc_t retFilter, void *ret)
{
    rpcClientWait wait = {
        .header = { .prog = prog, .vers = vers, .proc = proc, .type = RPC_TYPE_CALL },
    };
    g_auto(rpcMessage) reply = { 0 };
    g_autoptr(GBytes) bytes = NULL;

    if (client->pid != getpid()) {
        errorReport(VIR_ERR_RPC, "connection to '%s' is the parent process's", client->name);
        return -1;
    }

    wait.header.serial = g_atomic_int_add(&client->serial, 1) + 1;
    if (!(bytes = rpcMessageEncode(&wait.header, argsFilter, args)))
        return -1;

    g_cond_init(&wait.cond);
    rpcClientExchange(client, &wait, bytes);
    g_cond_clear(&wait.cond);
    if (!wait.replied) {
        errorReport(VIR_ERR_RPC, "connection to '%s' is lost: %s", client->name, client->ended);
        return -1;
    }

    reply = wait.reply;
    if (reply.header.status == RPC_STATUS_ERROR) {
        rpcMessageRaiseError(&reply);
        return -1;
    }
    return rpcMessageDecodePayload(&reply, retFilter, ret);
}
