/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_hydration.c: an export and a hydrator for each stream that has the turn
 *
 *   IDLE ──► WORKING ──► DONE (nothing left: the job runs through by itself)
 *     ▲         │
 *     └─ RESTING (it failed: tried again later)
 */

#include "qemu/qemu_hydration.h"

#include "backend/backend_export.h"
#include "backend/backend_blockstats.h"
#include "hydrate/hydrate_worker.h"
#include "backend/backend_image.h"
#include "backend/backend_job.h"
#include "qemu/qemu_safety.h"
#include "hydrate/hydrate_space.h"
#include "qemu/qemu_reconcile.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"
#include "util/queues.h"

#define QEMU_HYDRATION_REST (5 * G_USEC_PER_SEC)

/* So long a flush may take when hydration is ended by somebody who waits */
#define QEMU_HYDRATION_FLUSH_MAX (5 * G_USEC_PER_SEC)

/* For a backup that is tried again */
#define QEMU_HYDRATION_AWAY (15 * G_USEC_PER_SEC)

#define VIR_FROM_THIS VIR_FROM_QEMU

LOG_INIT("qemu.hydration");

struct _qemuHydration {
    qemuStreams *streams;
    queues
        *returns; /* where all is given back, by guest: nothing else that asks QEMU holds it up */
    backendNbdserver *exports;
    bool untried;
    GMutex lock; /* protects the table, and in items what says so; taken after an item's lock */
    GHashTable *items; /* qemuStream -> qemuHydrationItem */
};

typedef struct _qemuHydrationItem qemuHydrationItem;
struct _qemuHydrationItem {
    gatomicrefcount refs;
    qemuHydration *owner;
    qemuStream *stream;
    char *guest; /* its UUID */

    GMutex lock;      /* held over the calls that begin and end; protects all below */
    bool done;        /* there is nothing left to do */
    gint64 rest;      /* not before this time */
    virDomainPtr dom; /* while it works */
    backendExport *export;
    hydrateWorker *hydrator; /* NULL: does not work; changed under the owner's lock, too */

    /* protected by the owner's lock */
    bool cut;    /* for good */
    bool yields; /* the hydrator is stopped, and will be taken away */
};

static void
qemuHydrationItemUnref(void *opaque)
{
    qemuHydrationItem *item = opaque;

    if (!g_atomic_ref_count_dec(&item->refs))
        return;
    qemuStreamUnref(item->stream);
    g_mutex_clear(&item->lock);
    g_free(item->guest);
    g_free(item);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuHydrationItem, qemuHydrationItemUnref)

static qemuHydrationItem *
qemuHydrationItemRef(qemuHydrationItem *item)
{
    g_atomic_ref_count_inc(&item->refs);
    return item;
}

/* The stream's item; made if there is none and @make. */
static qemuHydrationItem *
qemuHydrationGetItem(qemuHydration *self, qemuStream *stream, bool make)
{
    LOCK_SCOPE(&self->lock);
    qemuHydrationItem *item = g_hash_table_lookup(self->items, stream);

    if (!item && make) {
        g_autoptr(virDomain) dom = qemuStreamsGetDomain(self->streams, stream);

        item = g_new0(qemuHydrationItem, 1);
        g_atomic_ref_count_init(&item->refs);
        g_mutex_init(&item->lock);
        item->owner = self;
        item->stream = qemuStreamRef(stream);
        item->guest = g_new0(char, VIR_UUID_STRING_BUFLEN);
        virDomainGetUUIDString(dom, item->guest);
        g_hash_table_insert(self->items, stream, item);
    }
    return item ? qemuHydrationItemRef(item) : NULL;
}

qemuHydration *
qemuHydrationNew(qemuStreams *streams, backendNbdserver *exports, bool untried)
{
    qemuHydration *self = g_new0(qemuHydration, 1);

    self->streams = streams;
    self->returns = queuesNew();
    self->exports = exports;
    self->untried = untried;
    g_mutex_init(&self->lock);
    self->items = g_hash_table_new_full(NULL, NULL, NULL, qemuHydrationItemUnref);
    return self;
}

/* Sets the item's hydrator, and returns the one before. Under the item's lock. */
static hydrateWorker *
qemuHydrationSwap(qemuHydrationItem *item, hydrateWorker *hydrator)
{
    LOCK_SCOPE(&item->owner->lock);
    hydrateWorker *before = item->hydrator;

    item->hydrator = hydrator;
    item->yields = false;
    if (hydrator && item->cut)
        hydrateWorkerStop(hydrator);
    return before;
}

static void
qemuHydrationShow(qemuHydrationItem *item, hydrateWorker *hydrator)
{
    streamHydrationStats figures = hydrateWorkerGetStats(hydrator);

    qemuStreamsSetHydration(item->owner->streams, item->stream, &figures);
}

