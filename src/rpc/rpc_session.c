/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rpc_session.c: one client's socket in the main context, and the queue to it
 *
 *   main context                              any thread
 *   socket ──► receiver ──► callbacks.call ─ ─► worker ──► rpcSessionReply
 *   socket ◄── sender ◄──── outgoing queue ◄────────────── rpcSessionSend
 *
 * One GSource does it all: before each poll it asks what there is to wait for, so the
 * other threads only have to wake the context.
 */

#include "rpc/rpc_session.h"

#include "rpc/rpc_keepalive.h"
#include "rpc/rpc_receiver.h"
#include "rpc/rpc_sender.h"
#include "util/error.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_RPC

LOG_INIT("rpc.session");

typedef struct _rpcSessionItem rpcSessionItem;
struct _rpcSessionItem {
    GBytes *bytes;
    bool reply; /* or else unasked: an event, a keepalive message */
};

struct _rpcSession {
    gatomicrefcount refs;

    /* of the main context */
    rpcTransport *transport; /* NULL: ended */
    rpcIdentity identity;
    rpcSessionLimits limits;
    rpcSessionCallbacks callbacks;
    void *opaque;
    GSource *source;
    GPollFD poll;
    rpcReceiver receiver;
    rpcKeepalive keepalive;
    rpcSender sender;
    bool sendingReply;
    bool stuck; /* the client took nothing of it when last tried */

    GMutex lock;           /* protects all below; nothing else is locked while it is held */
    GQueue outgoing;       /* of rpcSessionItem */
    unsigned int requests; /* calls whose replies are not written */
    gsize unasked;         /* bytes of what is neither written nor a reply */
    bool ended;
    bool open;
    bool readonly;
    GDestroyNotify atEnd;
    void *atEndOpaque;
};

typedef struct _rpcSessionSource rpcSessionSource;
struct _rpcSessionSource {
    GSource base;
    rpcSession *session;
};

static void
rpcSessionItemFree(rpcSessionItem *item)
{
    g_bytes_unref(item->bytes);
    g_free(item);
}

rpcSession *
rpcSessionRef(rpcSession *session)
{
    g_atomic_ref_count_inc(&session->refs);
    return session;
}

void
rpcSessionUnref(rpcSession *session)
{
    if (!session || !g_atomic_ref_count_dec(&session->refs))
        return;
    g_mutex_clear(&session->lock);
    g_free(session);
}

static void
rpcSessionPut(rpcSession *session, GBytes *bytes, bool reply)
{
    rpcSessionItem *item = g_new0(rpcSessionItem, 1);

    *item = (rpcSessionItem) { .bytes = bytes, .reply = reply };
    g_mutex_lock(&session->lock);
    if (session->ended) {
        rpcSessionItemFree(item);
    } else {
        g_queue_push_tail(&session->outgoing, item);
        if (!reply)
            session->unasked += g_bytes_get_size(bytes);
    }
    g_mutex_unlock(&session->lock);
    g_main_context_wakeup(NULL);
}

void
rpcSessionReply(rpcSession *session, GBytes *reply)
{
    rpcSessionPut(session, reply, true);
}

void
rpcSessionSend(rpcSession *session, GBytes *event)
{
    rpcSessionPut(session, g_bytes_ref(event), false);
}

static void
rpcSessionEnd(rpcSession *session, logLevel level, const char *reason)
{
    GDestroyNotify atEnd;
    GQueue outgoing;

    logMessage(logSource, level, __func__, __LINE__, "client of pid %lld disconnected: %s",
               (long long) session->identity.pid, reason);

    g_mutex_lock(&session->lock);
    session->ended = true;
    outgoing = session->outgoing;
    g_queue_init(&session->outgoing);
    atEnd = session->atEnd;
    g_mutex_unlock(&session->lock);

    g_clear_pointer(&session->transport, rpcTransportClose);
    g_queue_clear_full(&outgoing, (GDestroyNotify) rpcSessionItemFree);
    rpcReceiverClear(&session->receiver);
    rpcSenderClear(&session->sender);
    if (atEnd)
        atEnd(session->atEndOpaque);
    session->callbacks.closed(session, session->opaque);
    g_source_destroy(session->source);
}

