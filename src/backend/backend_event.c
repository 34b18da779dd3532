/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_event.c: the callbacks registered with libvirt, and items of what they were told */

#include "backend/backend_event.h"

#include <libvirt/libvirt-qemu.h>

#include "backend/backend_qmp.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

LOG_INIT("backend.event");

/* What a callback of libvirt's needs; it may outlive the registration by a moment. */
typedef struct _backendEventRegistration backendEventRegistration;
struct _backendEventRegistration {
    gatomicrefcount refs;
    const backendEventHandlers *handlers;
    void *opaque;
    GMutex lock; /* protects dispatch; held over the handlers that are called at once */
    backendEventDispatch dispatch; /* NULL once deregistered */
};

enum {
    BACKEND_EVENT_LIFECYCLE,
    BACKEND_EVENT_BLOCK_JOB,
    BACKEND_EVENT_DEVICE_REMOVED,
    BACKEND_EVENT_TUNABLE,
    BACKEND_EVENT_LAST
};

struct _backendEvent {
    virConnectPtr conn;
    backendEventRegistration *registration;
    int ids[BACKEND_EVENT_LAST];
    int monitorId;
};

typedef enum {
    BACKEND_EVENT_ITEM_RUNNING,
    BACKEND_EVENT_ITEM_ERROR,
    BACKEND_EVENT_ITEM_ENDED,
    BACKEND_EVENT_ITEM_STOPPED,
    BACKEND_EVENT_ITEM_REMOVED,
    BACKEND_EVENT_ITEM_TUNED,
} backendEventItemType;

typedef struct _backendEventItem backendEventItem;
struct _backendEventItem {
    backendEventRegistration *registration;
    backendEventItemType type;
    virDomainPtr dom;
    char *name; /* disk target or device alias */
    char *error;
    int detail;
};

static void
backendEventRegistrationUnref(void *opaque)
{
    backendEventRegistration *registration = opaque;

    if (!g_atomic_ref_count_dec(&registration->refs))
        return;
    g_mutex_clear(&registration->lock);
    g_free(registration);
}

static backendEventRegistration *
backendEventRegistrationRef(backendEventRegistration *registration)
{
    g_atomic_ref_count_inc(&registration->refs);
    return registration;
}

static void
backendEventItemDeliver(void *data)
{
    const backendEventItem *item = data;
    const backendEventHandlers *handlers = item->registration->handlers;
    void *opaque = item->registration->opaque;
    bool wanted;

    g_mutex_lock(&item->registration->lock);
    wanted = item->registration->dispatch != NULL;
    g_mutex_unlock(&item->registration->lock);
    if (!wanted)
        return;

    switch (item->type) {
    case BACKEND_EVENT_ITEM_RUNNING: handlers->jobRunning(item->dom, item->name, opaque); break;
    case BACKEND_EVENT_ITEM_ERROR:
        handlers->jobError(item->dom, item->name, item->error, opaque);
        break;
    case BACKEND_EVENT_ITEM_ENDED:
        handlers->jobEnded(item->dom, item->name, item->detail, opaque);
        break;
    case BACKEND_EVENT_ITEM_STOPPED: handlers->guestStopped(item->dom, item->detail, opaque); break;
    case BACKEND_EVENT_ITEM_REMOVED: handlers->diskRemoved(item->dom, item->name, opaque); break;
    case BACKEND_EVENT_ITEM_TUNED: handlers->disksTuned(item->dom, opaque); break;
    }
}

static void
backendEventItemFree(void *opaque)
{
    backendEventItem *item = opaque;

    backendEventRegistrationUnref(item->registration);
    handleFreeDomain(item->dom);
    g_free(item->name);
    g_free(item->error);
    g_free(item);
}

static void
backendEventItemSend(backendEventRegistration *registration, backendEventItemType type,
                     virDomainPtr dom, const char *name, const char *error, int detail)
{
    backendEventItem *item = g_new0(backendEventItem, 1);

    virDomainRef(dom);
    item->registration = backendEventRegistrationRef(registration);
    item->type = type;
    item->dom = dom;
    item->name = g_strdup(name);
    item->error = g_strdup(error);
    item->detail = detail;

    g_mutex_lock(&registration->lock);
    if (registration->dispatch)
        registration->dispatch(dom, backendEventItemDeliver, g_steal_pointer(&item),
                               backendEventItemFree, registration->opaque);
    g_mutex_unlock(&registration->lock);
    if (item)
        backendEventItemFree(item);
}

/* Within milliseconds the guest may be saved, or the disk be made a backing image. */
static void
backendEventTellEnding(backendEventRegistration *registration, virDomainPtr dom, const char *target)
{
    LOCK_SCOPE(&registration->lock);

    if (registration->dispatch)
        registration->handlers->jobEnding(dom, target, registration->opaque);
}

static int
backendEventLifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *opaque)
{
    if (event == VIR_DOMAIN_EVENT_STOPPED)
        backendEventItemSend(opaque, BACKEND_EVENT_ITEM_STOPPED, dom, NULL, NULL, detail);
    return 0;
}

