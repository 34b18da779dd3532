/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_event.c: the callbacks registered with libvirt, and notes of what they were told */

#include "backend/backend_event.h"

#include <libvirt/libvirt-qemu.h>

#include "backend/backend_qmp.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

LOG_INIT("backend.event");

/* What a callback of libvirt's needs; it may outlive the registration by a moment. */
typedef struct _backendEventSink backendEventSink;
struct _backendEventSink {
    gatomicrefcount refs;
    const backendEventHandlers *handlers;
    void *opaque;
    GMutex lock;   /* protects where; held over the handlers that are called at once */
    queues *where; /* NULL once deregistered */
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
    backendEventSink *sink;
    int ids[BACKEND_EVENT_LAST];
    int monitorId;
};

typedef enum {
    BACKEND_EVENT_NOTE_RUNNING,
    BACKEND_EVENT_NOTE_ERROR,
    BACKEND_EVENT_NOTE_ENDED,
    BACKEND_EVENT_NOTE_STOPPED,
    BACKEND_EVENT_NOTE_REMOVED,
    BACKEND_EVENT_NOTE_TUNED,
} backendEventNoteType;

typedef struct _backendEventNote backendEventNote;
struct _backendEventNote {
    backendEventSink *sink;
    backendEventNoteType type;
    virDomainPtr dom;
    char *name; /* disk target or device alias */
    char *error;
    int detail;
};

static void
backendEventSinkUnref(void *opaque)
{
    backendEventSink *sink = opaque;

    if (!g_atomic_ref_count_dec(&sink->refs))
        return;
    g_mutex_clear(&sink->lock);
    g_free(sink);
}

static backendEventSink *
backendEventSinkRef(backendEventSink *sink)
{
    g_atomic_ref_count_inc(&sink->refs);
    return sink;
}

static void
backendEventNoteDeliver(void *data)
{
    const backendEventNote *note = data;
    const backendEventHandlers *handlers = note->sink->handlers;
    void *opaque = note->sink->opaque;
    bool wanted;

    g_mutex_lock(&note->sink->lock);
    wanted = note->sink->where != NULL;
    g_mutex_unlock(&note->sink->lock);
    if (!wanted)
        return;

    switch (note->type) {
    case BACKEND_EVENT_NOTE_RUNNING: handlers->jobRunning(note->dom, note->name, opaque); break;
    case BACKEND_EVENT_NOTE_ERROR:
        handlers->jobError(note->dom, note->name, note->error, opaque);
        break;
    case BACKEND_EVENT_NOTE_ENDED:
        handlers->jobEnded(note->dom, note->name, note->detail, opaque);
        break;
    case BACKEND_EVENT_NOTE_STOPPED: handlers->guestStopped(note->dom, note->detail, opaque); break;
    case BACKEND_EVENT_NOTE_REMOVED: handlers->diskRemoved(note->dom, note->name, opaque); break;
    case BACKEND_EVENT_NOTE_TUNED: handlers->disksTuned(note->dom, opaque); break;
    }
}

static void
backendEventNoteFree(void *opaque)
{
    backendEventNote *note = opaque;

    backendEventSinkUnref(note->sink);
    handleFreeDomain(note->dom);
    g_free(note->name);
    g_free(note->error);
    g_free(note);
}

static void
backendEventNoteSend(backendEventSink *sink, backendEventNoteType type, virDomainPtr dom,
                     const char *name, const char *error, int detail)
{
    backendEventNote *note = g_new0(backendEventNote, 1);
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(dom, uuid);
    virDomainRef(dom);
    note->sink = backendEventSinkRef(sink);
    note->type = type;
    note->dom = dom;
    note->name = g_strdup(name);
    note->error = g_strdup(error);
    note->detail = detail;

    g_mutex_lock(&sink->lock);
    if (sink->where)
        queuesPush(sink->where, uuid, backendEventNoteDeliver, g_steal_pointer(&note),
                   backendEventNoteFree);
    g_mutex_unlock(&sink->lock);
    if (note)
        backendEventNoteFree(note);
}

/* Within milliseconds the guest may be saved, or the disk be made a backing image. */
static void
backendEventTellEnding(backendEventSink *sink, virDomainPtr dom, const char *target)
{
    LOCK_SCOPE(&sink->lock);

    if (sink->where)
        sink->handlers->jobEnding(dom, target, sink->opaque);
}

