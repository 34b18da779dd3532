/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_hydration.c: an export and a hydrator for each stream that has the turn
 *
 *   IDLE ──► WORKING ──► DONE (nothing left: the job runs through by itself)
 *     ▲         │
 *     └─ RESTING (it failed: tried again later)
 */

#include "qemu/qemu_hydration.h"

#include <unistd.h>

#include "qemu/qemu_export.h"
#include "qemu/qemu_guest.h"
#include "qemu/qemu_hydrator.h"
#include "qemu/qemu_job.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define QEMU_HYDRATION_REST (5 * G_USEC_PER_SEC)

/* A bucket knows no rate below this one; 0 is without limit */
#define QEMU_HYDRATION_CRAWL 1

LOG_INIT("qemu.hydration");

struct _qemuHydration {
    qemuStreams *streams;
    loop *where;
    qemuExports *exports;
    GMutex lock; /* protects the table; an item's lock is not taken inside */
    GHashTable *items; /* qemuStream -> qemuHydrationItem */
};

typedef struct _qemuHydrationItem qemuHydrationItem;
struct _qemuHydrationItem {
    gatomicrefcount refs;
    qemuHydration *owner;
    qemuStream *stream;

    GMutex lock; /* held over the calls that begin and end; protects all below */
    bool barred;
    bool done;
    gint64 rest; /* not before this time */
    virDomainPtr dom; /* while it works */
    qemuExport *export;
    qemuHydrator *hydrator; /* NULL: does not work */
};

static void
qemuHydrationItemUnref(void *opaque)
{
    qemuHydrationItem *item = opaque;

    if (!g_atomic_ref_count_dec(&item->refs))
        return;
    qemuStreamUnref(item->stream);
    g_mutex_clear(&item->lock);
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
        item = g_new0(qemuHydrationItem, 1);
        g_atomic_ref_count_init(&item->refs);
        g_mutex_init(&item->lock);
        item->owner = self;
        item->stream = qemuStreamRef(stream);
        g_hash_table_insert(self->items, stream, item);
    }
    return item ? qemuHydrationItemRef(item) : NULL;
}

qemuHydration *
qemuHydrationNew(qemuStreams *streams, loop *where, const char *dir)
{
    qemuHydration *self = g_new0(qemuHydration, 1);

    self->streams = streams;
    self->where = where;
    self->exports = qemuExportsNew(dir);
    g_mutex_init(&self->lock);
    self->items = g_hash_table_new_full(NULL, NULL, NULL, qemuHydrationItemUnref);
    return self;
}

/* Nothing is sent any more, then nothing is exported any more. Under the item's lock. */
static void
qemuHydrationHalt(qemuHydrationItem *item)
{
    virErrorPtr kept = errorKeep();

    g_clear_pointer(&item->hydrator, qemuHydratorFree);
    g_clear_pointer(&item->export, qemuExportFree);
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
    g_hash_table_iter_init(&iter, self->items);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        qemuHydrationItem *item = value;
        LOCK_SCOPE(&item->lock);

        qemuHydrationHalt(item);
    }
    g_hash_table_unref(self->items);
    qemuExportsFree(self->exports);
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

/* The hydrator's thread is through: what it used is given back. In the loop's thread. */
static gboolean
qemuHydrationFinish(void *opaque)
{
    qemuHydrationResult *result = opaque;
    qemuHydrationItem *item = result->item;
    LOCK_SCOPE(&item->lock);

    if (!item->hydrator)
        return G_SOURCE_REMOVE; /* it was stopped */
    qemuHydrationHalt(item);
    item->done = !result->error;
    item->rest = g_get_monotonic_time() + QEMU_HYDRATION_REST;
    qemuStreamsSetHydration(item->owner->streams, item->stream, NULL, result->error);
    return G_SOURCE_REMOVE;
}

