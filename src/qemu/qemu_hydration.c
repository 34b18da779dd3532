/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_hydration.c: an export and a worker for each stream that has the turn */

#include "qemu/qemu_hydration.h"

#include "backend/backend_blockstats.h"
#include "backend/backend_domain.h"
#include "backend/backend_image.h"
#include "backend/backend_job.h"
#include "hydrate/hydrate_space.h"
#include "qemu/qemu_jobs.h"
#include "qemu/qemu_metadata.h"
#include "qemu/qemu_safety.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define QEMU_HYDRATION_REST (5 * G_USEC_PER_SEC)

/* For whom hydration gives way: a backup that is tried again */
#define QEMU_HYDRATION_AWAY (15 * G_USEC_PER_SEC)

/* A job is not kept from its end for longer than that while nothing is copied: the source may have
 * forgotten a request */
#define QEMU_HYDRATION_HELD_MAX (30 * G_USEC_PER_SEC)

/* So long a flush may take when hydration is ended by somebody who waits */
#define QEMU_HYDRATION_FLUSH_MAX (5 * G_USEC_PER_SEC)

LOG_INIT("qemu.hydration");

/* @rest: µs before the next try; 0: as it was */
static streamHydrationState
qemuHydrationEvent(qemuStream *stream, streamHydrationEvent event, const char *reason, gint64 rest)
{
    LOCK_SCOPE(&stream->guest->lock);

    if (rest > 0)
        stream->hydrationNext = g_get_monotonic_time() + rest;
    return qemuStreamHydrationEvent(stream, event, reason);
}

static bool
qemuHydrationIsWorking(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return stream->hydration == STREAM_HYDRATION_WORKING;
}

static bool
qemuHydrationIsJobPaused(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return stream->jobPaused;
}

static void
qemuHydrationShow(qemuStream *stream, hydrateWorker *worker)
{
    streamHydrationStats stats = hydrateWorkerGetStats(worker);
    LOCK_SCOPE(&stream->guest->lock);

    qemuStreamSetStats(stream, &stats);
}

static hydrateWorker *
qemuHydrationTakeWorker(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return g_steal_pointer(&stream->worker);
}

/* Nothing is sent any more, then nothing is exported any more, then the job may end. The worker's
 * thread is waited for last: it may itself wait for libvirt, whose next answer is to be for the
 * export, since the user's next call may not go well with it. With stream->hydrating locked. */
static void
qemuHydrationHalt(qemuStream *stream)
{
    hydrateWorker *worker = qemuHydrationTakeWorker(stream);
    virErrorPtr kept = errorKeep();

    if (worker) {
        hydrateWorkerFlush(worker, QEMU_HYDRATION_FLUSH_MAX);
        hydrateWorkerStop(worker);
        qemuHydrationShow(stream, worker);
    }
    g_clear_pointer(&stream->export, backendExportFree);
    if (worker && qemuJobsHoldEnd(stream, false) < 0)
        LOG_DEBUG("resuming the job of disk %s: %s", stream->target, errorText());
    hydrateWorkerFree(worker);
    errorRestore(kept);
}

/* What is to be done in the guest's cleanup, unless another worker has begun by then */
typedef struct _qemuHydrationTask qemuHydrationTask;
struct _qemuHydrationTask {
    qemuStream *stream;
    guint serial; /* of the worker */
    char *error;
};

static void
qemuHydrationTaskFree(void *opaque)
{
    qemuHydrationTask *task = opaque;

    qemuStreamUnref(task->stream);
    g_free(task->error);
    g_free(task);
}

/* Under the guest's lock */
static void
qemuHydrationPush(qemuStream *stream, void (*func)(void *opaque), const char *error)
{
    qemuHydrationTask *task = g_new(qemuHydrationTask, 1);

    *task = (qemuHydrationTask) { .stream = qemuStreamRef(stream),
                                  .serial = stream->workerSerial,
                                  .error = g_strdup(error) };
    taskQueuePush(stream->guest->cleanup, func, task, qemuHydrationTaskFree);
}

/* Whether no other worker has begun since */
static bool
qemuHydrationIsCurrent(const qemuHydrationTask *task)
{
    LOCK_SCOPE(&task->stream->guest->lock);

    return task->serial == task->stream->workerSerial;
}

