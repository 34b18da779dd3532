/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_reconcile.c: questions to libvirt about domains, chains and jobs, and what follows from them */

#include "qemu/qemu_reconcile.h"

#include <stdlib.h>

#include "backend/backend_image.h"
#include "backend/backend_job.h"
#include "qemu/qemu_metadata.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

LOG_INIT("qemu.reconcile");

int
qemuReconcileCheckRunning(virDomainPtr dom)
{
    switch (virDomainIsActive(dom)) {
    case 0:
        errorReport(VIR_ERR_OPERATION_INVALID, "domain '%s' is not running", virDomainGetName(dom));
        return -1;
    case 1: return 0;
    default: return -1;
    }
}

/* Of a running domain, to be freed with free() */
static char *
qemuReconcileGetXml(virDomainPtr dom)
{
    return qemuReconcileCheckRunning(dom) < 0 ? NULL : virDomainGetXMLDesc(dom, 0);
}

GPtrArray *
qemuReconcileGetDisks(virDomainPtr dom)
{
    char *xml = qemuReconcileGetXml(dom);
    GPtrArray *disks = xml ? domainDiskListParse(xml) : NULL;

    free(xml);
    return disks;
}

/* -1 if it could not be asked. */
static int
qemuReconcileAdoptDisk(qemuStreams *streams, virDomainPtr dom, const domainDisk *disk,
                       const qemuStreamKept *kept, bool announce)
{
    g_autoptr(qemuStream) known = qemuStreamsFindActive(streams, dom, disk->target);
    g_autoptr(qemuStream) stream = NULL;
    virDomainBlockJobInfo info;
    int rc;

    if (known || (disk->depth == 0 && disk->chained))
        return 0;
    if ((rc = backendJobGetPull(dom, disk->target, &info)) != 1)
        return rc;
    if (!(stream = qemuStreamsAdopt(streams, dom, disk, info.bandwidth, kept, announce)))
        return 0;
    LOG_INFO("found the pull of disk %s of domain %s", disk->target, virDomainGetName(dom));
    qemuStreamsSample(streams, stream, info.cur, info.end, info.bandwidth,
                      qemuStreamsSpeedSerial(streams, stream), false);
    return 0;
}

int
qemuReconcileAdopt(qemuStreams *streams, virDomainPtr dom, bool announce, char **suspended)
{
    char *xml = qemuReconcileGetXml(dom);
    g_autoptr(GPtrArray) disks = xml ? domainDiskListParse(xml) : NULL;
    g_autoptr(domainMetadata)
        policy = xml ? domainMetadataFind(xml, QEMU_METADATA_URI, QEMU_METADATA_NAME) : NULL;
    bool asked = true;

    free(xml);
    if (!disks)
        return -1;
    for (guint i = 0; i < disks->len; i++) {
        const domainDisk *disk = g_ptr_array_index(disks, i);
        qemuStreamKept kept = qemuMetadataParse(policy, disk->target);
        g_autoptr(qemuStream) known = qemuStreamsFindActive(streams, dom, disk->target);

        if (suspended && !*suspended && kept.guestSuspended && !known)
            *suspended = g_strdup(disk->target);
        if (qemuReconcileAdoptDisk(streams, dom, disk, &kept, announce) < 0)
            asked = false;
    }
    if (policy && asked) { /* it may tell of streams that are no more */
        qemuStreamsPolicyKept(streams, dom, "", true);
        qemuReconcilePolicy(streams, dom);
    }
    virResetLastError(); /* a disk that could not be asked has no pull */
    return 0;
}

