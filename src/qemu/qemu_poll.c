/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_poll.c: the tick of every second, and the first look at all guests */

#include "qemu/qemu_poll.h"

#include "backend/backend_domain.h"
#include "qemu/qemu_hydration.h"
#include "qemu/qemu_reconcile.h"
#include "qemu/qemu_tail.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define QEMU_POLL_TICK 1000 /* ms */

/* So long a guest may take to say what it streams before it is seen later than the others. */
#define QEMU_POLL_FIRST_MAX (3 * G_USEC_PER_SEC)

/* Without any event a job that libvirt does not know is given up at this tick: the event of
 * an end can lag behind the answer to a question. */
#define QEMU_POLL_NO_JOB_MAX 3

LOG_INIT("qemu.poll");

struct _qemuPoll {
    virConnectPtr conn; /* the owner's, as long as this lives */
    eventThread *thread;
    qemuGuestTable *guests;
    gint noStartEvents; /* atomic */

    GMutex lock;   /* protects tick */
    GSource *tick; /* NULL while asleep */
};

/* What a guest is to be asked in its queue */
typedef struct _qemuPollTask qemuPollTask;
struct _qemuPollTask {
    qemuPoll *self;
    qemuGuest *guest;
    bool announce; /* publish STARTED for what is discovered */
};

qemuPoll *
qemuPollNew(virConnectPtr conn, eventThread *thread, qemuGuestTable *guests)
{
    qemuPoll *self = g_new0(qemuPoll, 1);

    g_mutex_init(&self->lock);
    self->conn = conn;
    self->thread = thread;
    self->guests = guests;
    return self;
}

void
qemuPollFree(qemuPoll *self)
{
    if (!self)
        return;
    if (self->tick)
        g_source_destroy(self->tick);
    g_clear_pointer(&self->tick, g_source_unref);
    g_mutex_clear(&self->lock);
    g_free(self);
}

static void
qemuPollTaskFree(void *opaque)
{
    qemuPollTask *task = opaque;

    qemuGuestUnref(task->guest);
    g_free(task);
}

static void
qemuPollPush(qemuPoll *self, qemuGuest *guest, void (*func)(void *task), bool announce)
{
    qemuPollTask *task = g_new(qemuPollTask, 1);

    *task = (qemuPollTask) { .self = self, .guest = qemuGuestRef(guest), .announce = announce };
    taskQueuePush(guest->tasks, func, task, qemuPollTaskFree);
}

/* How often in a row libvirt has known no job by now */
static unsigned int
qemuPollCountNoJob(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return ++stream->noJobCount;
}

/* libvirt knows no job, and no event has told its end yet. */
static void
qemuPollNoJob(qemuStream *stream)
{
    qemuHydrationStop(stream, NULL);
    if (qemuPollCountNoJob(stream) >= QEMU_POLL_NO_JOB_MAX)
        qemuReconcileDetermineEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
                                  "the block job is gone, nobody told why", false);
}

/* Whether the guest is suspended for the stream's sake by somebody who has died */
static bool
qemuPollIsGuestLeft(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return stream->guestSuspended && !stream->startedByUs;
}

/* Asks how far a stream is. */
static void
qemuPollAsk(qemuStream *stream)
{
    g_autoptr(virDomain) dom = qemuGuestGetDomain(stream->guest);
    int rc;

    qemuHydrationReport(stream);
    if (qemuPollIsGuestLeft(stream))
        qemuTailResume(stream, dom);
    rc = qemuReconcileSample(stream, true);
    if (rc < 0)
        LOG_DEBUG("progress of disk %s: %s", stream->target, errorText());
    if (rc == 0)
        qemuPollNoJob(stream);
}

/* Discovers the pulls that have no stream, and a guest that somebody who died has left suspended. */
static void
qemuPollDiscover(qemuGuest *guest, bool announce)
{
    g_autoptr(virDomain) dom = qemuGuestGetDomain(guest);
    g_autofree char *disk = NULL;
    g_autoptr(qemuStream) stream = NULL;

    if (qemuReconcileDiscover(guest, announce, &disk) < 0)
        LOG_DEBUG("streams of a domain: %s", errorText());
    if (!disk)
        return;
    stream = qemuStreamsFindActive(guest->table, dom, disk);
    qemuTailResume(stream, dom);
}

static void
qemuPollAskGuest(void *opaque)
{
    const qemuPollTask *task = opaque;
    g_autoptr(GPtrArray) active = NULL;

    if (g_atomic_int_get(&task->self->noStartEvents))
        qemuPollDiscover(task->guest, task->announce);
    active = qemuStreamsGetActive(task->guest);
    for (guint i = 0; i < active->len; i++) {
        if (qemuGuestIsQueriesPaused(task->guest))
            return;
        qemuPollAsk(g_ptr_array_index(active, i));
    }
    if (qemuHydrationApply(task->guest) < 0)
        LOG_DEBUG("speed of a job: %s", errorText());
}