/* For what the thread's error tells; a peer that talks nonsense is worth a warning. */
static void
rpcSessionEndByError(rpcSession *session)
{
    bool nonsense = virGetLastErrorCode() == VIR_ERR_RPC;

    rpcSessionEnd(session, nonsense ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, errorText());
}

/* Gives the sender the next message; false: there is none. */
static bool
rpcSessionStartNext(rpcSession *session)
{
    rpcSessionItem *item;

    g_mutex_lock(&session->lock);
    item = g_queue_pop_head(&session->outgoing);
    g_mutex_unlock(&session->lock);
    if (!item)
        return false;

    session->sendingReply = item->reply;
    rpcSenderStart(&session->sender, g_steal_pointer(&item->bytes));
    g_free(item);
    return true;
}

static void
rpcSessionWritten(rpcSession *session, gsize len)
{
    LOCK_SCOPE(&session->lock);

    if (session->sendingReply)
        session->requests--;
    else
        session->unasked -= len;
}

/* Writes until the queue is empty or the socket full; -1 after reporting. */
static int
rpcSessionWrite(rpcSession *session)
{
    session->stuck = session->sender.bytes != NULL;
    while (session->sender.bytes || rpcSessionStartNext(session)) {
        gsize len = g_bytes_get_size(session->sender.bytes);
        gsize sent = session->sender.sent;
        int rc = rpcSenderContinue(&session->sender, session->transport);

        if (rc > 0 || session->sender.sent > sent)
            session->stuck = false;
        if (rc <= 0)
            return rc;
        rpcSessionWritten(session, len);
    }
    return 0;
}

static void
rpcSessionHandle(rpcSession *session, rpcMessage *msg)
{
    GBytes *pong = NULL;

    if (rpcKeepaliveTakes(msg, &pong)) {
        if (pong)
            rpcSessionPut(session, pong, false);
        return;
    }

    LOG_DEBUG("pid=%lld prog=0x%x vers=%u proc=%d type=%d serial=%u",
              (long long) session->identity.pid, msg->header.prog, msg->header.vers,
              msg->header.proc, msg->header.type, msg->header.serial);
    if (msg->header.type != RPC_TYPE_CALL)
        return; /* nobody here expects it */

    g_mutex_lock(&session->lock);
    session->requests++;
    g_mutex_unlock(&session->lock);
    session->callbacks.call(session, msg, session->opaque);
}

/* Takes at most one message, so that every client gets its turn. */
static int
rpcSessionRead(rpcSession *session)
{
    g_auto(rpcMessage) msg = { 0 };
    int rc = rpcReceiverNext(&session->receiver, session->transport, &msg);

    if (rc < 0)
        return -1;
    rpcKeepaliveHeard(&session->keepalive, g_get_monotonic_time());
    if (rc > 0)
        rpcSessionHandle(session, &msg);
    return 0;
}

static bool
rpcSessionIsReading(rpcSession *session)
{
    LOCK_SCOPE(&session->lock);

    return session->requests < session->limits.maxRequests;
}

static bool
rpcSessionIsWriting(rpcSession *session)
{
    LOCK_SCOPE(&session->lock);

    return session->sender.bytes || !g_queue_is_empty(&session->outgoing);
}

static bool
rpcSessionIsDeaf(rpcSession *session)
{
    LOCK_SCOPE(&session->lock);

    return session->unasked > RPC_SESSION_EVENTS_MAX;
}

static int
rpcSessionTick(rpcSession *session, bool reading)
{
    GBytes *ping = NULL;

    /* whoever is not read cannot answer, but has to take what is written */
    if (!reading && !session->stuck)
        rpcKeepaliveForgive(&session->keepalive);
    if (rpcKeepaliveTick(&session->keepalive, g_get_monotonic_time(), &ping) < 0)
        return -1;
    if (ping)
        rpcSessionPut(session, ping, false);
    return 0;
}

/* Whatever there is to do after a poll */
static void
rpcSessionWork(rpcSession *session)
{
    bool reading = rpcSessionIsReading(session);
    bool readable = session->poll.revents & ~G_IO_OUT ||
                    session->transport->ops->pending(session->transport);

    if (!reading && session->poll.revents & (G_IO_HUP | G_IO_ERR)) {
        rpcSessionEnd(session, LOG_LEVEL_INFO, "it left while its calls were running");
        return;
    }
    if (rpcSessionWrite(session) < 0) {
        rpcSessionEndByError(session);
        return;
    }
    if (rpcSessionIsDeaf(session)) {
        rpcSessionEnd(session, LOG_LEVEL_WARNING, "it does not read its events");
        return;
    }
    if ((reading && readable && rpcSessionRead(session) < 0) ||
        rpcSessionTick(session, reading) < 0)
        rpcSessionEndByError(session);
}