/* In the hydrator's thread */
static void
qemuHydrationEnded(const char *error, void *opaque)
{
    qemuHydrationItem *item = opaque;
    qemuHydrationResult *result = g_new0(qemuHydrationResult, 1);

    result->item = qemuHydrationItemRef(item);
    result->error = g_strdup(error);
    loopInvoke(item->owner->where, qemuHydrationFinish, result, qemuHydrationResultFree);
}

static bool
qemuHydrationGuest(guint64 *writes, guint64 *ns, void *opaque)
{
    const qemuHydrationItem *item = opaque;

    return qemuGuestWrites(item->dom, item->stream->target, writes, ns);
}

/* Under the item's lock */
static int
qemuHydrationBegin(qemuHydrationItem *item, guint32 deepest, guint64 bandwidth)
{
    qemuStream *stream = item->stream;
    qemuHydratorConfig config = {
        .deepest = deepest,
        .bandwidth = bandwidth,
        .guest = qemuHydrationGuest,
        .ended = qemuHydrationEnded,
        .opaque = item,
    };
    virDomainBlockJobInfo info;

    item->dom = qemuStreamsGetDomain(item->owner->streams, stream);
    item->export = qemuExportNew(item->owner->exports, item->dom, stream->target,
                                 stream->alias);
    if (!item->export)
        return -1;
    config.name = qemuExportGetName(item->export);
    if ((config.fd = qemuExportConnect(item->export)) < 0)
        return -1;
    /* the job may have ended since it was seen; what ends from now on, an event tells */
    if (qemuJobGetPull(item->dom, stream->target, &info) != 1) {
        close(config.fd);
        return -1;
    }
    item->hydrator = qemuHydratorNew(&config);
    return item->hydrator ? 0 : -1;
}

void
qemuHydrationTick(qemuHydration *self, qemuStream *stream)
{
    g_autoptr(qemuHydrationItem) item = qemuHydrationGetItem(self, stream, true);
    qemuStreamsHydrationNeeds needs = qemuStreamsGetHydrationNeeds(self->streams, stream);
    guint64 bandwidth = needs.limited ? MAX(needs.bandwidth, QEMU_HYDRATION_CRAWL) : 0;
    LOCK_SCOPE(&item->lock);

    if (item->hydrator) {
        qemuHydratorFigures figures = qemuHydratorGetFigures(item->hydrator);

        qemuHydratorSetBandwidth(item->hydrator, bandwidth);
        qemuStreamsSetHydration(self->streams, stream, &figures, NULL);
        return;
    }
    if (!needs.wanted || item->barred || item->done || g_get_monotonic_time() < item->rest)
        return;
    if (qemuHydrationBegin(item, needs.deepest, bandwidth) < 0) {
        LOG_INFO("disk %s is not hydrated: %s", stream->target, errorText());
        qemuStreamsSetHydration(self->streams, stream, NULL, errorText());
        qemuHydrationHalt(item);
        item->rest = g_get_monotonic_time() + QEMU_HYDRATION_REST;
    }
}

void
qemuHydrationBar(qemuHydration *self, qemuStream *stream, bool bar)
{
    g_autoptr(qemuHydrationItem) item = qemuHydrationGetItem(self, stream, true);
    LOCK_SCOPE(&item->lock);

    item->barred = bar;
    if (bar)
        qemuHydrationHalt(item);
}

void
qemuHydrationEndAll(qemuHydration *self)
{
    g_autoptr(GPtrArray) active = qemuStreamsListActive(self->streams, NULL);

    for (guint i = 0; i < active->len; i++)
        qemuHydrationEnd(self, g_ptr_array_index(active, i));
}

void
qemuHydrationEnd(qemuHydration *self, qemuStream *stream)
{
    g_autoptr(qemuHydrationItem) item = qemuHydrationGetItem(self, stream, false);

    if (!item)
        return;
    {
        LOCK_SCOPE(&item->lock);

        item->barred = true;
        qemuHydrationHalt(item);
    }
    LOCK_SCOPE(&self->lock);
    g_hash_table_remove(self->items, stream);
}
