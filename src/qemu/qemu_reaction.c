/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_reaction.c: what each event means for the streams */

#include "qemu/qemu_reaction.h"

#include "backend/backend_backup.h"
#include "backend/backend_event.h"
#include "backend/backend_image.h"
#include "backend/backend_job.h"
#include "qemu/qemu_hydration.h"
#include "qemu/qemu_life.h"
#include "qemu/qemu_poll.h"
#include "qemu/qemu_reconcile.h"
#include "qemu/qemu_tail.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

/* So long nothing is asked when a backup begins: it has found the NBD server taken by then. */
#define QEMU_REACTION_PAUSE G_USEC_PER_SEC

LOG_INIT("qemu.reaction");

struct _qemuReaction {
    virConnectPtr conn;
    qemuGuestTable *guests;
    guint standstill; /* ms, of pulls that others begin */
    qemuPoll *poll;
    backendEvent *event;
    backendBackup *backup; /* NULL: nothing to give way with */
};

/* The turn, or a speed, may have changed: nobody is to wait for the next tick. */
static void
qemuReactionApply(qemuGuest *guest)
{
    if (qemuHydrationApply(guest) < 0)
        LOG_DEBUG("speed of a job: %s", errorText());
}

/* Whether what is told of an end may be of a job that is dealt with, while this one is hydrated */
static bool
qemuReactionAwaitsStaleEnd(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return stream->staleEnds > 0 && stream->worker;
}

static void
qemuReactionJobEnding(virDomainPtr dom, const char *target, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuStream) stream = qemuStreamsFindActive(self->guests, dom, target);

    if (!stream)
        return;
    if (qemuReactionAwaitsStaleEnd(stream)) /* of the job before, or of this one */
        qemuHydrationYield(stream, "a job of the disk has just ended");
    else
        qemuHydrationCut(stream);
}

static bool
qemuReactionOpenTail(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return qemuStreamOpenTail(stream);
}

/* What the guest reads wrong from now on, in a pull of somebody else, is zeroed here if it may be
 * suspended for that; else by hydration. */
static void
qemuReactionTail(qemuReaction *self, virDomainPtr dom, qemuStream *stream)
{
    g_auto(backendQmpImage) image = { 0 };

    if (backendImageGet(dom, stream->target, stream->alias, &image) < 0 ||
        backendImageGetTail(&image) == 0 || !qemuReactionOpenTail(stream))
        return;
    if (self->standstill > 0 && qemuTailBegin(stream, self->standstill, NULL, NULL) < 0)
        LOG_WARNING("the guest of domain %s reads wrong data of disk %s: %s", virDomainGetName(dom),
                    stream->target, errorText());
}

/* Whether the disk has a stream, or its job is one that was stopped meanwhile */
static bool
qemuReactionIsKnown(qemuGuest *guest, const char *target)
{
    LOCK_SCOPE(&guest->lock);
    qemuStream *stream = qemuStreamsGet(guest, target);

    if (!stream || (!qemuStreamIsActive(stream) && stream->staleEnds == 0))
        return false;
    qemuLifeRun(stream, true);
    return true;
}

static qemuStream *
qemuReactionAdd(qemuGuest *guest, const domainDisk *disk, unsigned long long speed)
{
    LOCK_SCOPE(&guest->lock);

    return qemuStreamsDiscover(guest, disk, speed, &(qemuStreamKept) { 0 }, true);
}

static void
qemuReactionJobRunning(virDomainPtr dom, const char *target, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuGuest) guest = qemuGuestGet(self->guests, dom);
    g_autoptr(qemuStream) stream = NULL;
    g_autoptr(GPtrArray) disks = NULL;
    virDomainBlockJobInfo info = { 0 };
    const domainDisk *disk;

    if (!qemuReactionIsKnown(guest, target)) {
        if (!(disks = qemuReconcileGetDisks(dom)) || !(disk = domainDiskListFind(disks, target))) {
            LOG_DEBUG("a pull nobody can see: %s", errorText());
            return;
        }
        /* It may be over by now; its end is told by an event of its own. */
        if (backendJobGetPull(dom, target, &info) < 0)
            LOG_DEBUG("pull of disk %s: %s", target, errorText());
        qemuGuestSetDomain(guest, dom);
        stream = qemuReactionAdd(guest, disk, info.bandwidth);
    }
    qemuPollWake(self->poll);
    if (stream)
        qemuReactionTail(self, dom, stream);
    if (stream && qemuReconcileSample(stream, false) < 0)
        LOG_DEBUG("progress of disk %s: %s", target, errorText());
    qemuReactionApply(guest);
}

