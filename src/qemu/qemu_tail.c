/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_tail.c: suspending, zeroing, resuming */

#include "qemu/qemu_tail.h"

#include "backend/backend_domain.h"
#include "backend/backend_export.h"
#include "backend/backend_image.h"
#include "backend/backend_job.h"
#include "hydrate/hydrate_nbd.h"
#include "qemu/qemu_safety.h"
#include "qemu/qemu_metadata.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define MIB (1024 * 1024ULL)

/* QEMU takes no more in one command of its monitor, and in one request */
#define QEMU_TAIL_COMMAND_MAX (2046 * MIB)
#define QEMU_TAIL_REQUEST_MAX (32 * MIB)

/* A command is worth its round trip from so many bytes on; it is of whole clusters, of any size */
#define QEMU_TAIL_COMMAND_MIN (64 * MIB)
#define QEMU_TAIL_CLUSTER_MAX (2 * MIB)

/* For a guest that does not run anyway */
#define QEMU_TAIL_PAUSED_MAX (60 * G_USEC_PER_SEC)

/* The requests of somebody who died may be under way for a while. */
#define QEMU_TAIL_RESUME_MAX (30 * G_USEC_PER_SEC)

LOG_INIT("qemu.tail");

typedef struct _qemuTail qemuTail;
struct _qemuTail {
    virDomainPtr dom;
    const char *target;
    const backendQmpImage *image;
    hydrateNbd *nbd;
    gint64 until;
};

static int
qemuTailRefuse(const char *target)
{
    errorReport(VIR_ERR_OPERATION_INVALID,
                "disk '%s' is longer than the image below it: the guest "
                "would have to stand still for longer than it may. Allow more, or start the stream "
                "while the guest is paused",
                target);
    return -1;
}

static void
qemuTailDone(guint64 len, guint64 us, void *opaque)
{
}

static void
qemuTailRequest(qemuTail *self, guint64 offset, guint64 end)
{
    for (; offset < end; offset += QEMU_TAIL_REQUEST_MAX)
        hydrateNbdCache(self->nbd, offset, MIN(QEMU_TAIL_REQUEST_MAX, end - offset), qemuTailDone,
                        self);
}

/* Zeroes a range that is in no image: the whole clusters of a long one by a command. */
static int
qemuTailZero(qemuTail *self, guint64 offset, guint64 len, bool command)
{
    guint64 begin = (offset + QEMU_TAIL_CLUSTER_MAX - 1) / QEMU_TAIL_CLUSTER_MAX *
                    QEMU_TAIL_CLUSTER_MAX;
    guint64 end = (offset + len) / QEMU_TAIL_CLUSTER_MAX * QEMU_TAIL_CLUSTER_MAX;

    if (!command || len < QEMU_TAIL_COMMAND_MIN) {
        qemuTailRequest(self, offset, offset + len);
        return 0;
    }
    qemuTailRequest(self, offset, begin);
    qemuTailRequest(self, end, offset + len);
    return backendImageZero(self->dom, self->image, begin, end - begin);
}

/* One walk over the tail */
static int
qemuTailWalk(qemuTail *self, bool command)
{
    g_autoptr(hydrateMap) map = hydrateMapNewTail(self->image->size, self->image->backing);
    guint64 offset;
    guint64 len;

    while (!hydrateMapIsDone(map) || !hydrateNbdIsIdle(self->nbd)) {
        gint64 left = self->until - g_get_monotonic_time();

        while (hydrateMapNextWindow(map, &offset, &len))
            hydrateNbdBlockStatus(self->nbd, offset, len, map);
        if (left > 0 && hydrateMapNextZeroes(map, QEMU_TAIL_COMMAND_MAX, &offset, &len)) {
            if (qemuTailZero(self, offset, len, command) < 0)
                return -1;
            continue;
        }
        if (left <= 0)
            return qemuTailRefuse(self->target);
        hydrateNbdWait(self->nbd, left, -1);
        if (hydrateNbdGetError(self->nbd)) {
            errorReport(VIR_ERR_OPERATION_FAILED,
                        "disk '%s' cannot be zeroed beyond the end of the "
                        "image below it: %s",
                        self->target, hydrateNbdGetError(self->nbd));
            return -1;
        }
    }
    return 0;
}

/* QEMU does not tell whether a command failed: a second walk finds what is left. */
static int
qemuTailWalkTwice(backendExport *export, virDomainPtr dom, const qemuStream *stream,
                  const backendQmpImage *image, gint64 until)
{
    /* commands are throttled as the guest is, and write what has no zero clusters */
    bool command = stream->iotune == 0 && !image->writesZeroes;
    int fd = backendExportConnect(export);
    g_autoptr(hydrateNbd) nbd = fd < 0 ? NULL : hydrateNbdNew(fd, backendExportGetName(export));
    qemuTail self = {
        .dom = dom,
        .target = stream->target,
        .image = image,
        .nbd = nbd,
        .until = until,
    };

    if (!nbd || qemuTailWalk(&self, command) < 0)
        return -1;
    return command ? qemuTailWalk(&self, false) : 0;
}

/* Makes the tail of a disk zeroes whose pull runs, while its guest is suspended. -1 with an error,
 * also if that is not done before @until, of the monotonic clock. */
static int
qemuTailFill(virDomainPtr dom, const qemuStream *stream, gint64 until)
{
    g_auto(backendQmpImage) image = { 0 };
    backendExport *export;
    virErrorPtr kept;
    int rc;

    if (backendImageGet(dom, stream->target, stream->alias, &image) < 0)
        return -1;
    if (backendImageGetTail(&image) == 0)
        return 0;
    if (!(export = backendExportNew(stream->guest->server, dom, stream->target)))
        return -1;
    rc = qemuTailWalkTwice(export, dom, stream, &image, until);
    kept = errorKeep();
    backendExportFree(export);
    errorRestore(kept);
    return rc;
}

