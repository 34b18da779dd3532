/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_command.c: checks a wish, does it with libvirt's block job, and notes it in the table */

#include "qemu/qemu_command.h"

#include "backend/backend_image.h"
#include "backend/backend_job.h"
#include "qemu/qemu_hydration.h"
#include "qemu/qemu_life.h"
#include "qemu/qemu_metadata.h"
#include "qemu/qemu_reconcile.h"
#include "qemu/qemu_safety.h"
#include "qemu/qemu_tail.h"
#include "util/error.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

LOG_INIT("qemu.command");

qemuStream *
qemuCommandFind(qemuGuestTable *guests, virDomainPtr dom, const char *name)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(guests, dom);
    g_autoptr(GPtrArray) disks = NULL;
    const domainDisk *disk;
    virDomainBlockJobInfo info;
    qemuStream *stream;

    if (!qemuGuestTableIsFollowed(guests) && qemuReconcileDiscover(guest, false, NULL) < 0)
        return NULL;
    if ((stream = qemuStreamsFindActive(guest->table, dom, name)))
        return stream;

    if (!(disks = qemuReconcileGetDisks(dom)) || !(disk = domainDiskListFind(disks, name)))
        return NULL;
    if (backendJobGetPull(dom, disk->target, &info) < 0)
        return NULL; /* libvirt's error, or that its job is of another kind */
    errorReport(VIR_ERR_INVALID_ARG, "disk %s does not have an active block job", disk->target);
    return NULL;
}

static bool
qemuCommandIsStarting(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return stream->state == VIR_DOMAIN_STREAM_DISK_STATE_STARTING;
}

/* Of a stream of the same disk that is thought active: is it still? */
static int
qemuCommandCheckFree(qemuGuest *guest, virDomainPtr dom, const char *target)
{
    g_autoptr(qemuStream) known = qemuStreamsFindActive(guest->table, dom, target);
    g_autoptr(qemuStream) active = NULL;

    if (!known)
        return 0;
    if (!qemuCommandIsStarting(known) && qemuReconcileSample(known, false) == 0)
        qemuReconcileDetermineEnd(known, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                                  "the block job was aborted", true);
    if (!(active = qemuStreamsFindActive(guest->table, dom, target)))
        return 0;
    errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "disk '%s' already in active block job", target);
    return -1;
}

/* Ends that come together crash QEMU, and in process nobody stays to keep one waiting. */
static int
qemuCommandCheckAlone(qemuGuest *guest, const char *target)
{
    g_autoptr(GPtrArray) active = qemuStreamsGetActive(guest);

    for (guint i = 0; i < active->len && !guest->config->turns; i++) {
        const qemuStream *other = g_ptr_array_index(active, i);

        if (g_str_equal(other->target, target))
            continue;
        errorReport(VIR_ERR_OPERATION_INVALID,
                    "disk '%s' of the domain is being streamed: "
                    "without virtstreamd one disk of a domain at a time",
                    other->target);
        return -1;
    }
    return 0;
}

/* A job that is yet to be started */
typedef struct _qemuCommandJob qemuCommandJob;
struct _qemuCommandJob {
    virDomainPtr dom;
    const qemuStream *stream;
    const char *base;
    bool relative;
};

static int
qemuCommandStartJob(void *opaque)
{
    const qemuCommandJob *job = opaque;

    return backendJobStart(job->dom, job->stream->target, job->base, job->relative,
                           job->stream->speed);
}

/* Starts the job of a disk, which may have a tail. */
static int
qemuCommandStartStream(qemuCommandJob *job, qemuStream *stream, const backendQmpImage *image)
{
    const streamSettings *settings = &stream->settings;
    guint standstill = settings->named & STREAM_SETTINGS_STANDSTILL
                         ? settings->standstill
                         : stream->guest->config->standstill;

    if (qemuMetadataSave(stream->guest) < 0)
        return -1;
    if (backendImageGetTail(image) == 0)
        return qemuCommandStartJob(job);
    return qemuTailBegin(stream, standstill, qemuCommandStartJob, job);
}

