/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_reconcile.c: questions to libvirt about domains, chains and jobs, and what follows from them */

#include "qemu/qemu_reconcile.h"

#include "backend/backend_domain.h"
#include "backend/backend_image.h"
#include "backend/backend_job.h"
#include "qemu/qemu_jobs.h"
#include "qemu/qemu_metadata.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

LOG_INIT("qemu.reconcile");

GPtrArray *
qemuReconcileGetDisks(virDomainPtr dom)
{
    g_autofree char *xml = backendDomainGetXml(dom);

    return xml ? domainDiskListParse(xml) : NULL;
}

static bool
qemuReconcileIsStreamed(qemuGuest *guest, const char *target)
{
    LOCK_SCOPE(&guest->lock);
    const qemuStream *stream = qemuStreamsGet(guest, target);

    return stream && qemuStreamIsActive(stream);
}

/* NULL if there is a stream by now */
static qemuStream *
qemuReconcileAdd(qemuGuest *guest, const domainDisk *disk, const virDomainBlockJobInfo *info,
                 const qemuStreamKept *kept, bool announce)
{
    LOCK_SCOPE(&guest->lock);
    qemuStream *stream = qemuStreamsDiscover(guest, disk, info->bandwidth, kept, announce);

    if (stream)
        streamProgressSet(&stream->progress, info->cur, info->end);
    return stream;
}

/* -1 if it could not be asked. */
static int
qemuReconcileDiscoverDisk(qemuGuest *guest, virDomainPtr dom, const domainDisk *disk,
                          const qemuStreamKept *kept, bool announce)
{
    g_autoptr(qemuStream) stream = NULL;
    virDomainBlockJobInfo info;
    int rc;

    if (disk->depth == 0 && disk->chained)
        return 0;
    if ((rc = backendJobGetPull(dom, disk->target, &info)) != 1)
        return rc;
    if ((stream = qemuReconcileAdd(guest, disk, &info, kept, announce)))
        LOG_INFO("found the pull of disk %s of domain %s", disk->target, virDomainGetName(dom));
    return 0;
}

int
qemuReconcileDiscover(qemuGuest *guest, bool announce, char **suspended)
{
    g_autoptr(virDomain) dom = qemuGuestGetDomain(guest);
    g_autofree char *xml = backendDomainGetXml(dom);
    g_autoptr(GPtrArray) disks = xml ? domainDiskListParse(xml) : NULL;
    g_autoptr(domainMetadata) metadata = xml ? qemuMetadataFind(xml) : NULL;
    bool asked = true;

    if (!disks)
        return -1;
    for (guint i = 0; i < disks->len; i++) {
        const domainDisk *disk = g_ptr_array_index(disks, i);
        qemuStreamKept kept = qemuMetadataParse(metadata, disk->target);

        if (qemuReconcileIsStreamed(guest, disk->target))
            continue;
        if (suspended && !*suspended && kept.guestSuspended)
            *suspended = g_strdup(disk->target);
        if (qemuReconcileDiscoverDisk(guest, dom, disk, &kept, announce) < 0)
            asked = false;
    }
    if (metadata && asked)
        qemuMetadataSaveAnew(guest);
    virResetLastError(); /* a disk that could not be asked has no pull */
    return 0;
}

int
qemuReconcileDiscoverAll(qemuGuestTable *table, virConnectPtr conn)
{
    g_autoptr(GPtrArray) doms = backendDomainList(conn);

    for (guint i = 0; doms && i < doms->len; i++) {
        g_autoptr(qemuGuest) guest = qemuGuestGet(table, g_ptr_array_index(doms, i));

        if (qemuReconcileDiscover(guest, false, NULL) < 0)
            LOG_DEBUG("streams of a domain: %s", errorText());
    }
    return doms ? 0 : -1;
}

static guint
qemuReconcileGetSerial(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return stream->speedSerial;
}

static void
qemuReconcileNote(qemuStream *stream, const virDomainBlockJobInfo *info, guint serial, bool tick)
{
    LOCK_SCOPE(&stream->guest->lock);

    qemuStreamsSample(stream, info->cur, info->end, info->bandwidth, serial, tick);
}

