/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_reaction.c: what each event means for the streams */

#include "qemu/qemu_reaction.h"

#include "backend/backend_backup.h"
#include "backend/backend_event.h"
#include "backend/backend_image.h"
#include "backend/backend_job.h"
#include "qemu/qemu_reconcile.h"
#include "qemu/qemu_tail.h"
#include "qemu/qemu_poll.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/log.h"

/* So long nothing is asked when a backup begins: it has found the NBD server taken by then. */
#define QEMU_REACTION_QUIET G_USEC_PER_SEC

LOG_INIT("qemu.reaction");

struct _qemuReaction {
    virConnectPtr conn;
    queues *guests; /* where what is told of a guest is dealt with, by its UUID */
    qemuStreams *streams;
    backendNbdserver *exports;
    qemuHydration *hydration; /* NULL: none */
    guint standstill;         /* ms, of pulls that others begin */
    qemuPoll *watch;
    backendEvent *event;
    backendBackup *backup; /* NULL: nothing to give way with */
};

/* Passes on a failure of what nobody waits for. */
static void
qemuReactionSpeeds(qemuReaction *self, virDomainPtr dom)
{
    if (qemuReconcileSpeeds(self->streams, dom) < 0)
        LOG_DEBUG("speed of a job: %s", errorText());
}

/* The turn was passed on: who has it now is not to wait for the next tick. */
static void
qemuReactionTurn(qemuReaction *self, virDomainPtr dom)
{
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, dom);

    qemuReactionSpeeds(self, dom);
    for (guint i = 0; self->hydration && i < active->len; i++)
        qemuHydrationTick(self->hydration, g_ptr_array_index(active, i));
}

/* Hydration must not outlive the job. */
static void
qemuReactionUnhydrate(qemuReaction *self, qemuStream *stream)
{
    if (self->hydration)
        qemuHydrationEnd(self->hydration, stream);
}

static void
qemuReactionJobEnding(virDomainPtr dom, const char *target, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuStream) stream = qemuStreamsFindActive(self->streams, dom, target);

    if (stream && self->hydration)
        qemuHydrationCut(self->hydration, stream);
}

/* What the guest reads wrong from now on, in a pull of somebody else, is zeroed here if it may be
 * suspended for that; else by hydration. */
static void
qemuReactionTail(qemuReaction *self, virDomainPtr dom, qemuStream *stream)
{
    g_auto(backendQmpImage) image = { 0 };

    if (backendImageGet(dom, stream->target, stream->alias, &image) < 0 ||
        backendImageGetTail(&image) == 0 || !qemuStreamsSetTailOpen(self->streams, stream))
        return;
    if (self->standstill > 0 &&
        qemuTailBegin(self->exports, self->streams, stream, self->standstill, NULL, NULL) < 0)
        LOG_WARNING("the guest of domain %s reads wrong data of disk %s: %s", virDomainGetName(dom),
                    stream->target, errorText());
}

static void
qemuReactionJobRunning(virDomainPtr dom, const char *target, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuStream) known = qemuStreamsFindActive(self->streams, dom, target);
    g_autoptr(qemuStream) stream = NULL;
    g_autoptr(GPtrArray) disks = NULL;
    virDomainBlockJobInfo info = { 0 };
    const domainDisk *disk;

    if (known) {
        qemuStreamsConfirm(self->streams, known);
        qemuPollWake(self->watch);
        if (self->hydration)
            qemuHydrationTick(self->hydration, known);
        return;
    }
    if (qemuStreamsAwaitsEcho(self->streams, dom, target))
        return; /* of the job that was stopped meanwhile */
    if (!(disks = qemuReconcileGetDisks(dom)) || !(disk = domainDiskListFind(disks, target))) {
        LOG_DEBUG("a pull nobody can see: %s", errorText());
        return;
    }
    /* It may be over by now; its end is told by an event of its own. */
    if (backendJobGetPull(dom, target, &info) < 0)
        LOG_DEBUG("pull of disk %s: %s", target, errorText());
    stream = qemuStreamsAdopt(self->streams, dom, disk, info.bandwidth, &(qemuStreamKept) { 0 },
                              true);
    qemuPollWake(self->watch);
    if (stream)
        qemuReactionTail(self, dom, stream);
    qemuReactionSpeeds(self, dom);
    if (stream && qemuReconcileSample(self->streams, stream, false) == 1 && self->hydration)
        qemuHydrationTick(self->hydration, stream);
}

static void
qemuReactionJobError(virDomainPtr dom, const char *target, const char *error, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuStream) stream = qemuStreamsFindActive(self->streams, dom, target);

    if (stream)
        qemuStreamsSetError(self->streams, stream, error);
}