static int
backendEventLifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *opaque)
{
    if (event == VIR_DOMAIN_EVENT_STOPPED)
        backendEventNoteSend(opaque, BACKEND_EVENT_NOTE_STOPPED, dom, NULL, NULL, detail);
    return 0;
}

static void
backendEventBlockJob(virConnectPtr conn, virDomainPtr dom, const char *disk, int type, int status,
                     void *opaque)
{
    if (type != VIR_DOMAIN_BLOCK_JOB_TYPE_PULL || status == VIR_DOMAIN_BLOCK_JOB_READY)
        return;
    backendEventTellEnding(opaque, dom, disk);
    backendEventNoteSend(opaque, BACKEND_EVENT_NOTE_ENDED, dom, disk, NULL, status);
}

static void
backendEventDeviceRemoved(virConnectPtr conn, virDomainPtr dom, const char *alias, void *opaque)
{
    backendEventNoteSend(opaque, BACKEND_EVENT_NOTE_REMOVED, dom, alias, NULL, 0);
}

static void
backendEventTunable(virConnectPtr conn, virDomainPtr dom, virTypedParameterPtr params, int nparams,
                    void *opaque)
{
    if (virTypedParamsGet(params, nparams, VIR_DOMAIN_TUNABLE_BLKDEV_DISK))
        backendEventNoteSend(opaque, BACKEND_EVENT_NOTE_TUNED, dom, NULL, NULL, 0);
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
        backendEventNoteSend(opaque, BACKEND_EVENT_NOTE_RUNNING, dom, event->target, NULL, 0);
        break;
    case BACKEND_QMP_JOB_ERROR:
        backendEventNoteSend(opaque, BACKEND_EVENT_NOTE_ERROR, dom, event->target, event->error, 0);
        break;
    case BACKEND_QMP_JOB_ENDING: backendEventTellEnding(opaque, dom, event->target); break;
    }
}

static int
backendEventRegister(backendEvent *self, int which, int eventId,
                     virConnectDomainEventGenericCallback cb)
{
    self->ids[which] = virConnectDomainEventRegisterAny(self->conn, NULL, eventId, cb,
                                                        backendEventSinkRef(self->sink),
                                                        backendEventSinkUnref);
    if (self->ids[which] < 0)
        backendEventSinkUnref(self->sink);
    return self->ids[which];
}

static void
backendEventRegisterMonitor(backendEvent *self)
{
    self->monitorId = virConnectDomainQemuMonitorEventRegister(
        self->conn, NULL, BACKEND_QMP_EVENTS, backendEventMonitor, backendEventSinkRef(self->sink),
        backendEventSinkUnref, VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_REGEX);
    if (self->monitorId < 0) {
        backendEventSinkUnref(self->sink);
        LOG_WARNING("no events of QEMU's own: streams that others start are seen within a second, "
                    "and reasons of failures are not known: %s",
                    errorText());
    }
}

backendEvent *
backendEventNew(virConnectPtr conn, queues *where, const backendEventHandlers *handlers,
                void *opaque)
{
    backendEvent *self = g_new0(backendEvent, 1);

    virConnectRef(conn);
    self->conn = conn;
    self->monitorId = -1;
    for (int i = 0; i < BACKEND_EVENT_LAST; i++)
        self->ids[i] = -1;
    self->sink = g_new0(backendEventSink, 1);
    g_atomic_ref_count_init(&self->sink->refs);
    g_mutex_init(&self->sink->lock);
    self->sink->where = where;
    self->sink->handlers = handlers;
    self->sink->opaque = opaque;

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
backendEventTellsBeginnings(const backendEvent *self)
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
    g_mutex_lock(&self->sink->lock);
    self->sink->where = NULL;
    g_mutex_unlock(&self->sink->lock);
    for (int i = 0; i < BACKEND_EVENT_LAST; i++) {
        if (self->ids[i] >= 0)
            virConnectDomainEventDeregisterAny(self->conn, self->ids[i]);
    }
    if (self->monitorId >= 0)
        virConnectDomainQemuMonitorEventDeregister(self->conn, self->monitorId);
    virConnectClose(self->conn);
    backendEventSinkUnref(self->sink);
    g_free(self);
    errorRestore(kept);
}
