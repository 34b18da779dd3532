/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream_event.c: the process's list of event listeners and the queue to them
 *
 *   driver thread                      libvirt event loop
 *   streamEventPublish ──► queue ──► eventfd ──► streamEventFlush ──► listener, listener
 *
 * An eventfd, not a libvirt timer, wakes the loop: publishing then calls no code of the
 * application's, and a driver may publish while it holds its lock.
 */

#include "stream/stream_event.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_EVENT

LOG_INIT("stream.event");

typedef struct _streamEventListener streamEventListener;
struct _streamEventListener {
    gatomicrefcount refs;
    int id;
    driverConn via;
    streamEventFunc func;
    void *opaque;
    GDestroyNotify destroy;
    gint active; /* atomic; called only while it is */

    /* of a public callback; else NULL */
    virConnectPtr conn; /* tells whose id it is */
    streamEventOpen open;
};

typedef struct _streamEventItem streamEventItem;
struct _streamEventItem {
    void *priv;
    int event;
    streamRecord *entry; /* NULL: no event, but that none will come any more */
};

/* A public callback: what its listener's func turns an event into */
typedef struct _streamEventCallback streamEventCallback;
struct _streamEventCallback {
    virConnectPtr conn;
    virDomainPtr dom;
    virConnectStreamDiskEventCallback cb;
    void *opaque;
    virFreeCallback freecb;
};

static struct {
    GMutex subscribing; /* held over drivers' calls that change a listener's subscription */
    GMutex lock;        /* protects all below; nothing else is locked while it is held */
    GPtrArray *listeners;
    GQueue queue;
    int lastId;
    unsigned int users; /* of the next two: listeners, and those about to be */
    int fd;             /* eventfd, -1 without users */
    int watch;          /* the loop's handle on fd */
} streamEvents = { .fd = -1, .watch = -1, .queue = G_QUEUE_INIT };