/* The job of the item's stream may end, or has to wait for that until all is flushed. */
static int
qemuHydrationHold(qemuHydrationItem *item, bool held)
{
    qemuStreams *streams = item->owner->streams;
    g_autoptr(virDomain) dom = qemuStreamsGetDomain(streams, item->stream);

    qemuStreamsSetEndHeld(streams, item->stream, held);
    return qemuReconcileSpeeds(streams, dom);
}

/* Nothing is sent any more, then nothing is exported any more, then the job may end. The hydrator's
 * thread is waited for last: it may itself wait for libvirt, whose next answer is to be for the
 * export, since the user's next call may not go well with it. Under the item's lock. */
static void
qemuHydrationHalt(qemuHydrationItem *item)
{
    hydrateWorker *hydrator = qemuHydrationSwap(item, NULL);
    virErrorPtr kept = errorKeep();

    if (hydrator) {
        hydrateWorkerFlush(hydrator, QEMU_HYDRATION_FLUSH_MAX);
        hydrateWorkerStop(hydrator);
        qemuHydrationShow(item, hydrator);
    }
    g_clear_pointer(&item->export, backendExportFree);
    if (hydrator && qemuHydrationHold(item, false) < 0)
        LOG_DEBUG("resuming the job of disk %s: %s", item->stream->target, errorText());
    hydrateWorkerFree(hydrator);
    g_clear_pointer(&item->dom, handleFreeDomain);
    errorRestore(kept);
}

void
qemuHydrationFree(qemuHydration *self)
{
    GHashTableIter iter;
    void *value;

    if (!self)
        return;
    queuesStop(self->returns);
    g_hash_table_iter_init(&iter, self->items);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        qemuHydrationItem *item = value;
        LOCK_SCOPE(&item->lock);

        qemuHydrationHalt(item);
    }
    g_hash_table_unref(self->items);
    queuesFree(self->returns);
    g_mutex_clear(&self->lock);
    g_free(self);
}

typedef struct _qemuHydrationResult qemuHydrationResult;
struct _qemuHydrationResult {
    qemuHydrationItem *item;
    char *error;
};

static void
qemuHydrationResultFree(void *opaque)
{
    qemuHydrationResult *result = opaque;

    qemuHydrationItemUnref(result->item);
    g_free(result->error);
    g_free(result);
}

static bool
qemuHydrationIsCut(const qemuHydrationItem *item)
{
    LOCK_SCOPE(&item->owner->lock);

    return item->cut;
}

static bool
qemuHydrationYields(const qemuHydrationItem *item)
{
    LOCK_SCOPE(&item->owner->lock);

    return item->yields;
}

/* The hydrator is near the end: it goes on when the job is paused, or cannot be. */
static void
qemuHydrationApproach(void *opaque)
{
    qemuHydrationItem *item = opaque;
    qemuStreams *streams = item->owner->streams;
    LOCK_SCOPE(&item->lock);

    if (!item->hydrator || qemuHydrationIsCut(item) || qemuHydrationYields(item))
        return;
    if (qemuHydrationHold(item, true) < 0) {
        if (qemuHydrationIsCut(item))
            return; /* too late */
        LOG_WARNING("the job of disk %s cannot be paused before its end: %s", item->stream->target,
                    errorText());
        qemuStreamsSetEndHeld(streams, item->stream, false);
    } else if (!qemuStreamsIsJobPaused(streams, item->stream)) {
        return; /* another thread pauses it: see the next tick */
    }
    hydrateWorkerLetEnd(item->hydrator);
}

/* In the hydrator's thread */
static void
qemuHydrationTailDone(bool late, void *opaque)
{
    qemuHydrationItem *item = opaque;

    qemuStreamsSetTailFilled(item->owner->streams, item->stream, late);
}

/* In the hydrator's thread */
static void
qemuHydrationNearEnd(void *opaque)
{
    qemuHydrationItem *item = opaque;

    queuesPush(item->owner->returns, item->guest, qemuHydrationApproach, qemuHydrationItemRef(item),
               qemuHydrationItemUnref);
}

/* The hydrator's thread is through: what it used is given back. */
static void
qemuHydrationFinish(void *opaque)
{
    qemuHydrationResult *result = opaque;
    qemuHydrationItem *item = result->item;
    LOCK_SCOPE(&item->lock);

    if (!item->hydrator || qemuHydrationIsCut(item) || qemuHydrationYields(item))
        return; /* it was stopped, by who also tells so */
    if (!result->error && qemuStreamsIsJobPaused(item->owner->streams, item->stream))
        qemuStreamsSetEndSafe(item->owner->streams, item->stream);
    qemuHydrationHalt(item);
    item->done = !result->error;
    item->rest = g_get_monotonic_time() + QEMU_HYDRATION_REST;
    qemuStreamsEndHydration(item->owner->streams, item->stream, item->done, result->error);
}