int
qemuReconcileSample(qemuStream *stream, bool tick)
{
    g_autoptr(virDomain) dom = qemuGuestGetDomain(stream->guest);
    guint serial = qemuReconcileGetSerial(stream);
    virDomainBlockJobInfo info;
    int rc = backendJobGetPull(dom, stream->target, &info);

    if (rc == 1)
        qemuReconcileNote(stream, &info, serial, tick);
    return rc;
}

void
qemuReconcileEnd(qemuStream *stream, virDomainStreamDiskStateType state, const char *reason,
                 bool staleEnd)
{
    LOCK_SCOPE(&stream->guest->lock);

    qemuStreamsEnd(stream, state, reason, staleEnd);
}

static void
qemuReconcileSetJobCompleted(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    stream->jobCompleted = true;
}

void
qemuReconcileComplete(qemuStream *stream, bool staleEnd)
{
    g_autoptr(virDomain) dom = qemuGuestGetDomain(stream->guest);
    gint64 began = g_get_monotonic_time();

    qemuReconcileSetJobCompleted(stream);
    if (backendImageFlush(dom, stream->target, stream->alias, stream->source) < 0) {
        LOG_WARNING("disk %s of domain %s has no backing image any more, but is not flushed: %s",
                    stream->target, virDomainGetName(dom), errorText());
        return;
    }
    LOCK_SCOPE(&stream->guest->lock);

    if (!stream->endSafe)
        stream->unflushedUs = g_get_monotonic_time() - began;
    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, staleEnd);
}

/* Whether the chain has become shorter. Of those that libvirt cannot look into, QEMU tells. */
static bool
qemuReconcileIsShorter(virDomainPtr dom, const qemuStream *stream, const domainDisk *disk)
{
    g_auto(backendQmpImage) image = { 0 };

    if (disk->chained || stream->depth > 0)
        return disk->depth < stream->depth;
    return backendImageGet(dom, stream->target, stream->alias, &image) == 0 && image.backing == 0;
}

void
qemuReconcileDetermineEnd(qemuStream *stream, virDomainStreamDiskStateType otherwise,
                          const char *reason, bool staleEnd)
{
    g_autoptr(virDomain) dom = qemuGuestGetDomain(stream->guest);
    g_autoptr(GPtrArray) disks = qemuReconcileGetDisks(dom);
    const domainDisk *disk = disks ? domainDiskListFind(disks, stream->target) : NULL;

    if (!disks && virGetLastErrorCode() != VIR_ERR_OPERATION_INVALID &&
        virGetLastErrorCode() != VIR_ERR_NO_DOMAIN) {
        LOG_DEBUG("how the stream of disk %s ended: %s", stream->target, errorText());
        return; /* libvirt will tell when it is back */
    }
    virResetLastError();
    if (!disks)
        qemuReconcileEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                         "the guest does not run any more", staleEnd);
    else if (!disk)
        qemuReconcileEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "the disk was detached",
                         staleEnd);
    else if (qemuReconcileIsShorter(dom, stream, disk))
        qemuReconcileComplete(stream, staleEnd);
    else
        qemuReconcileEnd(stream, otherwise, reason, staleEnd);
    if (disks && qemuJobsApply(stream->guest) < 0)
        LOG_DEBUG("speed of a job: %s", errorText());
}

/* The guest is no more. */
static void
qemuReconcileForget(qemuGuest *guest)
{
    g_autoptr(GPtrArray) active = qemuStreamsGetActive(guest);
    LOCK_SCOPE(&guest->lock);

    for (guint i = 0; i < active->len; i++)
        qemuStreamsEnd(g_ptr_array_index(active, i), VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                       "the guest does not run any more", false);
    qemuStreamsForgetEnded(guest);
}

void
qemuReconcileMove(qemuGuest *guest, virConnectPtr conn)
{
    g_autoptr(virDomain) dom = backendDomainLookup(conn, guest->uuid);

    if (dom)
        qemuGuestSetDomain(guest, dom);
    else if (virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        qemuReconcileForget(guest);
}
