/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_follow.c: what each event means for the streams, and the tick of every second */

#include "qemu/qemu_follow.h"

#include "qemu/qemu_event.h"
#include "qemu/qemu_job.h"
#include "qemu/qemu_sync.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define QEMU_FOLLOW_TICK 1000 /* ms */

/* So long a guest may take to say what it streams before it is seen later than the others. */
#define QEMU_FOLLOW_FIRST_MAX (3 * G_USEC_PER_SEC)

/* Without any event a job that libvirt does not know is given up at this tick: the event of
 * an end can lag behind the answer to a question. */
#define QEMU_FOLLOW_MISSED_MAX 3

LOG_INIT("qemu.follow");

struct _qemuFollow {
    virConnectPtr conn;
    loop *where;
    queues *guests; /* what asks a guest's QEMU, by its UUID: one that is silent holds up no other */
    qemuStreams *streams;
    qemuHydration *hydration; /* NULL: none */
    qemuEvent *event;

    GMutex lock;   /* protects all below; taken before the table's */
    bool blind;    /* beginnings are not told: there is always something to ask about */
    GSource *tick; /* NULL while there is not */
};

/* What is to be done for a guest in its queue */
typedef struct _qemuFollowTask qemuFollowTask;
struct _qemuFollowTask {
    qemuFollow *self;
    virDomainPtr dom;
    bool announce;
};

static void
qemuFollowTaskFree(void *opaque)
{
    qemuFollowTask *task = opaque;

    handleFreeDomain(task->dom);
    g_free(task);
}

static void
qemuFollowPush(qemuFollow *self, virDomainPtr dom, void (*func)(void *task), bool announce)
{
    qemuFollowTask *task = g_new(qemuFollowTask, 1);
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(dom, uuid);
    virDomainRef(dom);
    *task = (qemuFollowTask) { .self = self, .dom = dom, .announce = announce };
    queuesPush(self->guests, uuid, func, task, qemuFollowTaskFree);
}

static gboolean qemuFollowTick(void *opaque);

/* From now on the streams are asked how far they are. What is to be watched is in the table. */
static void
qemuFollowWatch(qemuFollow *self)
{
    LOCK_SCOPE(&self->lock);

    if (!self->tick)
        self->tick = loopAddTimer(self->where, QEMU_FOLLOW_TICK, qemuFollowTick, self);
}

/* The streams to ask; NULL if there are none: then nothing is watched any more. */
static GPtrArray *
qemuFollowGetWatched(qemuFollow *self)
{
    LOCK_SCOPE(&self->lock);
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, NULL);

    if (active->len > 0 || self->blind)
        return g_steal_pointer(&active);
    g_clear_pointer(&self->tick, g_source_unref);
    return NULL;
}

/* Passes on a failure of what nobody waits for. */
static void
qemuFollowSpeeds(qemuFollow *self, virDomainPtr dom)
{
    if (qemuSyncSpeeds(self->streams, dom) < 0)
        LOG_DEBUG("speed of a job: %s", errorText());
}

/* The turn was passed on: who has it now is not to wait for the next tick. */
static void
qemuFollowTurn(qemuFollow *self, virDomainPtr dom)
{
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, dom);

    qemuFollowSpeeds(self, dom);
    for (guint i = 0; self->hydration && i < active->len; i++)
        qemuHydrationTick(self->hydration, g_ptr_array_index(active, i));
}

/* Hydration must not outlive the job. */
static void
qemuFollowUnhydrate(qemuFollow *self, qemuStream *stream)
{
    if (self->hydration)
        qemuHydrationEnd(self->hydration, stream);
}

static void
qemuFollowJobEnding(virDomainPtr dom, const char *target, void *opaque)
{
    qemuFollow *self = opaque;
    g_autoptr(qemuStream) stream = qemuStreamsFindActive(self->streams, dom, target);

    if (stream && self->hydration)
        qemuHydrationCut(self->hydration, stream);
}