/* In the hydrator's thread */
static void
qemuHydrationEnded(const char *error, void *opaque)
{
    qemuHydrationItem *item = opaque;
    qemuHydrationResult *result = g_new0(qemuHydrationResult, 1);

    result->item = qemuHydrationItemRef(item);
    result->error = g_strdup(error);
    queuesPush(item->owner->returns, item->guest, qemuHydrationFinish, result,
               qemuHydrationResultFree);
}

static bool
qemuHydrationGuest(streamGuestStats *figures, void *opaque)
{
    const qemuHydrationItem *item = opaque;

    return !qemuStreamsIsQuiet(item->owner->streams, item->stream) &&
           backendBlockstatsGet(item->dom, item->stream->target, figures);
}

/* Whether QEMU bears that the disk is hydrated; if not, that is for good. Under the item's lock. */
static int
qemuHydrationCheckSafety(qemuHydrationItem *item, backendQmpImage *image)
{
    qemuStream *stream = item->stream;
    g_autofree char *version = NULL;
    g_autofree char *unsafe = NULL;

    if (backendImageGet(item->dom, stream->target, stream->alias, image) < 0)
        return -1;
    if (qemuSafetyCheckStreamable(item->dom, stream->target, image) < 0) {
        item->done = virGetLastErrorCode() == VIR_ERR_OPERATION_UNSUPPORTED;
        return -1;
    }
    if (!(version = backendImageGetVersion(item->dom)))
        return -1;
    if (!(unsafe = qemuSafetyCheck(version, (const char *const *) stream->features, false,
                                   item->owner->untried)))
        return 0;
    item->done = true;
    errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "%s", unsafe);
    return -1;
}

/* Under the item's lock */
static int
qemuHydrationBegin(qemuHydrationItem *item, const streamSettings *settings)
{
    qemuStream *stream = item->stream;
    hydrateWorkerConfig config = {
        .settings = *settings,
        .image = stream->source,
        .guest = qemuHydrationGuest,
        .tailDone = qemuHydrationTailDone,
        .nearEnd = qemuHydrationNearEnd,
        .ended = qemuHydrationEnded,
        .opaque = item,
    };
    g_auto(backendQmpImage) image = { 0 };
    virDomainBlockJobInfo info;
    hydrateWorker *hydrator;

    item->dom = qemuStreamsGetDomain(item->owner->streams, stream);
    if (hydrateSpaceCheck(stream->source, 0) < 0 || qemuHydrationCheckSafety(item, &image) < 0 ||
        !(item->export = backendExportNew(item->owner->exports, item->dom, stream->target)))
        return -1;
    /* the job may have ended since it was seen; what ends from now on, an event tells */
    if (backendJobGetPull(item->dom, stream->target, &info) != 1)
        return -1;
    config.name = backendExportGetName(item->export);
    config.deepest = backendExportGetDeepest(item->export);
    if (backendImageGetTail(&image) > 0 && qemuStreamsSetTailOpen(item->owner->streams, stream))
        config.tail = image.backing;
    if ((config.fd = backendExportConnect(item->export)) < 0)
        return -1;
    if (!(hydrator = hydrateWorkerNew(&config)))
        return -1;
    qemuStreamsBeginHydration(item->owner->streams, stream, config.deepest);
    qemuHydrationShow(item, hydrator);
    qemuHydrationSwap(item, hydrator);
    if (qemuReconcilePolicy(item->owner->streams, item->dom) < 0)
        LOG_DEBUG("policy of disk %s: %s", stream->target, errorText());
    return 0;
}

static void
qemuHydrationGiveWay(void *opaque)
{
    qemuHydrationItem *item = opaque;
    LOCK_SCOPE(&item->lock);

    if (!qemuHydrationYields(item))
        return; /* it was ended meanwhile */
    qemuHydrationHalt(item);
    item->rest = g_get_monotonic_time() + QEMU_HYDRATION_AWAY;
    qemuStreamsEndHydration(item->owner->streams, item->stream, false,
                            "QEMU's NBD server is left to others");
}