/* Whether QEMU bears it, of a guest that is to be suspended for it, or does not run anyway. */
static int
qemuTailCheckSafety(virDomainPtr dom, const qemuStream *stream, bool running)
{
    const char *moment = running ? QEMU_SAFETY_SUSPENDING : QEMU_SAFETY_SUSPENDED;
    g_autofree char *version = backendImageGetVersion(dom);
    g_autofree char *unsafe = NULL;

    if (!version)
        return -1;
    if (!(unsafe = qemuSafetyCheck(version, (const char *const *) stream->features, moment, true)))
        return 0;
    errorReport(VIR_ERR_OPERATION_UNSUPPORTED,
                "disk '%s' is longer than the image below it, and the guest would read wrong data "
                "there: %s",
                stream->target, unsafe);
    return -1;
}

static int
qemuTailSetSuspended(qemuStream *stream, bool suspended)
{
    {
        LOCK_SCOPE(&stream->guest->lock);

        stream->guestSuspended = suspended;
    }
    return qemuMetadataSave(stream->guest);
}

static int
qemuTailSuspend(qemuStream *stream, virDomainPtr dom)
{
    if (qemuTailSetSuspended(stream, true) == 0 && backendDomainSuspend(dom) == 0)
        return 0;
    LOCK_SCOPE(&stream->guest->lock);

    stream->guestSuspended = false; /* the metadata are saved with whatever is next */
    return -1;
}

static void
qemuTailResumeGuest(qemuStream *stream, virDomainPtr dom)
{
    if (backendDomainResume(dom) < 0)
        LOG_WARNING("resuming domain %s: %s", virDomainGetName(dom), errorText());
    if (stream && qemuTailSetSuspended(stream, false) < 0)
        LOG_DEBUG("metadata of domain %s: %s", virDomainGetName(dom), errorText());
}

static void
qemuTailAbort(qemuStream *stream, virDomainPtr dom)
{
    if (backendJobAbort(dom, stream->target) < 0)
        LOG_WARNING("aborting the pull of disk %s: %s", stream->target, errorText());
}

static void
qemuTailSetFilling(qemuStream *stream, bool filling)
{
    LOCK_SCOPE(&stream->guest->lock);

    stream->tailFilling = filling;
}

static int
qemuTailBeginPull(virDomainPtr dom, qemuStream *stream, gint64 until, int (*begin)(void *opaque),
                  void *opaque)
{
    virErrorPtr kept;

    if (begin && begin(opaque) < 0)
        return -1;
    if (qemuTailFill(dom, stream, until) == 0)
        return 0;
    if (!begin)
        return -1;
    kept = errorKeep();
    qemuTailAbort(stream, dom);
    errorRestore(kept);
    return -1;
}

static void
qemuTailClose(qemuStream *stream, bool late)
{
    LOCK_SCOPE(&stream->guest->lock);

    qemuStreamCloseTail(stream, late);
}

int
qemuTailBegin(qemuStream *stream, guint ms, int (*begin)(void *opaque), void *opaque)
{
    g_autoptr(virDomain) dom = qemuGuestGetDomain(stream->guest);
    gint64 began;
    gint64 until;
    virErrorPtr kept;
    int running = backendDomainIsRunning(dom);
    int rc;

    if (running < 0 || qemuTailCheckSafety(dom, stream, running) < 0)
        return -1;
    if (running && ms == 0)
        return qemuTailRefuse(stream->target);
    began = g_get_monotonic_time();
    if (running && qemuTailSuspend(stream, dom) < 0)
        return -1;
    until = began + (running ? (gint64) ms * 1000 : QEMU_TAIL_PAUSED_MAX);
    qemuTailSetFilling(stream, true); /* before there is a job */
    rc = qemuTailBeginPull(dom, stream, until, begin, opaque);
    qemuTailSetFilling(stream, false);
    if (rc == 0)
        qemuTailClose(stream, !begin);
    if (!running)
        return rc;
    kept = rc < 0 ? errorKeep() : NULL;
    qemuTailResumeGuest(stream, dom);
    LOG_INFO("domain %s stood still for %d ms", virDomainGetName(dom),
             (int) ((g_get_monotonic_time() - began) / 1000));
    if (rc < 0)
        errorRestore(kept);
    return rc;
}

/* Whether the tail is zeroes, or all has been tried for that: then the pull runs no more. */
static bool
qemuTailTryAgain(qemuStream *stream, virDomainPtr dom)
{
    if (qemuTailFill(dom, stream, g_get_monotonic_time() + QEMU_TAIL_PAUSED_MAX) == 0)
        return true;
    if (g_get_monotonic_time() < stream->began + QEMU_TAIL_RESUME_MAX) {
        LOG_DEBUG("the tail of disk %s is tried again: %s", stream->target, errorText());
        return false;
    }
    LOG_WARNING("the tail of disk %s: %s", stream->target, errorText());
    qemuTailAbort(stream, dom);
    return true;
}

void
qemuTailResume(qemuStream *stream, virDomainPtr dom)
{
    if (stream && !qemuTailTryAgain(stream, dom))
        return;
    LOG_INFO("domain %s, suspended by another virtstreamd, is resumed", virDomainGetName(dom));
    qemuTailResumeGuest(stream, dom);
}