/* The worker is near the end: it goes on when the job is paused, or cannot be. */
static void
qemuHydrationApproach(void *opaque)
{
    const qemuHydrationTask *task = opaque;
    qemuStream *stream = task->stream;
    LOCK_SCOPE(&stream->hydrating);

    if (!qemuHydrationIsCurrent(task) || !qemuHydrationIsWorking(stream))
        return;
    if (qemuJobsHoldEnd(stream, true) < 0) {
        if (!qemuHydrationIsWorking(stream))
            return; /* too late */
        LOG_WARNING("the job of disk %s cannot be paused before its end: %s", stream->target,
                    errorText());
        qemuJobsHoldEnd(stream, false);
    } else if (!qemuHydrationIsJobPaused(stream)) {
        return; /* another thread pauses it: see the next step */
    }
    hydrateWorkerLetEnd(stream->worker);
}

/* In the worker's thread */
static void
qemuHydrationNearEnd(void *opaque)
{
    qemuStream *stream = opaque;
    LOCK_SCOPE(&stream->guest->lock);

    qemuHydrationPush(stream, qemuHydrationApproach, NULL);
}

/* In the worker's thread */
static void
qemuHydrationTailDone(bool late, void *opaque)
{
    qemuStream *stream = opaque;
    LOCK_SCOPE(&stream->guest->lock);

    qemuStreamCloseTail(stream, late);
}

static void
qemuHydrationNoteEndSafe(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    stream->endSafe = stream->jobPaused;
}

/* The worker's thread is through: what it used is given back. */
static void
qemuHydrationFinish(void *opaque)
{
    const qemuHydrationTask *task = opaque;
    qemuStream *stream = task->stream;
    LOCK_SCOPE(&stream->hydrating);

    if (!qemuHydrationIsCurrent(task) || !qemuHydrationIsWorking(stream))
        return; /* it was stopped, by who also tells so */
    if (!task->error)
        qemuHydrationNoteEndSafe(stream);
    qemuHydrationHalt(stream);
    qemuHydrationEvent(stream, task->error ? STREAM_HYDRATION_FAILED : STREAM_HYDRATION_THROUGH,
                       task->error, QEMU_HYDRATION_REST);
}

/* In the worker's thread */
static void
qemuHydrationEnded(const char *error, void *opaque)
{
    qemuStream *stream = opaque;
    LOCK_SCOPE(&stream->guest->lock);

    qemuHydrationPush(stream, qemuHydrationFinish, error);
}

/* In the worker's thread */
static bool
qemuHydrationGetGuest(streamGuestStats *stats, void *opaque)
{
    qemuStream *stream = opaque;
    g_autoptr(virDomain) dom = qemuGuestGetDomain(stream->guest);

    return !qemuGuestIsQueriesPaused(stream->guest) &&
           backendBlockstatsGet(dom, stream->target, stats);
}

/* Whether QEMU bears that the disk is hydrated; if not, *event is REFUSED: that is for good. */
static int
qemuHydrationCheckSafety(qemuStream *stream, virDomainPtr dom, backendQmpImage *image,
                         streamHydrationEvent *event)
{
    g_autofree char *version = NULL;
    g_autofree char *unsafe = NULL;

    if (backendImageGet(dom, stream->target, stream->alias, image) < 0)
        return -1;
    if (qemuSafetyCheckStreamable(dom, stream->target, image) < 0) {
        if (virGetLastErrorCode() == VIR_ERR_OPERATION_UNSUPPORTED)
            *event = STREAM_HYDRATION_REFUSED;
        return -1;
    }
    if (!(version = backendImageGetVersion(dom)))
        return -1;
    if (!(unsafe = qemuSafetyCheck(version, (const char *const *) stream->features, NULL,
                                   stream->guest->config->hydrateUntried)))
        return 0;
    *event = STREAM_HYDRATION_REFUSED;
    errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "%s", unsafe);
    return -1;
}

static guint64
qemuHydrationOpenTail(qemuStream *stream, const backendQmpImage *image)
{
    LOCK_SCOPE(&stream->guest->lock);

    return backendImageGetTail(image) > 0 && qemuStreamOpenTail(stream) ? image->backing : 0;
}

/* A job that has ended meanwhile gets no request. */
static void
qemuHydrationSetWorker(qemuStream *stream, hydrateWorker *worker, guint32 deepest)
{
    LOCK_SCOPE(&stream->guest->lock);

    stream->worker = worker;
    qemuStreamBeginHydration(stream, deepest);
    if (stream->hydration != STREAM_HYDRATION_WORKING)
        hydrateWorkerStop(worker); /* who has cut it gives it back */
}

