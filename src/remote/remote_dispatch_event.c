/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_dispatch_event.c: the list of subscriptions; each ends with its session */

#include "remote/remote_dispatch_event.h"

#include "remote/remote_codec.h"
#include "util/error.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_RPC

LOG_INIT("remote.dispatch_event");

struct _remoteDispatchEvent {
    GMutex lock; /* protects the table and the subscriptions; no other is taken inside */
    GHashTable *subscriptions; /* rpcSession -> remoteDispatchEventSubscription */
};

/* Kept from the first subscribing until the session ends */
typedef struct _remoteDispatchEventSubscription remoteDispatchEventSubscription;
struct _remoteDispatchEventSubscription {
    remoteDispatchEvent *events;
    rpcSession *session;
    unsigned int count;
};

remoteDispatchEvent *
remoteDispatchEventNew(void)
{
    remoteDispatchEvent *events = g_new0(remoteDispatchEvent, 1);

    g_mutex_init(&events->lock);
    events->subscriptions = g_hash_table_new(NULL, NULL);
    return events;
}

void
remoteDispatchEventFree(remoteDispatchEvent *events)
{
    if (!events)
        return;
    g_hash_table_unref(events->subscriptions);
    g_mutex_clear(&events->lock);
    g_free(events);
}

/* The session has ended. */
static void
remoteDispatchEventDrop(void *opaque)
{
    g_autofree remoteDispatchEventSubscription *subscription = opaque;

    g_mutex_lock(&subscription->events->lock);
    g_hash_table_remove(subscription->events->subscriptions, subscription->session);
    g_mutex_unlock(&subscription->events->lock);
    rpcSessionUnref(subscription->session);
}

void
remoteDispatchEventSubscribe(remoteDispatchEvent *events, rpcSession *session)
{
    remoteDispatchEventSubscription *subscription;
    bool first;

    g_mutex_lock(&events->lock);
    subscription = g_hash_table_lookup(events->subscriptions, session);
    first = !subscription;
    if (first) {
        subscription = g_new0(remoteDispatchEventSubscription, 1);
        subscription->events = events;
        subscription->session = rpcSessionRef(session);
        g_hash_table_insert(events->subscriptions, session, subscription);
    }
    subscription->count++;
    g_mutex_unlock(&events->lock);

    if (first)
        rpcSessionAtEnd(session, remoteDispatchEventDrop, subscription);
}

int
remoteDispatchEventUnsubscribe(remoteDispatchEvent *events, rpcSession *session)
{
    remoteDispatchEventSubscription *subscription;
    bool found;

    g_mutex_lock(&events->lock);
    subscription = g_hash_table_lookup(events->subscriptions, session);
    found = subscription && subscription->count > 0;
    if (found)
        subscription->count--;
    g_mutex_unlock(&events->lock);

    if (!found) {
        errorReport(VIR_ERR_OPERATION_INVALID, "%s", "the client has not subscribed to events");
        return -1;
    }
    return 0;
}

static GPtrArray *
remoteDispatchEventGetSessions(remoteDispatchEvent *events)
{
    GPtrArray *sessions = g_ptr_array_new_with_free_func((GDestroyNotify) rpcSessionUnref);
    GHashTableIter iter;
    gpointer value;

    LOCK_SCOPE(&events->lock);
    g_hash_table_iter_init(&iter, events->subscriptions);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        remoteDispatchEventSubscription *subscription = value;

        if (subscription->count > 0)
            g_ptr_array_add(sessions, rpcSessionRef(subscription->session));
    }
    return sessions;
}

/* NULL after reporting */
static GBytes *
remoteDispatchEventEncode(int event, const streamRecord *entry)
{
    const xdrproc_t filter = (xdrproc_t) xdr_streamdisk_connect_stream_disk_event_msg;
    const rpc_header header = {
        .prog = STREAMDISK_PROGRAM,
        .vers = STREAMDISK_PROTOCOL_VERSION,
        .proc = STREAMDISK_PROC_CONNECT_STREAM_DISK_EVENT,
        .type = RPC_TYPE_MESSAGE,
        .serial = 1,
    };
    streamdisk_connect_stream_disk_event_msg msg = { .event = event };
    GBytes *bytes = NULL;

    if (remoteCodecEncodeEntry(entry, &msg.record) == 0)
        bytes = rpcMessageEncode(&header, filter, &msg);
    xdr_free(filter, (char *) &msg);
    return bytes;
}

void
remoteDispatchEventSend(int event, const streamRecord *entry, void *opaque)
{
    g_autoptr(GPtrArray) sessions = remoteDispatchEventGetSessions(opaque);
    g_autoptr(GBytes) bytes = NULL;

    if (sessions->len == 0)
        return;
    if (!(bytes = remoteDispatchEventEncode(event, entry))) {
        LOG_ERROR("event %d of disk '%s' is lost: %s", event, entry->disk, errorText());
        return;
    }
    for (guint i = 0; i < sessions->len; i++)
        rpcSessionSend(g_ptr_array_index(sessions, i), bytes);
}
