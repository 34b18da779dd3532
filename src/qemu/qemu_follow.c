/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_follow.c: what each event means for the streams */

#include "qemu/qemu_follow.h"

#include "qemu/qemu_backup.h"
#include "qemu/qemu_event.h"
#include "qemu/qemu_image.h"
#include "qemu/qemu_job.h"
#include "qemu/qemu_sync.h"
#include "qemu/qemu_tail.h"
#include "qemu/qemu_watch.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/log.h"

/* So long nothing is asked when a backup begins: it has found the NBD server taken by then. */
#define QEMU_FOLLOW_QUIET G_USEC_PER_SEC

LOG_INIT("qemu.follow");

struct _qemuFollow {
    virConnectPtr conn;
    queues *guests; /* where what is told of a guest is dealt with, by its UUID */
    qemuStreams *streams;
    qemuExports *exports;
    qemuHydration *hydration; /* NULL: none */
    guint standstill;         /* ms, of pulls that others begin */
    qemuWatch *watch;
    qemuEvent *event;
    qemuBackup *backup;       /* NULL: nothing to give way with */
};

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

/* What the guest reads wrong from now on, in a pull of somebody else, is zeroed here if it may be
 * suspended for that; else by hydration. */
static void
qemuFollowTail(qemuFollow *self, virDomainPtr dom, qemuStream *stream)
{
    g_auto(qemuQmpImage) image = { 0 };

    if (qemuImageGet(dom, stream->target, stream->alias, &image) < 0 ||
        qemuImageGetTail(&image) == 0 || !qemuStreamsSetTailOpen(self->streams, stream))
        return;
    if (self->standstill > 0 &&
        qemuTailBegin(self->exports, self->streams, stream, self->standstill, NULL, NULL) < 0)
        LOG_WARNING("the guest of domain %s reads wrong data of disk %s: %s",
                    virDomainGetName(dom), stream->target, errorText());
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
        qemuWatchWake(self->watch);
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
    stream = qemuStreamsAdopt(self->streams, dom, disk, info.bandwidth, &(qemuStreamKept) { 0 },
                              true);
    qemuWatchWake(self->watch);
    if (stream)
        qemuFollowTail(self, dom, stream);
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
        qemuSyncComplete(self->streams, stream, false);
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

/* Whether QEMU has ended by itself, and so has flushed all disks. */
static bool
qemuFollowFlushes(int detail)
{
    return detail == VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN ||
           detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED ||
           detail == VIR_DOMAIN_EVENT_STOPPED_SAVED;
}

static void
qemuFollowGuestStopped(virDomainPtr dom, int detail, void *opaque)
{
    qemuFollow *self = opaque;
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, dom);
    bool failed = detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
                  detail == VIR_DOMAIN_EVENT_STOPPED_FAILED;

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);
        bool completed = qemuFollowFlushes(detail) &&
                         qemuStreamsIsJobCompleted(self->streams, stream);

        qemuFollowUnhydrate(self, stream);
        qemuStreamsEnd(self->streams, stream,
                       completed ? VIR_DOMAIN_STREAM_DISK_COMPLETED
                       : failed  ? VIR_DOMAIN_STREAM_DISK_FAILED : VIR_DOMAIN_STREAM_DISK_STOPPED,
                       completed ? NULL : qemuFollowStopReason(detail), false);
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

/* Calls @func for each active stream of the domain with this name. */
static void
qemuFollowEach(qemuFollow *self, const char *domain,
               void (*func)(qemuFollow *self, virDomainPtr dom, qemuStream *stream))
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
qemuFollowQuieten(qemuFollow *self, virDomainPtr dom, qemuStream *stream)
{
    qemuStreamsQuieten(self->streams, stream, QEMU_FOLLOW_QUIET);
}

/* The backup may have wanted the NBD server that is ours, and will be tried again. */
static void
qemuFollowGiveWay(qemuFollow *self, virDomainPtr dom, qemuStream *stream)
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
qemuFollowBackupBegun(const char *domain, void *opaque)
{
    qemuFollowEach(opaque, domain, qemuFollowQuieten);
}

static void
qemuFollowBackupEnded(const char *domain, void *opaque)
{
    qemuFollowEach(opaque, domain, qemuFollowGiveWay);
}

static const qemuBackupHandlers qemuFollowBackupHandlers = {
    .begun = qemuFollowBackupBegun,
    .ended = qemuFollowBackupEnded,
};

static const qemuEventHandlers qemuFollowHandlers = {
    .jobRunning = qemuFollowJobRunning,
    .jobEnding = qemuFollowJobEnding,
    .jobError = qemuFollowJobError,
    .jobEnded = qemuFollowJobEnded,
    .guestStopped = qemuFollowGuestStopped,
    .diskRemoved = qemuFollowDiskRemoved,
    .disksTuned = qemuFollowDisksTuned,
};

qemuFollow *
qemuFollowNew(virConnectPtr conn, loop *where, qemuStreams *streams, qemuExports *exports,
              qemuHydration *hydration, const qemuFollowConfig *config, bool announce)
{
    qemuFollow *self = g_new0(qemuFollow, 1);

    virConnectRef(conn);
    self->conn = conn;
    self->guests = queuesNew();
    self->streams = streams;
    self->exports = exports;
    self->hydration = hydration;
    self->standstill = config->standstill;
    self->watch = qemuWatchNew(conn, where, self->guests, streams, exports, hydration);
    if (!(self->event = qemuEventNew(conn, self->guests, &qemuFollowHandlers, self))) {
        qemuFollowFree(self);
        return NULL;
    }
    if (!qemuEventTellsBeginnings(self->event))
        qemuWatchSetBlind(self->watch);
    if (config->statusDir)
        self->backup = qemuBackupNew(config->statusDir, &qemuFollowBackupHandlers, self);
    /* events are registered by now: nothing falls between */
    qemuWatchTakeUp(self->watch, announce);
    return self;
}

void
qemuFollowFree(qemuFollow *self)
{
    if (!self)
        return;
    qemuEventFree(self->event);
    qemuBackupFree(self->backup);
    queuesFree(self->guests);
    qemuWatchFree(self->watch);
    handleCloseConnect(self->conn);
    g_free(self);
}