GPtrArray *
qemuReconcileListDomains(virConnectPtr conn)
{
    virDomainPtr *doms = NULL;
    int ndoms = virConnectListAllDomains(conn, &doms, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    GPtrArray *list;

    if (ndoms < 0)
        return NULL;
    list = g_ptr_array_new_with_free_func((GDestroyNotify) handleFreeDomain);
    for (int i = 0; i < ndoms; i++)
        g_ptr_array_add(list, doms[i]);
    free(doms);
    return list;
}

int
qemuReconcileAdoptAll(qemuStreams *streams, virConnectPtr conn)
{
    g_autoptr(GPtrArray) doms = qemuReconcileListDomains(conn);

    for (guint i = 0; doms && i < doms->len; i++) {
        if (qemuReconcileAdopt(streams, g_ptr_array_index(doms, i), false, NULL) < 0)
            LOG_DEBUG("streams of a domain: %s", errorText());
    }
    return doms ? 0 : -1;
}

int
qemuReconcileSample(qemuStreams *streams, qemuStream *stream, bool tick)
{
    g_autoptr(virDomain) dom = qemuStreamsGetDomain(streams, stream);
    guint serial = qemuStreamsSpeedSerial(streams, stream);
    virDomainBlockJobInfo info;
    int rc = backendJobGetPull(dom, stream->target, &info);

    if (rc == 1)
        qemuStreamsSample(streams, stream, info.cur, info.end, info.bandwidth, serial, tick);
    return rc;
}

void
qemuReconcileComplete(qemuStreams *streams, qemuStream *stream, bool echo)
{
    g_autoptr(virDomain) dom = qemuStreamsGetDomain(streams, stream);
    gint64 began = g_get_monotonic_time();

    qemuStreamsSetJobCompleted(streams, stream);
    if (backendImageFlush(dom, stream->target, stream->alias, stream->source) == 0) {
        qemuStreamsNoteFlushed(streams, stream, g_get_monotonic_time() - began);
        qemuStreamsEnd(streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, echo);
        return;
    }
    LOG_WARNING("disk %s of domain %s has no backing image any more, but is not flushed: %s",
                stream->target, virDomainGetName(dom), errorText());
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
qemuReconcileResolve(qemuStreams *streams, qemuStream *stream,
                     virDomainStreamDiskStateType otherwise, const char *reason, bool echo)
{
    g_autoptr(virDomain) dom = qemuStreamsGetDomain(streams, stream);
    g_autoptr(GPtrArray) disks = qemuReconcileGetDisks(dom);
    const domainDisk *disk = disks ? domainDiskListFind(disks, stream->target) : NULL;

    if (!disks && virGetLastErrorCode() != VIR_ERR_OPERATION_INVALID) {
        LOG_DEBUG("how the stream of disk %s ended: %s", stream->target, errorText());
        return; /* libvirt will tell when it is back */
    }
    virResetLastError();
    if (!disks)
        qemuStreamsEnd(streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                       "the guest does not run any more", echo);
    else if (!disk)
        qemuStreamsEnd(streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                       "the disk was detached", echo);
    else if (qemuReconcileIsShorter(dom, stream, disk))
        qemuReconcileComplete(streams, stream, echo);
    else
        qemuStreamsEnd(streams, stream, otherwise, reason, echo);
    if (disks && qemuReconcileSpeeds(streams, dom) < 0)
        LOG_DEBUG("speed of a job: %s", errorText());
}

void
qemuReconcileMove(qemuStreams *streams, qemuStream *stream, virConnectPtr conn)
{
    g_autoptr(virDomain) before = qemuStreamsGetDomain(streams, stream);
    g_autoptr(virDomain) dom = NULL;
    unsigned char uuid[VIR_UUID_BUFLEN];

    virDomainGetUUID(before, uuid);
    if ((dom = virDomainLookupByUUID(conn, uuid)))
        qemuStreamsSetDomain(streams, stream, dom);
    else if (virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        qemuStreamsEnd(streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                       "the guest does not run any more", false);
}

int
qemuReconcilePolicy(qemuStreams *streams, virDomainPtr dom)
{
    char *wanted;

    while (qemuStreamsPolicyWanted(streams, dom, &wanted)) {
        g_autofree char *policy = wanted;
        int rc = virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, policy, QEMU_METADATA_KEY,
                                      QEMU_METADATA_URI, VIR_DOMAIN_AFFECT_LIVE);

        qemuStreamsPolicyKept(streams, dom, policy, rc == 0);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int
qemuReconcileSpeed(qemuStreams *streams, qemuStream *stream, virDomainPtr dom)
{
    unsigned long long speed;

    while (qemuStreamsSpeedWanted(streams, stream, &speed)) {
        int rc = backendJobSetSpeed(dom, stream->target, speed);

        qemuStreamsSpeedSet(streams, stream, speed, rc == 0);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int
qemuReconcileHold(qemuStreams *streams, qemuStream *stream, virDomainPtr dom)
{
    bool pause;

    while (qemuStreamsHoldWanted(streams, stream, &pause)) {
        int rc = pause ? backendJobPause(dom, stream->target)
                       : backendJobResume(dom, stream->target);

        qemuStreamsHoldTold(streams, stream, pause, rc == 0);
        if (rc < 0)
            return -1;
    }
    return 0;
}

int
qemuReconcileSpeeds(qemuStreams *streams, virDomainPtr dom)
{
    g_autoptr(GPtrArray) active = qemuStreamsListActive(streams, dom);
    int ret = qemuReconcilePolicy(streams, dom); /* what would be lost with the speed before */

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);

        if (qemuReconcileSpeed(streams, stream, dom) < 0 ||
            qemuReconcileHold(streams, stream, dom) < 0)
            ret = -1;
    }
    if (qemuReconcilePolicy(streams, dom) < 0) /* without what the speeds tell now */
        ret = -1;
    return ret;
}