/* *event: what its failure is */
static int
qemuHydrationBegin(qemuStream *stream, const streamSettings *settings, streamHydrationEvent *event)
{
    hydrateWorkerConfig config = {
        .settings = *settings,
        .image = stream->source,
        .order = hydrateOrderWalk(),
        .guest = qemuHydrationGetGuest,
        .tailDone = qemuHydrationTailDone,
        .nearEnd = qemuHydrationNearEnd,
        .ended = qemuHydrationEnded,
        .opaque = stream,
    };
    g_autoptr(virDomain) dom = qemuGuestGetDomain(stream->guest);
    g_auto(backendQmpImage) image = { 0 };
    virDomainBlockJobInfo info;
    hydrateWorker *worker;

    *event = STREAM_HYDRATION_FAILED;
    if (hydrateSpaceCheck(stream->source, 0) < 0 ||
        qemuHydrationCheckSafety(stream, dom, &image, event) < 0 ||
        !(stream->export = backendExportNew(stream->guest->server, dom, stream->target)))
        return -1;
    /* the job may have ended since it was seen; what ends from now on, an event tells */
    if (backendJobGetPull(dom, stream->target, &info) != 1)
        return -1;
    config.name = backendExportGetName(stream->export);
    config.deepest = backendExportGetDeepest(stream->export);
    config.tail = qemuHydrationOpenTail(stream, &image);
    if ((config.fd = backendExportConnect(stream->export)) < 0)
        return -1;
    if (!(worker = hydrateWorkerNew(&config)))
        return -1;
    qemuHydrationSetWorker(stream, worker, config.deepest);
    qemuHydrationShow(stream, worker);
    if (qemuMetadataSave(stream->guest) < 0)
        LOG_DEBUG("metadata for disk %s: %s", stream->target, errorText());
    return 0;
}

/* What is needed now; *begin: it is to begin. */
static qemuStreamHydrationNeeds
qemuHydrationGetNeeds(qemuStream *stream, bool *begin)
{
    LOCK_SCOPE(&stream->guest->lock);
    qemuStreamHydrationNeeds needs = qemuStreamGetHydrationNeeds(stream);

    *begin = needs.wanted && g_get_monotonic_time() >= stream->hydrationNext &&
             (stream->hydration == STREAM_HYDRATION_IDLE ||
              stream->hydration == STREAM_HYDRATION_RESTING);
    if (*begin)
        stream->workerSerial++; /* what is pushed from now on is of the worker to come */
    return needs;
}

/* Whether the job is paused for an end that does not come */
static bool
qemuHydrationIsStuck(qemuStream *stream)
{
    gint64 now = g_get_monotonic_time();
    LOCK_SCOPE(&stream->guest->lock);

    if (stream->jobPaused && stream->heldSince > 0 && stream->heldCopied == stream->stats.copied)
        return now - stream->heldSince > QEMU_HYDRATION_HELD_MAX;
    stream->heldSince = stream->jobPaused ? now : 0;
    stream->heldCopied = stream->stats.copied;
    return false;
}

static void
qemuHydrationTellWorker(qemuStream *stream, const qemuStreamHydrationNeeds *needs)
{
    if (needs->settings.paused) {
        qemuHydrationHalt(stream);
        qemuHydrationEvent(stream, STREAM_HYDRATION_STOPPED, NULL, 0);
        return;
    }
    hydrateWorkerSetPosition(stream->worker, needs->position);
    hydrateWorkerSet(stream->worker, &needs->settings);
    if (qemuHydrationIsStuck(stream)) {
        LOG_WARNING("the last ranges of disk %s do not come: its job goes on", stream->target);
        qemuJobsHoldEnd(stream, false);
    }
    if (qemuHydrationIsJobPaused(stream))
        hydrateWorkerLetEnd(stream->worker);
}

