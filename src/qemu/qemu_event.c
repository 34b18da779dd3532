/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_event.c: the callbacks registered with libvirt, and notes of what they were told */

#include "qemu/qemu_event.h"

#include <libvirt/libvirt-qemu.h>

#include "qemu/qemu_qmp.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

LOG_INIT("qemu.event");

/* What a callback of libvirt's needs; it may outlive the registration by a moment. */
typedef struct _qemuEventSink qemuEventSink;
struct _qemuEventSink {
    gatomicrefcount refs;
    const qemuEventHandlers *handlers;
    void *opaque;
    GMutex lock; /* protects where; held over the handlers that are called at once */
    queues *where; /* NULL once deregistered */
};

enum {
    QEMU_EVENT_LIFECYCLE,
    QEMU_EVENT_BLOCK_JOB,
    QEMU_EVENT_DEVICE_REMOVED,
    QEMU_EVENT_TUNABLE,
    QEMU_EVENT_LAST
};

struct _qemuEvent {
    virConnectPtr conn;
    qemuEventSink *sink;
    int ids[QEMU_EVENT_LAST];
    int monitorId;
};

typedef enum {
    QEMU_EVENT_NOTE_RUNNING,
    QEMU_EVENT_NOTE_ERROR,
    QEMU_EVENT_NOTE_ENDED,
    QEMU_EVENT_NOTE_STOPPED,
    QEMU_EVENT_NOTE_REMOVED,
    QEMU_EVENT_NOTE_TUNED,
} qemuEventNoteType;

typedef struct _qemuEventNote qemuEventNote;
struct _qemuEventNote {
    qemuEventSink *sink;
    qemuEventNoteType type;
    virDomainPtr dom;
    char *name;  /* disk target or device alias */
    char *error;
    int detail;
};

static void
qemuEventSinkUnref(void *opaque)
{
    qemuEventSink *sink = opaque;

    if (!g_atomic_ref_count_dec(&sink->refs))
        return;
    g_mutex_clear(&sink->lock);
    g_free(sink);
}

static qemuEventSink *
qemuEventSinkRef(qemuEventSink *sink)
{
    g_atomic_ref_count_inc(&sink->refs);
    return sink;
}

static void
qemuEventNoteDeliver(void *data)
{
    const qemuEventNote *note = data;
    const qemuEventHandlers *handlers = note->sink->handlers;
    void *opaque = note->sink->opaque;
    bool wanted;

    g_mutex_lock(&note->sink->lock);
    wanted = note->sink->where != NULL;
    g_mutex_unlock(&note->sink->lock);
    if (!wanted)
        return;

    switch (note->type) {
    case QEMU_EVENT_NOTE_RUNNING:
        handlers->jobRunning(note->dom, note->name, opaque);
        break;
    case QEMU_EVENT_NOTE_ERROR:
        handlers->jobError(note->dom, note->name, note->error, opaque);
        break;
    case QEMU_EVENT_NOTE_ENDED:
        handlers->jobEnded(note->dom, note->name, note->detail, opaque);
        break;
    case QEMU_EVENT_NOTE_STOPPED:
        handlers->guestStopped(note->dom, note->detail, opaque);
        break;
    case QEMU_EVENT_NOTE_REMOVED:
        handlers->diskRemoved(note->dom, note->name, opaque);
        break;
    case QEMU_EVENT_NOTE_TUNED:
        handlers->disksTuned(note->dom, opaque);
        break;
    }
}

static void
qemuEventNoteFree(void *opaque)
{
    qemuEventNote *note = opaque;

    qemuEventSinkUnref(note->sink);
    handleFreeDomain(note->dom);
    g_free(note->name);
    g_free(note->error);
    g_free(note);
}

static void
qemuEventNoteSend(qemuEventSink *sink, qemuEventNoteType type, virDomainPtr dom,
                  const char *name, const char *error, int detail)
{
    qemuEventNote *note = g_new0(qemuEventNote, 1);
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(dom, uuid);
    virDomainRef(dom);
    note->sink = qemuEventSinkRef(sink);
    note->type = type;
    note->dom = dom;
    note->name = g_strdup(name);
    note->error = g_strdup(error);
    note->detail = detail;

    g_mutex_lock(&sink->lock);
    if (sink->where)
        queuesPush(sink->where, uuid, qemuEventNoteDeliver, g_steal_pointer(&note),
                   qemuEventNoteFree);
    g_mutex_unlock(&sink->lock);
    if (note)
        qemuEventNoteFree(note);
}

/* Within milliseconds the guest may be saved, or the disk be made a backing image. */
static void
qemuEventTellEnding(qemuEventSink *sink, virDomainPtr dom, const char *target)
{
    LOCK_SCOPE(&sink->lock);

    if (sink->where)
        sink->handlers->jobEnding(dom, target, sink->opaque);
}

static int
qemuEventLifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *opaque)
{
    if (event == VIR_DOMAIN_EVENT_STOPPED)
        qemuEventNoteSend(opaque, QEMU_EVENT_NOTE_STOPPED, dom, NULL, NULL, detail);
    return 0;
}