/* Puts all that run into the list. */
static void
qemuPollAddRunning(qemuPoll *self, GPtrArray *guests)
{
    g_autoptr(GPtrArray) doms = backendDomainList(self->conn);

    if (!doms)
        LOG_DEBUG("cannot look for running streams: %s", errorText());
    for (guint i = 0; doms && i < doms->len; i++) {
        g_autoptr(qemuGuest) guest = qemuGuestGet(self->guests, g_ptr_array_index(doms, i));

        if (!g_ptr_array_find(guests, guest, NULL))
            g_ptr_array_add(guests, g_steal_pointer(&guest));
    }
}

static bool
qemuPollIsNeeded(qemuGuest *guest)
{
    g_autoptr(GPtrArray) active = qemuStreamsGetActive(guest);

    return active->len > 0 || backendNbdServerIsOpen(guest->server);
}

/* The guests to ask; NULL if there are none: then it falls asleep. */
static GPtrArray *
qemuPollListGuests(qemuPoll *self)
{
    LOCK_SCOPE(&self->lock);
    g_autoptr(GPtrArray) guests = qemuGuestList(self->guests);

    if (g_atomic_int_get(&self->noStartEvents)) {
        qemuPollAddRunning(self, guests);
        return g_steal_pointer(&guests);
    }
    for (guint i = guests->len; i > 0; i--) {
        if (!qemuPollIsNeeded(g_ptr_array_index(guests, i - 1)))
            g_ptr_array_remove_index_fast(guests, i - 1);
    }
    if (guests->len > 0)
        return g_steal_pointer(&guests);
    g_clear_pointer(&self->tick, g_source_unref);
    return NULL;
}

/* A guest that is busy with something else, or does not answer, is not asked more than once. */
static gboolean
qemuPollTick(void *opaque)
{
    qemuPoll *self = opaque;
    g_autoptr(GPtrArray) guests = qemuPollListGuests(self);

    if (!guests)
        return G_SOURCE_REMOVE;
    for (guint i = 0; i < guests->len; i++) {
        qemuGuest *guest = g_ptr_array_index(guests, i);

        if (backendNbdServerIsOpen(guest->server))
            qemuHydrationTakeBack(guest);
        if (!taskQueueIsBusy(guest->tasks))
            qemuPollPush(self, guest, qemuPollAskGuest, true);
    }
    return G_SOURCE_CONTINUE;
}

void
qemuPollWake(qemuPoll *self)
{
    LOCK_SCOPE(&self->lock);

    if (!self->tick)
        self->tick = eventThreadAddTimer(self->thread, QEMU_POLL_TICK, qemuPollTick, self);
}

void
qemuPollSetNoStartEvents(qemuPoll *self)
{
    g_atomic_int_set(&self->noStartEvents, true);
}

/* Streams of an earlier connection whose jobs ended unseen, and pulls that have none */
static void
qemuPollLook(void *opaque)
{
    const qemuPollTask *task = opaque;
    g_autoptr(virDomain) dom = qemuGuestGetDomain(task->guest);
    g_autoptr(GPtrArray) active = qemuStreamsGetActive(task->guest);

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);
        int rc = qemuReconcileSample(stream, false);

        if (rc == 0 || (rc < 0 && backendDomainCheckRunning(dom) < 0))
            qemuReconcileDetermineEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
                                      "the block job ended while libvirt was away", false);
    }
    qemuPollDiscover(task->guest, task->announce);
    qemuPollWake(task->self);
}

/* In the time in which libvirt was away all stale events were lost. */
static void
qemuPollMove(qemuGuest *guest, virConnectPtr conn)
{
    {
        LOCK_SCOPE(&guest->lock);

        qemuStreamsForgetStaleEnds(guest);
    }
    qemuReconcileMove(guest, conn);
}

void
qemuPollDiscoverAll(qemuPoll *self, bool announce)
{
    g_autoptr(GPtrArray) guests = qemuGuestList(self->guests);

    for (guint i = 0; i < guests->len; i++)
        qemuPollMove(g_ptr_array_index(guests, i), self->conn);
    qemuPollAddRunning(self, guests);
    for (guint i = 0; i < guests->len; i++)
        qemuPollPush(self, g_ptr_array_index(guests, i), qemuPollLook, announce);
    taskQueuePoolDrain(qemuGuestTableGetTasks(self->guests),
                       g_get_monotonic_time() + QEMU_POLL_FIRST_MAX);
    qemuPollWake(self);
}