void
qemuHydrationStep(qemuStream *stream)
{
    LOCK_SCOPE(&stream->hydrating);
    qemuStreamHydrationNeeds needs;
    streamHydrationEvent failure;
    bool begin;

    needs = qemuHydrationGetNeeds(stream, &begin);
    if (stream->worker) {
        qemuHydrationTellWorker(stream, &needs);
    } else if (begin && qemuHydrationBegin(stream, &needs.settings, &failure) < 0) {
        LOG_INFO("disk %s is not hydrated: %s", stream->target, errorText());
        qemuHydrationEvent(stream, failure, errorText(), QEMU_HYDRATION_REST);
        qemuHydrationHalt(stream);
    }
}

int
qemuHydrationApply(qemuGuest *guest)
{
    g_autoptr(GPtrArray) active = qemuStreamsGetActive(guest);
    int ret = qemuJobsApply(guest);
    virErrorPtr kept = ret < 0 ? errorKeep() : NULL;

    for (guint i = 0; i < active->len; i++)
        qemuHydrationStep(g_ptr_array_index(active, i));
    if (ret < 0)
        errorRestore(kept);
    return ret;
}

void
qemuHydrationReport(qemuStream *stream)
{
    LOCK_SCOPE(&stream->hydrating);

    if (stream->worker)
        qemuHydrationShow(stream, stream->worker);
}

void
qemuHydrationStop(qemuStream *stream, const char *reason)
{
    LOCK_SCOPE(&stream->hydrating);

    qemuHydrationHalt(stream);
    qemuHydrationEvent(stream, STREAM_HYDRATION_STOPPED, reason, 0);
}

void
qemuHydrationEnd(qemuStream *stream)
{
    LOCK_SCOPE(&stream->hydrating);

    qemuHydrationHalt(stream);
    qemuHydrationEvent(stream, STREAM_HYDRATION_CUT, NULL, 0);
}

static void
qemuHydrationGiveBack(void *opaque)
{
    const qemuHydrationTask *task = opaque;
    qemuStream *stream = task->stream;
    LOCK_SCOPE(&stream->hydrating);

    if (!qemuHydrationIsCurrent(task))
        return;
    qemuHydrationHalt(stream);
    qemuHydrationEvent(stream, STREAM_HYDRATION_GIVEN_BACK, NULL, 0);
}

void
qemuHydrationCut(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    qemuStreamHydrationEvent(stream, STREAM_HYDRATION_CUT, NULL);
    if (stream->worker)
        hydrateWorkerStop(stream->worker);
    qemuHydrationPush(stream, qemuHydrationGiveBack, NULL);
}

void
qemuHydrationYield(qemuStream *stream, const char *reason)
{
    LOCK_SCOPE(&stream->guest->lock);

    if (stream->hydration != STREAM_HYDRATION_WORKING)
        return;
    stream->hydrationNext = g_get_monotonic_time() + QEMU_HYDRATION_AWAY;
    qemuStreamHydrationEvent(stream, STREAM_HYDRATION_YIELDED, reason);
    if (stream->worker) /* else it is being stopped */
        hydrateWorkerStop(stream->worker);
    qemuHydrationPush(stream, qemuHydrationGiveBack, NULL);
}

/* What nobody uses; the guest is kept as long as there is any. */
static void
qemuHydrationRemoveLeft(void *opaque)
{
    qemuGuest *guest = opaque;
    g_autoptr(virDomain) dom = qemuGuestGetDomain(guest);

    backendNbdServerRemoveLeft(guest->server, dom);
    qemuGuestSetOwing(guest, backendNbdServerIsOpen(guest->server));
}

void
qemuHydrationTakeBack(qemuGuest *guest)
{
    if (!taskQueueIsBusy(guest->cleanup))
        taskQueuePush(guest->cleanup, qemuHydrationRemoveLeft, qemuGuestRef(guest),
                      (GDestroyNotify) qemuGuestUnref);
}

void
qemuHydrationTakeBackAll(qemuGuestTable *table, virConnectPtr conn)
{
    const char *dir = qemuGuestTableGetConfig(table)->socketDir;
    g_auto(GStrv) left = backendNbdServerListLeft(dir);

    for (char **uuid = left; *uuid; uuid++) {
        g_autoptr(virDomain) dom = backendDomainLookup(conn, *uuid);

        if (dom) {
            g_autoptr(qemuGuest) guest = qemuGuestGet(table, dom);

            qemuHydrationTakeBack(guest);
        } else {
            backendNbdServer *server = backendNbdServerNew(dir, *uuid);

            backendNbdServerRemoveLeft(server, NULL);
            backendNbdServerFree(server);
        }
    }
}
