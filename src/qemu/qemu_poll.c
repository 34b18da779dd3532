/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_poll.c: the tick of every second, and the first look at all guests */

#include "qemu/qemu_poll.h"

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
#define QEMU_POLL_MISSED_MAX 3

LOG_INIT("qemu.poll");

struct _qemuPoll {
    virConnectPtr conn; /* the owner's, as long as this lives */
    eventThread *where;
    queues *guests;
    qemuStreams *streams;
    backendNbdserver *exports;
    qemuHydration *hydration; /* NULL: none */
    gint blind;               /* atomic */

    GMutex lock;   /* protects tick; taken before the table's */
    GSource *tick; /* NULL while asleep */
};

/* What a guest is to be asked in its queue */
typedef struct _qemuPollTask qemuPollTask;
struct _qemuPollTask {
    qemuPoll *self;
    virDomainPtr dom;
    bool adopt;    /* the pulls that nobody knows */
    bool announce; /* publish STARTED for them */
};

qemuPoll *
qemuPollNew(virConnectPtr conn, eventThread *where, queues *guests, qemuStreams *streams,
            backendNbdserver *exports, qemuHydration *hydration)
{
    qemuPoll *self = g_new0(qemuPoll, 1);

    g_mutex_init(&self->lock);
    self->conn = conn;
    self->where = where;
    self->guests = guests;
    self->streams = streams;
    self->exports = exports;
    self->hydration = hydration;
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

    handleFreeDomain(task->dom);
    g_free(task);
}

static void
qemuPollPush(qemuPoll *self, virDomainPtr dom, void (*func)(void *task), bool adopt, bool announce)
{
    qemuPollTask *task = g_new(qemuPollTask, 1);
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(dom, uuid);
    virDomainRef(dom);
    *task = (qemuPollTask) {
        .self = self,
        .dom = dom,
        .adopt = adopt,
        .announce = announce,
    };
    queuesPush(self->guests, uuid, func, task, qemuPollTaskFree);
}

/* The streams to ask about; NULL if there are none: then it falls asleep. */
static GPtrArray *
qemuPollListStreams(qemuPoll *self)
{
    LOCK_SCOPE(&self->lock);
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, NULL);

    if (active->len > 0 || g_atomic_int_get(&self->blind))
        return g_steal_pointer(&active);
    g_clear_pointer(&self->tick, g_source_unref);
    return NULL;
}

/* libvirt knows no job, and no event has told its end yet. */
static void
qemuPollMissed(qemuPoll *self, qemuStream *stream)
{
    if (self->hydration)
        qemuHydrationEnd(self->hydration, stream);
    if (qemuStreamsMissed(self->streams, stream) >= QEMU_POLL_MISSED_MAX)
        qemuReconcileResolve(self->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
                             "the block job is gone, nobody told why", false);
}

/* Asks how far a stream is. */
static void
qemuPollAsk(qemuPoll *self, virDomainPtr dom, qemuStream *stream)
{
    int rc;

    if (self->hydration)
        qemuHydrationReport(self->hydration, stream);
    if (qemuStreamsIsGuestLeft(self->streams, stream))
        qemuTailResume(self->exports, self->streams, stream, dom);
    rc = qemuReconcileSample(self->streams, stream, true);
    if (rc < 0)
        LOG_DEBUG("progress of disk %s: %s", stream->target, errorText());
    if (rc == 1 && self->hydration)
        qemuHydrationTick(self->hydration, stream);
    if (rc == 0)
        qemuPollMissed(self, stream);
}

/* Takes up the pulls that nobody knows, and a guest that somebody who died has left suspended. */
static void
qemuPollAdopt(const qemuPollTask *task)
{
    qemuStreams *streams = task->self->streams;
    g_autofree char *disk = NULL;
    g_autoptr(qemuStream) stream = NULL;

    if (qemuReconcileAdopt(streams, task->dom, task->announce, &disk) < 0)
        LOG_DEBUG("streams of a domain: %s", errorText());
    if (!disk)
        return;
    stream = qemuStreamsFindActive(streams, task->dom, disk);
    qemuTailResume(task->self->exports, streams, stream, task->dom);
}