static void
qemuReactionJobEnded(virDomainPtr dom, const char *target, int status, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(qemuStream) stream = NULL;

    if (qemuStreamsTakeEcho(self->streams, dom, target) ||
        !(stream = qemuStreamsFindActive(self->streams, dom, target)))
        return;
    qemuReactionUnhydrate(self, stream);
    switch (status) {
    case VIR_DOMAIN_BLOCK_JOB_COMPLETED: qemuReconcileComplete(self->streams, stream, false); break;
    case VIR_DOMAIN_BLOCK_JOB_CANCELED:
        qemuStreamsEnd(self->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                       "the block job was aborted", false);
        break;
    default:
        qemuStreamsEnd(self->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
                       "the block job failed, QEMU gave no reason", false);
        break;
    }
    qemuReactionTurn(self, dom);
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

static void
qemuReactionGuestStopped(virDomainPtr dom, int detail, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, dom);
    bool failed = detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
                  detail == VIR_DOMAIN_EVENT_STOPPED_FAILED;

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);
        bool completed = qemuReactionFlushes(detail) &&
                         qemuStreamsIsJobCompleted(self->streams, stream);

        qemuReactionUnhydrate(self, stream);
        qemuStreamsEnd(self->streams, stream,
                       completed ? VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED
                       : failed  ? VIR_DOMAIN_STREAM_DISK_STATE_FAILED
                                 : VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                       completed ? NULL : qemuReactionStopReason(detail), false);
    }
    qemuStreamsForgetEnded(self->streams, dom);
}

static void
qemuReactionDiskRemoved(virDomainPtr dom, const char *alias, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, dom);

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);

        if (!g_str_equal(stream->alias, alias))
            continue;
        qemuReactionUnhydrate(self, stream);
        qemuStreamsEnd(self->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                       "the disk was detached", false);
    }
    qemuReactionTurn(self, dom);
}

static void
qemuReactionDisksTuned(virDomainPtr dom, void *opaque)
{
    qemuReaction *self = opaque;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, dom);
    g_autoptr(GPtrArray) disks = active->len > 0 ? qemuReconcileGetDisks(dom) : NULL;

    for (guint i = 0; disks && i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);
        const domainDisk *disk = domainDiskListFind(disks, stream->target);

        if (disk)
            qemuStreamsTune(self->streams, stream, disk->iotune);
    }
    qemuReactionSpeeds(self, dom);
}

/* Calls @func for each active stream of the domain with this name. */
static void
qemuReactionEach(qemuReaction *self, const char *domain,
                 void (*func)(qemuReaction *self, virDomainPtr dom, qemuStream *stream))
{
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, NULL);

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);
        g_autoptr(virDomain) dom = qemuStreamsGetDomain(self->streams, stream);

        if (g_str_equal(virDomainGetName(dom), domain))
            func(self, dom, stream);
    }
}

static void
qemuReactionQuieten(qemuReaction *self, virDomainPtr dom, qemuStream *stream)
{
    qemuStreamsQuieten(self->streams, stream, QEMU_REACTION_QUIET);
}

/* The backup may have wanted the NBD server that is ours, and will be tried again. */
static void
qemuReactionGiveWay(qemuReaction *self, virDomainPtr dom, qemuStream *stream)
{
    if (!qemuStreamsIsQuiet(self->streams, stream))
        return; /* it went on for so long that it did not need it */
    qemuStreamsQuieten(self->streams, stream, 0);
    if (self->hydration)
        qemuHydrationYield(self->hydration, stream);
}

/* If it is a backup in pull mode it fails within milliseconds when QEMU's NBD server is ours; and
 * libvirt 9.0 crashes if anything is asked of QEMU at the moment in which it fails. */
static void
qemuReactionBackupBegun(const char *domain, void *opaque)
{
    qemuReactionEach(opaque, domain, qemuReactionQuieten);
}

static void
qemuReactionBackupEnded(const char *domain, void *opaque)
{
    qemuReactionEach(opaque, domain, qemuReactionGiveWay);
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

qemuReaction *
qemuReactionNew(virConnectPtr conn, eventThread *where, qemuStreams *streams,
                backendNbdserver *exports, qemuHydration *hydration,
                const qemuReactionConfig *config, bool announce)
{
    qemuReaction *self = g_new0(qemuReaction, 1);

    virConnectRef(conn);
    self->conn = conn;
    self->guests = queuesNew();
    self->streams = streams;
    self->exports = exports;
    self->hydration = hydration;
    self->standstill = config->standstill;
    self->watch = qemuPollNew(conn, where, self->guests, streams, exports, hydration);
    if (!(self->event = backendEventNew(conn, self->guests, &qemuReactionHandlers, self))) {
        qemuReactionFree(self);
        return NULL;
    }
    if (!backendEventTellsBeginnings(self->event))
        qemuPollSetBlind(self->watch);
    if (config->statusDir)
        self->backup = backendBackupNew(config->statusDir, &qemuReactionBackupHandlers, self);
    /* events are registered by now: nothing falls between */
    qemuPollTakeUp(self->watch, announce);
    return self;
}

void
qemuReactionFree(qemuReaction *self)
{
    if (!self)
        return;
    backendEventFree(self->event);
    backendBackupFree(self->backup);
    queuesFree(self->guests);
    qemuPollFree(self->watch);
    handleCloseConnect(self->conn);
    g_free(self);
}