static void
qemuFollowJobRunning(virDomainPtr dom, const char *target, void *opaque)
{
    qemuFollow *self = opaque;
    g_autoptr(qemuStream) known = qemuStreamsFindActive(self->streams, dom, target);
    g_autoptr(qemuStream) stream = NULL;
    g_autoptr(GPtrArray) disks = NULL;
    virDomainBlockJobInfo info = { 0 };
    const domainDisk *disk;

    if (known) {
        qemuStreamsConfirm(self->streams, known);
        qemuFollowWatch(self);
        if (self->hydration)
            qemuHydrationTick(self->hydration, known);
        return;
    }
    if (qemuStreamsAwaitsEcho(self->streams, dom, target))
        return; /* of the job that was stopped meanwhile */
    if (!(disks = qemuSyncGetDisks(dom)) || !(disk = domainDiskListFind(disks, target))) {
        LOG_DEBUG("a pull nobody can see: %s", errorText());
        return;
    }
    /* It may be over by now; its end is told by an event of its own. */
    if (qemuJobGetPull(dom, target, &info) < 0)
        LOG_DEBUG("pull of disk %s: %s", target, errorText());
    stream = qemuStreamsAdopt(self->streams, dom, disk, info.bandwidth, &(streamSettings) { 0 },
                              true);
    qemuFollowWatch(self);
    qemuFollowSpeeds(self, dom);
    if (stream && qemuSyncSample(self->streams, stream, false) == 1 && self->hydration)
        qemuHydrationTick(self->hydration, stream);
}

static void
qemuFollowJobError(virDomainPtr dom, const char *target, const char *error, void *opaque)
{
    qemuFollow *self = opaque;
    g_autoptr(qemuStream) stream = qemuStreamsFindActive(self->streams, dom, target);

    if (stream)
        qemuStreamsSetError(self->streams, stream, error);
}

static void
qemuFollowJobEnded(virDomainPtr dom, const char *target, int status, void *opaque)
{
    qemuFollow *self = opaque;
    g_autoptr(qemuStream) stream = NULL;

    if (qemuStreamsTakeEcho(self->streams, dom, target) ||
        !(stream = qemuStreamsFindActive(self->streams, dom, target)))
        return;
    qemuFollowUnhydrate(self, stream);
    switch (status) {
    case VIR_DOMAIN_BLOCK_JOB_COMPLETED:
        qemuStreamsEnd(self->streams, stream, VIR_DOMAIN_STREAM_DISK_COMPLETED, NULL, false);
        break;
    case VIR_DOMAIN_BLOCK_JOB_CANCELED:
        qemuStreamsEnd(self->streams, stream, VIR_DOMAIN_STREAM_DISK_STOPPED,
                       "the block job was aborted", false);
        break;
    default:
        qemuStreamsEnd(self->streams, stream, VIR_DOMAIN_STREAM_DISK_FAILED,
                       "the block job failed, QEMU gave no reason", false);
        break;
    }
    qemuFollowTurn(self, dom);
}

static const char *
qemuFollowStopReason(int detail)
{
    switch (detail) {
    case VIR_DOMAIN_EVENT_STOPPED_CRASHED:
        return "the guest crashed";
    case VIR_DOMAIN_EVENT_STOPPED_FAILED:
        return "QEMU ended unexpectedly";
    case VIR_DOMAIN_EVENT_STOPPED_DESTROYED:
        return "the guest was destroyed";
    case VIR_DOMAIN_EVENT_STOPPED_MIGRATED:
        return "the guest migrated to another host";
    case VIR_DOMAIN_EVENT_STOPPED_SAVED:
        return "the guest was saved";
    default:
        return "the guest was shut down";
    }
}

static void
qemuFollowGuestStopped(virDomainPtr dom, int detail, void *opaque)
{
    qemuFollow *self = opaque;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, dom);
    bool failed = detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
                  detail == VIR_DOMAIN_EVENT_STOPPED_FAILED;

    for (guint i = 0; i < active->len; i++) {
        qemuFollowUnhydrate(self, g_ptr_array_index(active, i));
        qemuStreamsEnd(self->streams, g_ptr_array_index(active, i),
                       failed ? VIR_DOMAIN_STREAM_DISK_FAILED : VIR_DOMAIN_STREAM_DISK_STOPPED,
                       qemuFollowStopReason(detail), false);
    }
    qemuStreamsForgetEnded(self->streams, dom);
}