static gboolean
rpcSessionSourcePrepare(GSource *source, gint *timeout)
{
    rpcSession *session = ((rpcSessionSource *) source)->session;
    bool reading = rpcSessionIsReading(session);

    session->poll.events = (reading ? G_IO_IN : 0) | (rpcSessionIsWriting(session) ? G_IO_OUT : 0);
    *timeout = rpcKeepaliveTimeout(&session->keepalive, g_get_monotonic_time());
    return *timeout == 0 || rpcSessionIsDeaf(session) ||
           (reading && session->transport->ops->pending(session->transport));
}

static gboolean
rpcSessionSourceCheck(GSource *source)
{
    rpcSession *session = ((rpcSessionSource *) source)->session;
    gint timeout;

    return session->poll.revents != 0 || rpcSessionSourcePrepare(source, &timeout);
}

static gboolean
rpcSessionSourceDispatch(GSource *source, GSourceFunc callback, void *opaque)
{
    rpcSessionWork(((rpcSessionSource *) source)->session);
    return G_SOURCE_CONTINUE;
}

static void
rpcSessionSourceFinalize(GSource *source)
{
    rpcSessionUnref(((rpcSessionSource *) source)->session);
}

static GSourceFuncs rpcSessionSourceFuncs = {
    .prepare = rpcSessionSourcePrepare,
    .check = rpcSessionSourceCheck,
    .dispatch = rpcSessionSourceDispatch,
    .finalize = rpcSessionSourceFinalize,
};

rpcSession *
rpcSessionNew(rpcTransport *transport, const rpcIdentity *identity, bool readonly,
              const rpcSessionLimits *limits, const rpcSessionCallbacks *callbacks, void *opaque)
{
    rpcSession *session = g_new0(rpcSession, 1);

    g_atomic_ref_count_init(&session->refs);
    g_mutex_init(&session->lock);
    session->transport = transport;
    session->identity = *identity;
    session->readonly = readonly;
    session->limits = *limits;
    session->callbacks = *callbacks;
    session->opaque = opaque;
    rpcReceiverInit(&session->receiver, RPC_SESSION_CALL_MAX);
    rpcKeepaliveInit(&session->keepalive, limits->keepaliveInterval, limits->keepaliveCount,
                     g_get_monotonic_time());

    session->poll.fd = transport->ops->fd(transport);
    session->source = g_source_new(&rpcSessionSourceFuncs, sizeof(rpcSessionSource));
    ((rpcSessionSource *) session->source)->session = rpcSessionRef(session);
    g_source_add_poll(session->source, &session->poll);
    g_source_attach(session->source, NULL);
    g_source_unref(session->source);
    return session;
}

void
rpcSessionStopReading(rpcSession *session)
{
    session->limits.maxRequests = 0;
}

void
rpcSessionClose(rpcSession *session)
{
    if (!session->transport)
        return;
    if (rpcSessionWrite(session) < 0)
        rpcSessionEndByError(session);
    else
        rpcSessionEnd(session, LOG_LEVEL_INFO, "the daemon closes");
}

void
rpcSessionSetOpen(rpcSession *session)
{
    LOCK_SCOPE(&session->lock);

    session->open = true;
}

bool
rpcSessionIsOpen(rpcSession *session)
{
    LOCK_SCOPE(&session->lock);

    return session->open;
}

void
rpcSessionSetReadonly(rpcSession *session)
{
    LOCK_SCOPE(&session->lock);

    session->readonly = true;
}

bool
rpcSessionIsReadonly(rpcSession *session)
{
    LOCK_SCOPE(&session->lock);

    return session->readonly;
}

void
rpcSessionAtEnd(rpcSession *session, GDestroyNotify func, void *opaque)
{
    bool ended;

    g_mutex_lock(&session->lock);
    ended = session->ended;
    if (!ended) {
        g_assert(!session->atEnd);
        session->atEnd = func;
        session->atEndOpaque = opaque;
    }
    g_mutex_unlock(&session->lock);

    if (ended)
        func(opaque);
}
