/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_event.c: stands in for backend/backend_event.c */

#include "fake_event.h"

#include "backend/backend_event.h"
#include "fake_call.h"
#include "util/handle.h"
#include "util/lock.h"

typedef enum {
    FAKE_EVENT_RUNNING,
    FAKE_EVENT_ERROR,
    FAKE_EVENT_ENDED,
    FAKE_EVENT_STOPPED,
    FAKE_EVENT_REMOVED,
    FAKE_EVENT_TUNED,
} fakeEventType;

struct _backendEvent {
    gatomicrefcount refs; /* its owner's, and those of what is dispatched */
    bool tellsStarts;
    const backendEventHandlers *handlers;
    void *opaque;
    GMutex lock;
    backendEventDispatch dispatch; /* NULL once deregistered */
};

typedef struct {
    backendEvent *event;
    fakeEventType type;
    virDomainPtr dom;
    char *name; /* disk target or device alias */
    char *error;
    int detail;
} fakeEventItem;

static struct {
    GMutex lock;
    bool noMonitor;
    GPtrArray *all; /* of backendEvent */
} fakeEvents;

void
fakeEventSetUp(void)
{
    fakeEvents.noMonitor = false;
}

void
fakeEventSetNoMonitor(void)
{
    fakeEvents.noMonitor = true;
}

backendEvent *
backendEventNew(virConnectPtr conn, backendEventDispatch dispatch,
                const backendEventHandlers *handlers, void *opaque)
{
    backendEvent *self;

    if (fakeCallAsk("event_new") < 0)
        return NULL;
    self = g_new0(backendEvent, 1);
    g_atomic_ref_count_init(&self->refs);
    g_mutex_init(&self->lock);
    self->dispatch = dispatch;
    self->handlers = handlers;
    self->opaque = opaque;
    LOCK_SCOPE(&fakeEvents.lock);

    self->tellsStarts = !fakeEvents.noMonitor;
    if (!fakeEvents.all)
        fakeEvents.all = g_ptr_array_new();
    g_ptr_array_add(fakeEvents.all, self);
    return self;
}

bool
backendEventTellsStarts(const backendEvent *self)
{
    return self->tellsStarts;
}

static void
fakeEventUnref(void *opaque)
{
    backendEvent *self = opaque;

    if (!g_atomic_ref_count_dec(&self->refs))
        return;
    g_mutex_clear(&self->lock);
    g_free(self);
}

static void
fakeEventForget(backendEvent *self)
{
    LOCK_SCOPE(&fakeEvents.lock);

    g_ptr_array_remove(fakeEvents.all, self);
    if (fakeEvents.all->len == 0)
        g_clear_pointer(&fakeEvents.all, g_ptr_array_unref);
}

void
backendEventFree(backendEvent *self)
{
    if (!self)
        return;
    fakeEventForget(self);
    g_mutex_lock(&self->lock);
    self->dispatch = NULL;
    g_mutex_unlock(&self->lock);
    fakeEventUnref(self);
}

static bool
fakeEventIsWanted(backendEvent *self)
{
    LOCK_SCOPE(&self->lock);

    return self->dispatch != NULL;
}

static void
fakeEventDeliver(void *opaque)
{
    const fakeEventItem *item = opaque;
    const backendEventHandlers *handlers = item->event->handlers;
    void *owner = item->event->opaque;

    if (!fakeEventIsWanted(item->event))
        return;
    switch (item->type) {
    case FAKE_EVENT_RUNNING: handlers->jobRunning(item->dom, item->name, owner); break;
    case FAKE_EVENT_ERROR: handlers->jobError(item->dom, item->name, item->error, owner); break;
    case FAKE_EVENT_ENDED: handlers->jobEnded(item->dom, item->name, item->detail, owner); break;
    case FAKE_EVENT_STOPPED: handlers->guestStopped(item->dom, item->detail, owner); break;
    case FAKE_EVENT_REMOVED: handlers->diskRemoved(item->dom, item->name, owner); break;
    case FAKE_EVENT_TUNED: handlers->disksTuned(item->dom, owner); break;
    }
}

static void
fakeEventItemFree(void *opaque)
{
    fakeEventItem *item = opaque;

    fakeEventUnref(item->event);
    handleFreeDomain(item->dom);
    g_free(item->name);
    g_free(item->error);
    g_free(item);
}

static void
fakeEventDispatch(backendEvent *self, fakeEventType type, virDomainPtr dom, const char *name,
                  const char *error, int detail)
{
    fakeEventItem *item = g_new(fakeEventItem, 1);
    LOCK_SCOPE(&self->lock);

    virDomainRef(dom);
    g_atomic_ref_count_inc(&self->refs);
    *item = (fakeEventItem) { self, type, dom, g_strdup(name), g_strdup(error), detail };
    self->dispatch(dom, fakeEventDeliver, item, fakeEventItemFree, self->opaque);
}

static void
fakeEventSend(fakeEventType type, virDomainPtr dom, const char *name, const char *error, int detail)
{
    LOCK_SCOPE(&fakeEvents.lock);

    for (guint i = 0; fakeEvents.all && i < fakeEvents.all->len; i++)
        fakeEventDispatch(g_ptr_array_index(fakeEvents.all, i), type, dom, name, error, detail);
}

void
fakeEventJobRunning(fakeDisk *disk)
{
    fakeEventSend(FAKE_EVENT_RUNNING, disk->guest->dom, disk->target, NULL, 0);
}

void
fakeEventJobEnding(fakeDisk *disk)
{
    LOCK_SCOPE(&fakeEvents.lock);

    for (guint i = 0; fakeEvents.all && i < fakeEvents.all->len; i++) {
        const backendEvent *event = g_ptr_array_index(fakeEvents.all, i);

        event->handlers->jobEnding(disk->guest->dom, disk->target, event->opaque);
    }
}

void
fakeEventJobError(fakeDisk *disk, const char *error)
{
    fakeEventSend(FAKE_EVENT_ERROR, disk->guest->dom, disk->target, error, 0);
}

void
fakeEventJobEnded(fakeDisk *disk, int status)
{
    fakeEventJobEnding(disk);
    fakeEventSend(FAKE_EVENT_ENDED, disk->guest->dom, disk->target, NULL, status);
}

void
fakeEventGuestStopped(fakeGuest *guest, int detail)
{
    fakeEventSend(FAKE_EVENT_STOPPED, guest->dom, NULL, NULL, detail);
}

void
fakeEventDiskRemoved(fakeDisk *disk)
{
    fakeEventSend(FAKE_EVENT_REMOVED, disk->guest->dom, disk->alias, NULL, 0);
}

void
fakeEventDisksTuned(fakeGuest *guest)
{
    fakeEventSend(FAKE_EVENT_TUNED, guest->dom, NULL, NULL, 0);
}