void
qemuHydrationTick(qemuHydration *self, qemuStream *stream)
{
    qemuStreamHydrationNeeds needs = qemuStreamsGetHydrationNeeds(self->streams, stream);
    g_autoptr(qemuHydrationItem) item = qemuHydrationGetItem(self, stream, needs.wanted);

    if (!item)
        return;
    LOCK_SCOPE(&item->lock);
    needs = qemuStreamsGetHydrationNeeds(self->streams, stream); /* who waits in End changed it */
    if (item->hydrator) {
        hydrateWorkerSetPosition(item->hydrator, needs.position);
        hydrateWorkerSet(item->hydrator, &needs.settings);
        if (qemuStreamsIsJobPaused(self->streams, stream))
            hydrateWorkerLetEnd(item->hydrator);
        return;
    }
    if (!needs.wanted || item->done || g_get_monotonic_time() < item->rest)
        return;
    if (qemuHydrationBegin(item, &needs.settings) < 0) {
        LOG_INFO("disk %s is not hydrated: %s", stream->target, errorText());
        qemuStreamsEndHydration(self->streams, stream, false, errorText());
        qemuHydrationHalt(item);
        item->rest = g_get_monotonic_time() + QEMU_HYDRATION_REST;
    }
}

void
qemuHydrationReport(qemuHydration *self, qemuStream *stream)
{
    g_autoptr(qemuHydrationItem) item = qemuHydrationGetItem(self, stream, false);

    if (!item)
        return;
    LOCK_SCOPE(&item->lock);
    if (item->hydrator)
        qemuHydrationShow(item, item->hydrator);
}

/* What an earlier one left in a guest */
typedef struct _qemuHydrationRemains qemuHydrationRemains;
struct _qemuHydrationRemains {
    backendNbdserver *exports;
    char *uuid;
    virDomainPtr dom; /* NULL: it is no more */
};

static void
qemuHydrationSweep(void *opaque)
{
    const qemuHydrationRemains *remains = opaque;

    backendNbdserverSweep(remains->exports, remains->uuid, remains->dom);
}

static void
qemuHydrationRemainsFree(void *opaque)
{
    qemuHydrationRemains *remains = opaque;

    handleFreeDomain(remains->dom);
    g_free(remains->uuid);
    g_free(remains);
}

void
qemuHydrationUp(qemuHydration *self, virConnectPtr conn)
{
    g_auto(GStrv) left = backendNbdserverListLeft(self->exports);

    for (char **uuid = left; *uuid; uuid++) {
        qemuHydrationRemains *remains = g_new(qemuHydrationRemains, 1);

        *remains = (qemuHydrationRemains) {
            .exports = self->exports,
            .uuid = g_strdup(*uuid),
            .dom = virDomainLookupByUUIDString(conn, *uuid),
        };
        queuesPush(self->returns, *uuid, qemuHydrationSweep, remains, qemuHydrationRemainsFree);
    }
}

void
qemuHydrationDown(qemuHydration *self)
{
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, NULL);

    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);

        qemuHydrationEnd(self, stream);
        qemuStreamsEndHydration(self->streams, stream, false, "libvirt is away");
    }
}

static void
qemuHydrationGiveBack(void *opaque)
{
    qemuHydrationItem *item = opaque;
    LOCK_SCOPE(&item->lock);

    qemuHydrationHalt(item);
    item->done = true;
}

void
qemuHydrationCut(qemuHydration *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);
    qemuHydrationItem *item = g_hash_table_lookup(self->items, stream);

    if (!item || item->cut)
        return;
    item->cut = true;
    if (item->hydrator)
        hydrateWorkerStop(item->hydrator);
    queuesPush(self->returns, item->guest, qemuHydrationGiveBack, qemuHydrationItemRef(item),
               qemuHydrationItemUnref);
}

void
qemuHydrationPause(qemuHydration *self, qemuStream *stream)
{
    g_autoptr(qemuHydrationItem) item = qemuHydrationGetItem(self, stream, false);

    if (!item)
        return;
    LOCK_SCOPE(&item->lock);
    qemuHydrationHalt(item);
    qemuStreamsEndHydration(self->streams, stream, item->done, NULL);
}

void
qemuHydrationYield(qemuHydration *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);
    qemuHydrationItem *item = g_hash_table_lookup(self->items, stream);

    if (!item || !item->hydrator)
        return;
    item->yields = true;
    hydrateWorkerStop(item->hydrator);
    queuesPush(self->returns, item->guest, qemuHydrationGiveWay, qemuHydrationItemRef(item),
               qemuHydrationItemUnref);
}

void
qemuHydrationEnd(qemuHydration *self, qemuStream *stream)
{
    g_autoptr(qemuHydrationItem) item = qemuHydrationGetItem(self, stream, false);

    if (!item)
        return;
    {
        LOCK_SCOPE(&item->lock);

        qemuHydrationHalt(item);
    }
    LOCK_SCOPE(&self->lock);
    g_hash_table_remove(self->items, stream);
}
