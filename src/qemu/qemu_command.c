/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_command.c: checks a wish, does it with libvirt's block job, and notes it in the table */

#include "qemu/qemu_command.h"

#include "backend/backend_image.h"
#include "backend/backend_job.h"
#include "qemu/qemu_reconcile.h"
#include "qemu/qemu_safety.h"
#include "qemu/qemu_tail.h"
#include "util/error.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

LOG_INIT("qemu.command");

qemuStream *
qemuCommandFind(qemuConn *conn, virDomainPtr dom, const char *name)
{
    qemuStreams *streams = qemuConnGetStreams(conn);
    g_autoptr(GPtrArray) disks = NULL;
    const domainDisk *disk;
    virDomainBlockJobInfo info;
    qemuStream *stream;

    if (!qemuConnIsFollowing(conn) && qemuReconcileAdopt(streams, dom, false, NULL) < 0)
        return NULL;
    if ((stream = qemuStreamsFindActive(streams, dom, name)))
        return stream;

    if (!(disks = qemuReconcileGetDisks(dom)) || !(disk = domainDiskListFind(disks, name)))
        return NULL;
    if (backendJobGetPull(dom, disk->target, &info) < 0)
        return NULL; /* libvirt's error, or that its job is of another kind */
    errorReport(VIR_ERR_INVALID_ARG, "disk %s does not have an active block job", disk->target);
    return NULL;
}

/* Of a stream of the same disk that the table thinks active: is it still? */
static int
qemuCommandCheckFree(qemuStreams *streams, virDomainPtr dom, const char *target)
{
    g_autoptr(qemuStream) known = qemuStreamsFindActive(streams, dom, target);

    if (!known)
        return 0;
    if (qemuReconcileSample(streams, known, false) == 0)
        qemuReconcileResolve(streams, known, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                             "the block job was aborted", true);
    if (!qemuStreamsIsActive(streams, known))
        return 0;
    errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "disk '%s' already in active block job", target);
    return -1;
}

/* Ends that come together crash QEMU, and in process nobody stays to hold one back. */
static int
qemuCommandCheckAlone(qemuConn *conn, virDomainPtr dom, const char *target)
{
    g_autoptr(GPtrArray) active = qemuStreamsListActive(qemuConnGetStreams(conn), dom);

    for (guint i = 0; i < active->len && !qemuConnIsResident(conn); i++) {
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
qemuCommandBegin(qemuConn *conn, qemuCommandJob *job, qemuStream *stream,
                 const backendQmpImage *image)
{
    const streamSettings *settings = &stream->settings;
    guint standstill = settings->named & STREAM_SETTINGS_STANDSTILL ? settings->standstill
                                                                    : qemuConnGetStandstill(conn);

    if (qemuReconcilePolicy(qemuConnGetStreams(conn), job->dom) < 0)
        return -1;
    if (backendImageGetTail(image) == 0)
        return qemuCommandStartJob(job);
    return qemuTailBegin(qemuConnGetExports(conn), qemuConnGetStreams(conn), stream, standstill,
                         qemuCommandStartJob, job);
}

int
qemuCommandStart(qemuConn *conn, virDomainPtr dom, const char *name, const char *base,
                 bool relative, const streamSettings *settings)
{
    qemuStreams *streams = qemuConnGetStreams(conn);
    g_autoptr(GPtrArray) disks = qemuReconcileGetDisks(dom);
    g_autoptr(qemuStream) stream = NULL;
    g_auto(backendQmpImage) image = { 0 };
    qemuCommandJob job = { .dom = dom, .base = base, .relative = relative };
    const domainDisk *disk;

    if (!disks || !(disk = domainDiskListFind(disks, name)) || domainDiskCheckStreamable(disk) < 0)
        return -1;
    if (!qemuConnIsFollowing(conn) && qemuReconcileAdopt(streams, dom, false, NULL) < 0)
        return -1;
    if (qemuCommandCheckFree(streams, dom, disk->target) < 0 ||
        qemuCommandCheckAlone(conn, dom, disk->target) < 0 ||
        backendImageGet(dom, disk->target, disk->alias, &image) < 0 ||
        qemuSafetyCheckStreamable(dom, disk->target, &image) < 0)
        return -1;

    if (!(stream = qemuStreamsBegin(streams, dom, disk, base, settings))) {
        errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "disk '%s' already in active block job",
                    disk->target);
        return -1;
    }
    job.stream = stream;
    if (qemuCommandBegin(conn, &job, stream, &image) < 0) {
        virErrorPtr kept = errorKeep();

        qemuStreamsForget(streams, stream);
        qemuReconcilePolicy(streams, dom);
        errorRestore(kept);
        return -1;
    }
    LOG_INFO("stream of disk %s of domain %s started", disk->target, virDomainGetName(dom));
    qemuStreamsConfirm(streams, stream);
    if (qemuReconcileSample(streams, stream, false) <
        0) /* what it is asked before the first tick */
        LOG_DEBUG("progress of disk %s: %s", stream->target, errorText());
    if (backendImageGetTail(&image) > 0) /* it could not be before */
        qemuConnHydrate(conn, stream);
    return 0;
}

int
qemuCommandStop(qemuConn *conn, virDomainPtr dom, const char *name)
{
    qemuStreams *streams = qemuConnGetStreams(conn);
    g_autoptr(qemuStream) stream = qemuCommandFind(conn, dom, name);

    if (!stream)
        return -1;
    qemuStreamsSetStopping(streams, stream, true);
    qemuConnUnhydrate(conn, stream);
    if (backendJobAbort(dom, stream->target) < 0) {
        virErrorPtr kept = errorKeep();

        qemuStreamsSetStopping(streams, stream, false);
        errorRestore(kept);
        return -1;
    }
    if (backendImageFlush(dom, stream->target, stream->alias, stream->source) <
        0) /* what is copied stays */
        LOG_WARNING("what was copied of disk %s is not flushed: %s", stream->target, errorText());
    qemuReconcileResolve(streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                         "stopped on request", true);
    return 0;
}

int
qemuCommandSet(qemuConn *conn, virDomainPtr dom, const char *name, const streamSettings *change)
{
    qemuStreams *streams = qemuConnGetStreams(conn);
    g_autoptr(qemuStream) stream = qemuCommandFind(conn, dom, name);
    streamSettings before;

    if (!stream)
        return -1;
    before = qemuStreamsChange(streams, stream, change);
    if (qemuReconcileSpeeds(streams, dom) < 0) {
        before.named = change->named;
        qemuStreamsChange(streams, stream, &before);
        return -1;
    }
    if ((change->named & STREAM_SETTINGS_HYDRATE) && change->paused)
        qemuConnPauseHydration(conn, stream);
    return 0;
}