/* A new stream of @disk; NULL and an error if it has one. */
static qemuStream *
qemuCommandBegin(qemuGuest *guest, virDomainPtr dom, const domainDisk *disk, const char *base,
                 const streamSettings *settings)
{
    qemuStream *stream;

    qemuGuestSetDomain(guest, dom);
    g_mutex_lock(&guest->lock);
    stream = qemuStreamsBegin(guest, disk, base, settings);
    g_mutex_unlock(&guest->lock);
    if (!stream)
        errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "disk '%s' already in active block job",
                    disk->target);
    return stream;
}

/* Its job was refused. */
static void
qemuCommandRefuse(qemuStream *stream)
{
    virErrorPtr kept = errorKeep();

    g_mutex_lock(&stream->guest->lock);
    qemuStreamsRefuse(stream);
    g_mutex_unlock(&stream->guest->lock);
    qemuMetadataSave(stream->guest);
    errorRestore(kept);
}

static void
qemuCommandConfirm(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    qemuLifeRun(stream, true);
}

int
qemuCommandStart(qemuGuestTable *guests, virDomainPtr dom, const char *name, const char *base,
                 bool relative, const streamSettings *settings)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(guests, dom);
    g_autoptr(GPtrArray) disks = qemuReconcileGetDisks(dom);
    g_autoptr(qemuStream) stream = NULL;
    g_auto(backendQmpImage) image = { 0 };
    qemuCommandJob job = { .dom = dom, .base = base, .relative = relative };
    const domainDisk *disk;

    if (!disks || !(disk = domainDiskListFind(disks, name)) || domainDiskCheckStreamable(disk) < 0)
        return -1;
    if (!qemuGuestTableIsFollowed(guests) && qemuReconcileDiscover(guest, false, NULL) < 0)
        return -1;
    if (qemuCommandCheckFree(guest, dom, disk->target) < 0 ||
        qemuCommandCheckAlone(guest, disk->target) < 0 ||
        backendImageGet(dom, disk->target, disk->alias, &image) < 0 ||
        qemuSafetyCheckStreamable(dom, disk->target, &image) < 0)
        return -1;

    if (!(stream = qemuCommandBegin(guest, dom, disk, base, settings)))
        return -1;
    job.stream = stream;
    if (qemuCommandStartStream(&job, stream, &image) < 0) {
        qemuCommandRefuse(stream);
        return -1;
    }
    LOG_INFO("stream of disk %s of domain %s started", disk->target, virDomainGetName(dom));
    qemuCommandConfirm(stream);
    if (qemuReconcileSample(stream, false) < 0) /* what it is asked before the first tick */
        LOG_DEBUG("progress of disk %s: %s", stream->target, errorText());
    if (backendImageGetTail(&image) > 0) /* it could not be before */
        qemuHydrationStep(stream);
    return 0;
}

static void
qemuCommandSetStopping(qemuStream *stream, bool stopping)
{
    LOCK_SCOPE(&stream->guest->lock);

    qemuLifeSetStopping(stream, stopping);
}

int
qemuCommandStop(qemuGuestTable *guests, virDomainPtr dom, const char *name)
{
    g_autoptr(qemuStream) stream = qemuCommandFind(guests, dom, name);

    if (!stream)
        return -1;
    qemuCommandSetStopping(stream, true);
    qemuHydrationStop(stream, NULL);
    if (backendJobAbort(dom, stream->target) < 0) {
        virErrorPtr kept = errorKeep();

        qemuCommandSetStopping(stream, false);
        errorRestore(kept);
        return -1;
    }
    if (backendImageFlush(dom, stream->target, stream->alias, stream->source) < 0) /* it stays */
        LOG_WARNING("what was copied of disk %s is not flushed: %s", stream->target, errorText());
    qemuReconcileDetermineEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "stopped on request",
                              true);
    return 0;
}

/* Returns the settings of before. */
static streamSettings
qemuCommandChange(qemuStream *stream, const streamSettings *change)
{
    LOCK_SCOPE(&stream->guest->lock);
    streamSettings before = stream->settings;

    streamSettingsMerge(&stream->settings, change);
    return before;
}

int
qemuCommandSet(qemuGuestTable *guests, virDomainPtr dom, const char *name,
               const streamSettings *change)
{
    g_autoptr(qemuStream) stream = qemuCommandFind(guests, dom, name);
    streamSettings before;

    if (!stream)
        return -1;
    before = qemuCommandChange(stream, change);
    if (qemuHydrationApply(stream->guest) == 0)
        return 0;
    before.named = change->named;
    qemuCommandChange(stream, &before);
    return -1;
}