static void
qemuPollAskGuest(void *opaque)
{
    const qemuPollTask *task = opaque;
    g_autoptr(GPtrArray) active = NULL;

    if (task->adopt)
        qemuPollAdopt(task);
    active = qemuStreamsListActive(task->self->streams, task->dom);
    for (guint i = 0; i < active->len; i++) {
        if (qemuStreamsIsQuiet(task->self->streams, g_ptr_array_index(active, i)))
            return;
        qemuPollAsk(task->self, task->dom, g_ptr_array_index(active, i));
    }
    if (qemuReconcileSpeeds(task->self->streams, task->dom) < 0)
        LOG_DEBUG("speed of a job: %s", errorText());
}

/* A table of guests by UUID; @dom, a reference, is taken over. */
static void
qemuPollAddGuest(GHashTable *guests, virDomainPtr dom)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(dom, uuid);
    g_hash_table_replace(guests, g_strdup(uuid), dom);
}

/* The guests of @streams; and, if @all, those that run. */
static GHashTable *
qemuPollListGuests(qemuPoll *self, GPtrArray *streams, bool all)
{
    GHashTable *guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify) handleFreeDomain);
    g_autoptr(GPtrArray) doms = all ? qemuReconcileListDomains(self->conn) : NULL;

    if (all && !doms)
        LOG_DEBUG("cannot look for running streams: %s", errorText());
    for (guint i = 0; i < streams->len; i++)
        qemuPollAddGuest(guests,
                         qemuStreamsGetDomain(self->streams, g_ptr_array_index(streams, i)));
    for (guint i = 0; doms && i < doms->len; i++) {
        virDomainRef(g_ptr_array_index(doms, i));
        qemuPollAddGuest(guests, g_ptr_array_index(doms, i));
    }
    return guests;
}

/* A guest that is busy with something else, or does not answer, is not asked more than once. */
static gboolean
qemuPollTick(void *opaque)
{
    qemuPoll *self = opaque;
    g_autoptr(GPtrArray) active = qemuPollListStreams(self);
    bool blind = g_atomic_int_get(&self->blind);
    g_autoptr(GHashTable) guests = NULL;
    GHashTableIter iter;
    void *uuid;
    void *dom;

    if (!active)
        return G_SOURCE_REMOVE;
    guests = qemuPollListGuests(self, active, blind);
    g_hash_table_iter_init(&iter, guests);
    while (g_hash_table_iter_next(&iter, &uuid, &dom)) {
        if (!queuesIsBusy(self->guests, uuid))
            qemuPollPush(self, dom, qemuPollAskGuest, blind, true);
    }
    return G_SOURCE_CONTINUE;
}

void
qemuPollWake(qemuPoll *self)
{
    LOCK_SCOPE(&self->lock);

    if (!self->tick)
        self->tick = eventThreadAddTimer(self->where, QEMU_POLL_TICK, qemuPollTick, self);
}

void
qemuPollSetBlind(qemuPoll *self)
{
    g_atomic_int_set(&self->blind, true);
}

/* Streams of an earlier connection whose jobs ended unseen, and pulls that nobody knows */
static void
qemuPollLook(void *opaque)
{
    const qemuPollTask *task = opaque;
    qemuStreams *streams = task->self->streams;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(streams, task->dom);

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);
        int rc = qemuReconcileSample(streams, stream, false);

        if (rc == 0 || (rc < 0 && virDomainIsActive(task->dom) == 0))
            qemuReconcileResolve(streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
                                 "the block job ended while libvirt was away", false);
    }
    qemuPollAdopt(task);
    qemuPollWake(task->self);
}

void
qemuPollTakeUp(qemuPoll *self, bool announce)
{
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, NULL);
    g_autoptr(GHashTable) guests = NULL;
    GHashTableIter iter;
    void *dom;

    qemuStreamsForgetEchoes(self->streams);
    for (guint i = 0; i < active->len; i++)
        qemuReconcileMove(self->streams, g_ptr_array_index(active, i), self->conn);

    guests = qemuPollListGuests(self, active, true);
    g_hash_table_iter_init(&iter, guests);
    while (g_hash_table_iter_next(&iter, NULL, &dom))
        qemuPollPush(self, dom, qemuPollLook, true, announce);
    queuesDrain(self->guests, g_get_monotonic_time() + QEMU_POLL_FIRST_MAX);
    qemuPollWake(self);
}