static void
qemuReactionJobError(virDomainPtr dom, const char *target, const char *error, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuStream) stream = qemuStreamsFindActive(self->guests, dom, target);

    if (!stream)
        return;
    LOCK_SCOPE(&stream->guest->lock);

    if (!stream->error)
        stream->error = g_strdup(error);
}

/* The stream whose job has ended; NULL if none has, or that is dealt with. */
static qemuStream *
qemuReactionTakeEnded(qemuGuest *guest, const char *target)
{
    LOCK_SCOPE(&guest->lock);
    qemuStream *stream = qemuStreamsGet(guest, target);

    if (stream && stream->staleEnds > 0) {
        stream->staleEnds--;
        return NULL;
    }
    return stream && qemuStreamIsActive(stream) ? qemuStreamRef(stream) : NULL;
}

static void
qemuReactionJobEnded(virDomainPtr dom, const char *target, int status, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuGuest) guest = qemuGuestGet(self->guests, dom);
    g_autoptr(qemuStream) stream = qemuReactionTakeEnded(guest, target);

    if (!stream)
        return;
    qemuHydrationEnd(stream); /* it must not outlive the job */
    switch (status) {
    case VIR_DOMAIN_BLOCK_JOB_COMPLETED: qemuReconcileComplete(stream, false); break;
    case VIR_DOMAIN_BLOCK_JOB_CANCELED:
        qemuReconcileEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "the block job was aborted",
                         false);
        break;
    default:
        qemuReconcileEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
                         "the block job failed, QEMU gave no reason", false);
        break;
    }
    qemuReactionApply(guest);
}

static const char *
qemuReactionStopReason(int detail)
{
    switch (detail) {
    case VIR_DOMAIN_EVENT_STOPPED_CRASHED: return "the guest crashed";
    case VIR_DOMAIN_EVENT_STOPPED_FAILED: return "QEMU ended unexpectedly";
    case VIR_DOMAIN_EVENT_STOPPED_DESTROYED: return "the guest was destroyed";
    case VIR_DOMAIN_EVENT_STOPPED_MIGRATED: return "the guest migrated to another host";
    case VIR_DOMAIN_EVENT_STOPPED_SAVED: return "the guest was saved";
    default: return "the guest was shut down";
    }
}

/* Whether QEMU has ended by itself, and so has flushed all disks. */
static bool
qemuReactionFlushes(int detail)
{
    return detail == VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN ||
           detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED || detail == VIR_DOMAIN_EVENT_STOPPED_SAVED;
}

/* The guest has stopped, for the reason @detail. */
static void
qemuReactionEndStream(qemuStream *stream, int detail)
{
    bool failed = detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
                  detail == VIR_DOMAIN_EVENT_STOPPED_FAILED;
    LOCK_SCOPE(&stream->guest->lock);

    if (qemuReactionFlushes(detail) && stream->jobCompleted)
        qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    else
        qemuStreamsEnd(stream,
                       failed ? VIR_DOMAIN_STREAM_DISK_STATE_FAILED
                              : VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                       qemuReactionStopReason(detail), false);
}

static void
qemuReactionGuestStopped(virDomainPtr dom, int detail, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuGuest) guest = qemuGuestGet(self->guests, dom);
    g_autoptr(GPtrArray) active = qemuStreamsGetActive(guest);

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);

        qemuHydrationEnd(stream);
        qemuReactionEndStream(stream, detail);
    }
    LOCK_SCOPE(&guest->lock);

    qemuStreamsForgetEnded(guest);
}

static void
qemuReactionDiskRemoved(virDomainPtr dom, const char *alias, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuGuest) guest = qemuGuestGet(self->guests, dom);
    g_autoptr(GPtrArray) active = qemuStreamsGetActive(guest);

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);

        if (!g_str_equal(stream->alias, alias))
            continue;
        qemuHydrationEnd(stream);
        qemuReconcileEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "the disk was detached",
                         false);
    }
    qemuReactionApply(guest);
}

static void
qemuReactionTune(qemuStream *stream, guint64 iotune)
{
    LOCK_SCOPE(&stream->guest->lock);

    stream->iotune = iotune;
}