static void
qemuFollowDiskRemoved(virDomainPtr dom, const char *alias, void *opaque)
{
    qemuFollow *self = opaque;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, dom);

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);

        if (!g_str_equal(stream->alias, alias))
            continue;
        qemuFollowUnhydrate(self, stream);
        qemuStreamsEnd(self->streams, stream, VIR_DOMAIN_STREAM_DISK_STOPPED,
                       "the disk was detached", false);
    }
    qemuFollowTurn(self, dom);
}

static void
qemuFollowDisksTuned(virDomainPtr dom, void *opaque)
{
    qemuFollow *self = opaque;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, dom);
    g_autoptr(GPtrArray) disks = active->len > 0 ? qemuSyncGetDisks(dom) : NULL;

    for (guint i = 0; disks && i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);
        const domainDisk *disk = domainDiskListFind(disks, stream->target);

        if (disk)
            qemuStreamsTune(self->streams, stream, disk->iotune);
    }
    qemuFollowSpeeds(self, dom);
}

/* A backup in pull mode may follow, which fails if QEMU's NBD server is ours; and libvirt 9.0 crashes
 * if anything is asked of QEMU at the moment in which it fails. */
static void
qemuFollowImageCreating(virDomainPtr dom, void *opaque)
{
    qemuFollow *self = opaque;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, dom);

    if (!self->hydration)
        return;
    qemuStreamsQuieten(self->streams, dom);
    for (guint i = 0; i < active->len; i++)
        qemuHydrationYield(self->hydration, g_ptr_array_index(active, i));
}

static const qemuEventHandlers qemuFollowHandlers = {
    .jobRunning = qemuFollowJobRunning,
    .jobEnding = qemuFollowJobEnding,
    .jobError = qemuFollowJobError,
    .jobEnded = qemuFollowJobEnded,
    .guestStopped = qemuFollowGuestStopped,
    .diskRemoved = qemuFollowDiskRemoved,
    .disksTuned = qemuFollowDisksTuned,
    .imageCreating = qemuFollowImageCreating,
};

/* libvirt knows no job, and no event has told its end yet. */
static void
qemuFollowMissed(qemuFollow *self, qemuStream *stream)
{
    qemuFollowUnhydrate(self, stream);
    if (qemuStreamsMissed(self->streams, stream) >= QEMU_FOLLOW_MISSED_MAX)
        qemuSyncResolve(self->streams, stream, VIR_DOMAIN_STREAM_DISK_FAILED,
                        "the block job is gone, nobody told why", false);
}

/* Asks how far a stream is. */
static void
qemuFollowAsk(qemuFollow *self, qemuStream *stream)
{
    int rc;

    if (self->hydration)
        qemuHydrationReport(self->hydration, stream);
    rc = qemuSyncSample(self->streams, stream, true);
    if (rc < 0)
        LOG_DEBUG("progress of disk %s: %s", stream->target, errorText());
    if (rc == 1 && self->hydration)
        qemuHydrationTick(self->hydration, stream);
    if (rc == 0)
        qemuFollowMissed(self, stream);
}

static void
qemuFollowTickGuest(void *opaque)
{
    const qemuFollowTask *task = opaque;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(task->self->streams, task->dom);

    for (guint i = 0; i < active->len; i++) {
        if (qemuStreamsIsQuiet(task->self->streams, g_ptr_array_index(active, i)))
            return;
        qemuFollowAsk(task->self, g_ptr_array_index(active, i));
    }
    qemuFollowSpeeds(task->self, task->dom);
}

/* A table of guests by UUID; @dom, a reference, is taken over. */
static void
qemuFollowAddGuest(GHashTable *guests, virDomainPtr dom)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(dom, uuid);
    g_hash_table_replace(guests, g_strdup(uuid), dom);
}

/* The guests of @streams */
static GHashTable *
qemuFollowListGuests(qemuFollow *self, GPtrArray *streams)
{
    GHashTable *guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify) handleFreeDomain);

    for (guint i = 0; i < streams->len; i++)
        qemuFollowAddGuest(guests,
                           qemuStreamsGetDomain(self->streams, g_ptr_array_index(streams, i)));
    return guests;
}