static void
qemuEventBlockJob(virConnectPtr conn, virDomainPtr dom, const char *disk, int type, int status,
                  void *opaque)
{
    if (type != VIR_DOMAIN_BLOCK_JOB_TYPE_PULL || status == VIR_DOMAIN_BLOCK_JOB_READY)
        return;
    qemuEventTellEnding(opaque, dom, disk);
    qemuEventNoteSend(opaque, QEMU_EVENT_NOTE_ENDED, dom, disk, NULL, status);
}

static void
qemuEventDeviceRemoved(virConnectPtr conn, virDomainPtr dom, const char *alias, void *opaque)
{
    qemuEventNoteSend(opaque, QEMU_EVENT_NOTE_REMOVED, dom, alias, NULL, 0);
}

static void
qemuEventTunable(virConnectPtr conn, virDomainPtr dom, virTypedParameterPtr params, int nparams,
                 void *opaque)
{
    if (virTypedParamsGet(params, nparams, VIR_DOMAIN_TUNABLE_BLKDEV_DISK))
        qemuEventNoteSend(opaque, QEMU_EVENT_NOTE_TUNED, dom, NULL, NULL, 0);
}

static void
qemuEventMonitor(virConnectPtr conn, virDomainPtr dom, const char *name, long long seconds,
                 unsigned int micros, const char *details, void *opaque)
{
    g_autoptr(qemuQmpEvent) event = qemuQmpEventParse(name, details);

    if (!event)
        return;
    switch (event->type) {
    case QEMU_QMP_JOB_RUNNING:
        qemuEventNoteSend(opaque, QEMU_EVENT_NOTE_RUNNING, dom, event->target, NULL, 0);
        break;
    case QEMU_QMP_JOB_ERROR:
        qemuEventNoteSend(opaque, QEMU_EVENT_NOTE_ERROR, dom, event->target, event->error, 0);
        break;
    case QEMU_QMP_JOB_ENDING:
        qemuEventTellEnding(opaque, dom, event->target);
        break;
    }
}

static int
qemuEventRegister(qemuEvent *self, int which, int eventId, virConnectDomainEventGenericCallback cb)
{
    self->ids[which] = virConnectDomainEventRegisterAny(self->conn, NULL, eventId, cb,
                                                        qemuEventSinkRef(self->sink),
                                                        qemuEventSinkUnref);
    if (self->ids[which] < 0)
        qemuEventSinkUnref(self->sink);
    return self->ids[which];
}

static void
qemuEventRegisterMonitor(qemuEvent *self)
{
    self->monitorId = virConnectDomainQemuMonitorEventRegister(
        self->conn, NULL, QEMU_QMP_EVENTS, qemuEventMonitor, qemuEventSinkRef(self->sink),
        qemuEventSinkUnref, VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_REGEX);
    if (self->monitorId < 0) {
        qemuEventSinkUnref(self->sink);
        LOG_WARNING("no events of QEMU's own: streams that others start are seen within a second, "
                    "and reasons of failures are not known: %s", errorText());
    }
}

qemuEvent *
qemuEventNew(virConnectPtr conn, queues *where, const qemuEventHandlers *handlers, void *opaque)
{
    qemuEvent *self = g_new0(qemuEvent, 1);

    virConnectRef(conn);
    self->conn = conn;
    self->monitorId = -1;
    for (int i = 0; i < QEMU_EVENT_LAST; i++)
        self->ids[i] = -1;
    self->sink = g_new0(qemuEventSink, 1);
    g_atomic_ref_count_init(&self->sink->refs);
    g_mutex_init(&self->sink->lock);
    self->sink->where = where;
    self->sink->handlers = handlers;
    self->sink->opaque = opaque;

    if (qemuEventRegister(self, QEMU_EVENT_LIFECYCLE, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                          VIR_DOMAIN_EVENT_CALLBACK(qemuEventLifecycle)) < 0 ||
        qemuEventRegister(self, QEMU_EVENT_BLOCK_JOB, VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
                          VIR_DOMAIN_EVENT_CALLBACK(qemuEventBlockJob)) < 0 ||
        qemuEventRegister(self, QEMU_EVENT_DEVICE_REMOVED, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
                          VIR_DOMAIN_EVENT_CALLBACK(qemuEventDeviceRemoved)) < 0 ||
        qemuEventRegister(self, QEMU_EVENT_TUNABLE, VIR_DOMAIN_EVENT_ID_TUNABLE,
                          VIR_DOMAIN_EVENT_CALLBACK(qemuEventTunable)) < 0) {
        qemuEventFree(self);
        return NULL;
    }
    qemuEventRegisterMonitor(self);
    return self;
}

bool
qemuEventTellsBeginnings(const qemuEvent *self)
{
    return self->monitorId >= 0;
}

void
qemuEventFree(qemuEvent *self)
{
    virErrorPtr kept;

    if (!self)
        return;
    kept = errorKeep(); /* deregistering would hide why */
    g_mutex_lock(&self->sink->lock);
    self->sink->where = NULL;
    g_mutex_unlock(&self->sink->lock);
    for (int i = 0; i < QEMU_EVENT_LAST; i++) {
        if (self->ids[i] >= 0)
            virConnectDomainEventDeregisterAny(self->conn, self->ids[i]);
    }
    if (self->monitorId >= 0)
        virConnectDomainQemuMonitorEventDeregister(self->conn, self->monitorId);
    virConnectClose(self->conn);
    qemuEventSinkUnref(self->sink);
    g_free(self);
    errorRestore(kept);
}