static void
backendEventBlockJob(virConnectPtr conn, virDomainPtr dom, const char *disk, int type, int status,
                     void *opaque)
{
    if (type != VIR_DOMAIN_BLOCK_JOB_TYPE_PULL || status == VIR_DOMAIN_BLOCK_JOB_READY)
        return;
    backendEventTellEnding(opaque, dom, disk);
    backendEventItemSend(opaque, BACKEND_EVENT_ITEM_ENDED, dom, disk, NULL, status);
}

static void
backendEventDeviceRemoved(virConnectPtr conn, virDomainPtr dom, const char *alias, void *opaque)
{
    backendEventItemSend(opaque, BACKEND_EVENT_ITEM_REMOVED, dom, alias, NULL, 0);
}

static void
backendEventTunable(virConnectPtr conn, virDomainPtr dom, virTypedParameterPtr params, int nparams,
                    void *opaque)
{
    if (virTypedParamsGet(params, nparams, VIR_DOMAIN_TUNABLE_BLKDEV_DISK))
        backendEventItemSend(opaque, BACKEND_EVENT_ITEM_TUNED, dom, NULL, NULL, 0);
}

static void
backendEventMonitor(virConnectPtr conn, virDomainPtr dom, const char *name, long long seconds,
                    unsigned int micros, const char *details, void *opaque)
{
    g_autoptr(backendQmpEvent) event = backendQmpEventParse(name, details);

    if (!event)
        return;
    switch (event->type) {
    case BACKEND_QMP_JOB_RUNNING:
        backendEventItemSend(opaque, BACKEND_EVENT_ITEM_RUNNING, dom, event->target, NULL, 0);
        break;
    case BACKEND_QMP_JOB_ERROR:
        backendEventItemSend(opaque, BACKEND_EVENT_ITEM_ERROR, dom, event->target, event->error, 0);
        break;
    case BACKEND_QMP_JOB_ENDING: backendEventTellEnding(opaque, dom, event->target); break;
    }
}

static int
backendEventRegister(backendEvent *self, int which, int eventId,
                     virConnectDomainEventGenericCallback cb)
{
    self->ids[which] = virConnectDomainEventRegisterAny(self->conn, NULL, eventId, cb,
                                                        backendEventRegistrationRef(
                                                            self->registration),
                                                        backendEventRegistrationUnref);
    if (self->ids[which] < 0)
        backendEventRegistrationUnref(self->registration);
    return self->ids[which];
}

static void
backendEventRegisterMonitor(backendEvent *self)
{
    self->monitorId = virConnectDomainQemuMonitorEventRegister(
        self->conn, NULL, BACKEND_QMP_EVENTS, backendEventMonitor,
        backendEventRegistrationRef(self->registration), backendEventRegistrationUnref,
        VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_REGEX);
    if (self->monitorId < 0) {
        backendEventRegistrationUnref(self->registration);
        LOG_WARNING("no events of QEMU's own: streams that others start are seen within a second, "
                    "and reasons of failures are not known: %s",
                    errorText());
    }
}

backendEvent *
backendEventNew(virConnectPtr conn, backendEventDispatch dispatch,
                const backendEventHandlers *handlers, void *opaque)
{
    backendEvent *self = g_new0(backendEvent, 1);

    virConnectRef(conn);
    self->conn = conn;
    self->monitorId = -1;
    for (int i = 0; i < BACKEND_EVENT_LAST; i++)
        self->ids[i] = -1;
    self->registration = g_new0(backendEventRegistration, 1);
    g_atomic_ref_count_init(&self->registration->refs);
    g_mutex_init(&self->registration->lock);
    self->registration->dispatch = dispatch;
    self->registration->handlers = handlers;
    self->registration->opaque = opaque;

    if (backendEventRegister(self, BACKEND_EVENT_LIFECYCLE, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                             VIR_DOMAIN_EVENT_CALLBACK(backendEventLifecycle)) < 0 ||
        backendEventRegister(self, BACKEND_EVENT_BLOCK_JOB, VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
                             VIR_DOMAIN_EVENT_CALLBACK(backendEventBlockJob)) < 0 ||
        backendEventRegister(self, BACKEND_EVENT_DEVICE_REMOVED, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
                             VIR_DOMAIN_EVENT_CALLBACK(backendEventDeviceRemoved)) < 0 ||
        backendEventRegister(self, BACKEND_EVENT_TUNABLE, VIR_DOMAIN_EVENT_ID_TUNABLE,
                             VIR_DOMAIN_EVENT_CALLBACK(backendEventTunable)) < 0) {
        backendEventFree(self);
        return NULL;
    }
    backendEventRegisterMonitor(self);
    return self;
}

bool
backendEventTellsStarts(const backendEvent *self)
{
    return self->monitorId >= 0;
}

void
backendEventFree(backendEvent *self)
{
    virErrorPtr kept;

    if (!self)
        return;
    kept = errorKeep(); /* deregistering would hide why */
    g_mutex_lock(&self->registration->lock);
    self->registration->dispatch = NULL;
    g_mutex_unlock(&self->registration->lock);
    for (int i = 0; i < BACKEND_EVENT_LAST; i++) {
        if (self->ids[i] >= 0)
            virConnectDomainEventDeregisterAny(self->conn, self->ids[i]);
    }
    if (self->monitorId >= 0)
        virConnectDomainQemuMonitorEventDeregister(self->conn, self->monitorId);
    virConnectClose(self->conn);
    backendEventRegistrationUnref(self->registration);
    g_free(self);
    errorRestore(kept);
}