static void
streamEventListenerUnref(streamEventListener *listener)
{
    if (!g_atomic_ref_count_dec(&listener->refs))
        return;
    driverConnClear(&listener->via);
    if (listener->destroy)
        listener->destroy(listener->opaque);
    g_free(listener);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(streamEventListener, streamEventListenerUnref)

static void
streamEventItemFree(streamEventItem *item)
{
    streamRecordFree(item->entry);
    g_free(item);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(streamEventItem, streamEventItemFree)

static void
streamEventWake(void)
{
    const guint64 one = 1;

    if (streamEvents.fd >= 0 && write(streamEvents.fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        LOG_DEBUG("cannot wake the event loop: %s", g_strerror(errno));
}

/* Takes the next event with those who want it; NULL when the queue is empty. */
static streamEventItem *
streamEventPop(GPtrArray *listeners)
{
    LOCK_SCOPE(&streamEvents.lock);
    streamEventItem *item = g_queue_pop_head(&streamEvents.queue);

    for (guint i = 0; item && streamEvents.listeners && i < streamEvents.listeners->len; i++) {
        streamEventListener *listener = g_ptr_array_index(streamEvents.listeners, i);

        if (listener->via.priv == item->priv) {
            g_atomic_ref_count_inc(&listener->refs);
            g_ptr_array_add(listeners, listener);
        }
    }
    return item;
}

/* Gives the listener another way, and returns the one it had. */
static driverConn
streamEventSwap(streamEventListener *listener, driverConn via)
{
    LOCK_SCOPE(&streamEvents.lock);
    driverConn before = listener->via;

    listener->via = via;
    return before;
}

/* Serves the listener another way than the one that is lost. */
static void
streamEventReopen(streamEventListener *listener)
{
    g_auto(driverConn) other = { 0 };
    LOCK_SCOPE(&streamEvents.subscribing);

    if (!g_atomic_int_get(&listener->active) || listener->open(listener->conn, &other) < 0)
        return;
    other = streamEventSwap(listener, other);
    if (listener->via.driver->connectEventsSubscribe(listener->via.priv) < 0) {
        LOG_DEBUG("no other way to events: %s", errorText());
        other = streamEventSwap(listener, other);
    }
}

static void
streamEventFlush(int watch, int fd, int events, void *opaque)
{
    guint64 count;

    if (read(fd, &count, sizeof(count)) < 0)
        return;

    while (true) {
        g_autoptr(GPtrArray)
            listeners = g_ptr_array_new_with_free_func((GDestroyNotify) streamEventListenerUnref);
        g_autoptr(streamEventItem) item = streamEventPop(listeners);

        if (!item)
            return;
        for (guint i = 0; i < listeners->len; i++) {
            streamEventListener *listener = g_ptr_array_index(listeners, i);

            if (!item->entry && listener->open)
                streamEventReopen(listener);
            else if (item->entry && g_atomic_int_get(&listener->active))
                listener->func(item->event, item->entry, listener->opaque);
        }
    }
}

static void
streamEventLoopClose(void *opaque)
{
    close(GPOINTER_TO_INT(opaque));
}

static int
streamEventLoopAddHandle(int *fd)
{
    int watch;

    if ((*fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
        errorReportSystem(errno, "cannot create an eventfd");
        return -1;
    }
    watch = virEventAddHandle(*fd, VIR_EVENT_HANDLE_READABLE, streamEventFlush,
                              GINT_TO_POINTER(*fd), streamEventLoopClose);
    if (watch < 0) {
        close(*fd);
        errorReport(VIR_ERR_OPERATION_INVALID, "%s",
                    "stream events need an event loop: call virEventRegisterDefaultImpl "
                    "before opening the connection");
    }
    return watch;
}

static bool
streamEventLoopJoined(void)
{
    LOCK_SCOPE(&streamEvents.lock);

    if (streamEvents.users > 0)
        streamEvents.users++;
    return streamEvents.users > 0;
}

/* For one more user, the first of whom brings the handle in the loop. */
static int
streamEventLoopJoin(void)
{
    int fd;
    int watch;

    if (streamEventLoopJoined())
        return 0;
    if ((watch = streamEventLoopAddHandle(&fd)) < 0)
        return -1;

    {
        LOCK_SCOPE(&streamEvents.lock);

        if (streamEvents.users++ == 0) {
            streamEvents.fd = fd;
            streamEvents.watch = watch;
            return 0;
        }
    }
    virEventRemoveHandle(watch); /* another thread was first */
    return 0;
}

static void
streamEventLoopLeave(void)
{
    int watch = -1;

    {
        LOCK_SCOPE(&streamEvents.lock);

        if (--streamEvents.users == 0) {
            watch = streamEvents.watch;
            streamEvents.watch = streamEvents.fd = -1;
            g_queue_clear_full(&streamEvents.queue, (GDestroyNotify) streamEventItemFree);
        }
    }
    if (watch >= 0)
        virEventRemoveHandle(watch);
}

static int
streamEventAdd(streamEventListener *listener)
{
    LOCK_SCOPE(&streamEvents.lock);

    if (!streamEvents.listeners)
        streamEvents.listeners = g_ptr_array_new_with_free_func(
            (GDestroyNotify) streamEventListenerUnref);
    listener->id = ++streamEvents.lastId;
    g_ptr_array_add(streamEvents.listeners, listener);
    return listener->id;
}

static streamEventListener *
streamEventTake(int id, virConnectPtr conn)
{
    LOCK_SCOPE(&streamEvents.lock);

    for (guint i = 0; streamEvents.listeners && i < streamEvents.listeners->len; i++) {
        streamEventListener *listener = g_ptr_array_index(streamEvents.listeners, i);

        if (listener->id == id && listener->conn == conn)
            return g_ptr_array_steal_index(streamEvents.listeners, i);
    }
    return NULL;
}

/* Subscribes for a listener that is in the list already: that its way is lost is not missed. */
static int
streamEventSubscribe(streamEventListener *listener)
{
    LOCK_SCOPE(&streamEvents.subscribing);

    if (listener->via.driver->connectEventsSubscribe(listener->via.priv) < 0)
        return -1;
    g_atomic_int_set(&listener->active, 1);
    return 0;
}

static int
streamEventListenAs(virConnectPtr conn, streamEventOpen open, driverConn *via, streamEventFunc func,
                    void *opaque, GDestroyNotify destroy)
{
    streamEventListener *listener;
    int id;

    if (streamEventLoopJoin() < 0)
        return -1;

    listener = g_new0(streamEventListener, 1);
    g_atomic_ref_count_init(&listener->refs);
    listener->conn = conn;
    listener->open = open;
    listener->via = *via;
    listener->func = func;
    listener->opaque = opaque;
    id = streamEventAdd(listener);
    if (streamEventSubscribe(listener) < 0) {
        g_autoptr(streamEventListener) taken = streamEventTake(id, conn);

        taken->via = (driverConn) { 0 }; /* stays the caller's */
        streamEventLoopLeave();
        return -1;
    }
    listener->destroy = destroy;
    *via = (driverConn) { 0 };
    return id;
}

int
streamEventListen(driverConn *via, streamEventFunc func, void *opaque, GDestroyNotify destroy)
{
    return streamEventListenAs(NULL, NULL, via, func, opaque, destroy);
}

static int
streamEventRemove(int id, virConnectPtr conn)
{
    g_autoptr(streamEventListener) taken = streamEventTake(id, conn);

    if (!taken)
        return -1;
    {
        LOCK_SCOPE(&streamEvents.subscribing);

        g_atomic_int_set(&taken->active, 0);
        taken->via.driver->connectEventsUnsubscribe(taken->via.priv);
    }
    streamEventLoopLeave();
    return 0;
}

void
streamEventUnlisten(int id)
{
    streamEventRemove(id, NULL);
}

static void
streamEventCall(int event, const streamRecord *entry, void *opaque)
{
    streamEventCallback *callback = opaque;
    unsigned char uuid[VIR_UUID_BUFLEN];
    virDomainPtr dom;

    if (callback->dom &&
        (virDomainGetUUID(callback->dom, uuid) < 0 || memcmp(uuid, entry->uuid, sizeof(uuid)) != 0))
        return;
    if (!(dom = streamRecordGetDomain(entry, callback->conn)))
        return;
    callback->cb(callback->conn, dom, entry->disk, event, entry->params, entry->nparams,
                 callback->opaque);
    handleFreeDomain(dom);
}

static void
streamEventCallbackFree(void *opaque)
{
    streamEventCallback *callback = opaque;

    if (callback->freecb)
        callback->freecb(callback->opaque);
    handleFreeDomain(callback->dom);
    handleCloseConnect(callback->conn);
    g_free(callback);
}

int
streamEventRegister(driverConn *via, streamEventOpen open, virConnectPtr conn, virDomainPtr dom,
                    virConnectStreamDiskEventCallback cb, void *opaque, virFreeCallback freecb)
{
    streamEventCallback *callback = g_new0(streamEventCallback, 1);
    int id;

    callback->cb = cb;
    callback->opaque = opaque;
    callback->conn = conn;
    callback->dom = dom;
    virConnectRef(conn);
    if (dom)
        virDomainRef(dom);

    id = streamEventListenAs(conn, open, via, streamEventCall, callback, streamEventCallbackFree);
    if (id < 0) {
        streamEventCallbackFree(callback);
        return -1;
    }
    callback->freecb = freecb; /* on failure @opaque stays the caller's */
    return id;
}

int
streamEventDeregister(virConnectPtr conn, int callbackID)
{
    if (streamEventRemove(callbackID, conn) < 0) {
        errorReport(VIR_ERR_INVALID_ARG, "could not find stream event callback %d for deletion",
                    callbackID);
        return -1;
    }
    return 0;
}

static void
streamEventQueue(void *priv, int event, streamRecord *entry)
{
    streamEventItem *item = g_new0(streamEventItem, 1);
    LOCK_SCOPE(&streamEvents.lock);

    item->priv = priv;
    item->event = event;
    item->entry = entry;
    if (streamEvents.watch < 0) {
        streamEventItemFree(item); /* nobody listens */
        return;
    }
    g_queue_push_tail(&streamEvents.queue, item);
    streamEventWake();
}

void
streamEventPublish(void *priv, int event, streamRecord *entry)
{
    streamEventQueue(priv, event, entry);
}

void
streamEventLost(void *priv)
{
    streamEventQueue(priv, 0, NULL);
}