static void
qemuReactionDisksTuned(virDomainPtr dom, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuGuest) guest = qemuGuestGet(self->guests, dom);
    g_autoptr(GPtrArray) active = qemuStreamsGetActive(guest);
    g_autoptr(GPtrArray) disks = active->len > 0 ? qemuReconcileGetDisks(dom) : NULL;

    for (guint i = 0; disks && i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);
        const domainDisk *disk = domainDiskListFind(disks, stream->target);

        if (disk)
            qemuReactionTune(stream, disk->iotune);
    }
    qemuReactionApply(guest);
}

/* The guest that streams and has this name; NULL if there is none. */
static qemuGuest *
qemuReactionFindByName(qemuReaction *self, const char *name)
{
    g_autoptr(GPtrArray) guests = qemuGuestList(self->guests);

    for (guint i = 0; i < guests->len; i++) {
        qemuGuest *guest = g_ptr_array_index(guests, i);
        g_autoptr(virDomain) dom = qemuGuestGetDomain(guest);

        if (g_str_equal(virDomainGetName(dom), name))
            return qemuGuestRef(guest);
    }
    return NULL;
}

/* If it is a backup in pull mode it fails within milliseconds when QEMU's NBD server is ours; and
 * libvirt 9.0 crashes if anything is asked of QEMU at the moment in which it fails. */
static void
qemuReactionBackupBegun(const char *domain, void *opaque)
{
    g_autoptr(qemuGuest) guest = qemuReactionFindByName(opaque, domain);

    if (guest)
        qemuGuestPauseQueries(guest, QEMU_REACTION_PAUSE);
}

/* The backup may have wanted the NBD server that is ours, and will be tried again. */
static void
qemuReactionBackupEnded(const char *domain, void *opaque)
{
    g_autoptr(qemuGuest) guest = qemuReactionFindByName(opaque, domain);
    g_autoptr(GPtrArray) active = NULL;

    if (!guest || !qemuGuestIsQueriesPaused(guest))
        return; /* it went on for so long that it did not need it */
    qemuGuestPauseQueries(guest, 0);
    active = qemuStreamsGetActive(guest);
    for (guint i = 0; i < active->len; i++)
        qemuHydrationYield(g_ptr_array_index(active, i), "QEMU's NBD server is left to others");
}

static const backendBackupHandlers qemuReactionBackupHandlers = {
    .begun = qemuReactionBackupBegun,
    .ended = qemuReactionBackupEnded,
};

static const backendEventHandlers qemuReactionHandlers = {
    .jobRunning = qemuReactionJobRunning,
    .jobEnding = qemuReactionJobEnding,
    .jobError = qemuReactionJobError,
    .jobEnded = qemuReactionJobEnded,
    .guestStopped = qemuReactionGuestStopped,
    .diskRemoved = qemuReactionDiskRemoved,
    .disksTuned = qemuReactionDisksTuned,
};

/* What libvirt tells of a guest is dealt with in its queue. */
static void
qemuReactionDispatch(virDomainPtr dom, void (*func)(void *data), void *data,
                     void (*destroy)(void *data), void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuGuest) guest = qemuGuestGet(self->guests, dom);

    qemuGuestPush(guest, func, data, destroy);
}

qemuReaction *
qemuReactionNew(virConnectPtr conn, eventThread *thread, qemuGuestTable *guests,
                const qemuReactionConfig *config, bool announce)
{
    qemuReaction *self = g_new0(qemuReaction, 1);

    virConnectRef(conn);
    self->conn = conn;
    self->guests = guests;
    self->standstill = config->standstill;
    self->poll = qemuPollNew(conn, thread, guests);
    self->event = backendEventNew(conn, qemuReactionDispatch, &qemuReactionHandlers, self);
    if (!self->event) {
        qemuReactionFree(self);
        return NULL;
    }
    if (!backendEventTellsStarts(self->event))
        qemuPollSetNoStartEvents(self->poll);
    if (config->statusDir)
        self->backup = backendBackupNew(config->statusDir, &qemuReactionBackupHandlers, self);
    /* events are registered by now: nothing falls between */
    qemuPollDiscoverAll(self->poll, announce);
    return self;
}

void
qemuReactionFree(qemuReaction *self)
{
    if (!self)
        return;
    backendEventFree(self->event);
    backendBackupFree(self->backup);
    taskQueuePoolCancel(qemuGuestTableGetTasks(self->guests));
    qemuPollFree(self->poll);
    handleCloseConnect(self->conn);
    g_free(self);
}