/* A guest that is busy with something else, or does not answer, is not asked more than once. */
static gboolean
qemuFollowTick(void *opaque)
{
    qemuFollow *self = opaque;
    g_autoptr(GPtrArray) active = qemuFollowGetWatched(self);
    g_autoptr(GHashTable) guests = NULL;
    GHashTableIter iter;
    void *uuid;
    void *dom;

    if (!active)
        return G_SOURCE_REMOVE;
    guests = qemuFollowListGuests(self, active);
    g_hash_table_iter_init(&iter, guests);
    while (g_hash_table_iter_next(&iter, &uuid, &dom)) {
        if (!queuesIsBusy(self->guests, uuid))
            qemuFollowPush(self, dom, qemuFollowTickGuest, false);
    }
    return G_SOURCE_CONTINUE;
}

/* Streams of an earlier connection whose jobs ended unseen, and pulls that nobody knows */
static void
qemuFollowTakeUp(void *opaque)
{
    const qemuFollowTask *task = opaque;
    qemuStreams *streams = task->self->streams;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(streams, task->dom);

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);

        if (qemuSyncSample(streams, stream, false) != 1)
            qemuSyncResolve(streams, stream, VIR_DOMAIN_STREAM_DISK_FAILED,
                            "the block job ended while libvirt was away", false);
    }
    if (qemuSyncAdopt(streams, task->dom, task->announce) < 0)
        LOG_DEBUG("streams of a domain: %s", errorText());
    qemuFollowWatch(task->self);
}

/* Every guest is asked, whether it is known to have a stream or not. */
static void
qemuFollowTakeUpAll(qemuFollow *self, bool announce)
{
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, NULL);
    g_autoptr(GPtrArray) doms = NULL;
    g_autoptr(GHashTable) guests = NULL;
    GHashTableIter iter;
    void *dom;

    qemuStreamsForgetEchoes(self->streams);
    for (guint i = 0; i < active->len; i++)
        qemuSyncMove(self->streams, g_ptr_array_index(active, i), self->conn);
    guests = qemuFollowListGuests(self, active);
    if (!(doms = qemuSyncListDomains(self->conn)))
        LOG_WARNING("cannot look for running streams: %s", errorText());
    for (guint i = 0; doms && i < doms->len; i++) {
        virDomainRef(g_ptr_array_index(doms, i));
        qemuFollowAddGuest(guests, g_ptr_array_index(doms, i));
    }

    g_hash_table_iter_init(&iter, guests);
    while (g_hash_table_iter_next(&iter, NULL, &dom))
        qemuFollowPush(self, dom, qemuFollowTakeUp, announce);
}

qemuFollow *
qemuFollowNew(virConnectPtr conn, loop *where, qemuStreams *streams,
              qemuHydration *hydration, bool announce)
{
    qemuFollow *self = g_new0(qemuFollow, 1);

    g_mutex_init(&self->lock);
    virConnectRef(conn);
    self->conn = conn;
    self->where = where;
    self->guests = queuesNew();
    self->streams = streams;
    self->hydration = hydration;
    if (!(self->event = qemuEventNew(conn, self->guests, &qemuFollowHandlers, self))) {
        qemuFollowFree(self);
        return NULL;
    }
    {
        LOCK_SCOPE(&self->lock);

        self->blind = !qemuEventTellsBeginnings(self->event);
    }
    /* events are registered by now: nothing falls between */
    qemuFollowTakeUpAll(self, announce);
    queuesDrain(self->guests, g_get_monotonic_time() + QEMU_FOLLOW_FIRST_MAX);
    qemuFollowWatch(self);
    return self;
}

void
qemuFollowFree(qemuFollow *self)
{
    if (!self)
        return;
    qemuEventFree(self->event);
    queuesFree(self->guests);
    if (self->tick)
        g_source_destroy(self->tick);
    g_clear_pointer(&self->tick, g_source_unref);
    handleCloseConnect(self->conn);
    g_mutex_clear(&self->lock);
    g_free(self);
}
