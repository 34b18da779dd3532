/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hydrate_worker.h: copies a disk's ranges into its own image, ahead of the block job
 *
 * It sends NBD_CMD_CACHE requests to QEMU's export of the disk: QEMU copies, no data passes
 * through here. One thread each, with a connection of its own; all that others see is copied
 * under a lock.
 *
 *   the tail ──► ranges ──► (near the end: the last one waits) ──► the last one ──► FLUSH ──► ended
 *
 * When nothing is left, all is flushed. Whoever keeps the job from its end until then lets no
 * link be dropped to what is only in QEMU's memory.
 */

#pragma once

#include "hydrate/hydrate_order.h"
#include "stream/stream_settings.h"
#include "stream/stream_stats.h"

typedef struct _hydrateWorker hydrateWorker;

typedef struct _hydrateWorkerConfig hydrateWorkerConfig;
struct _hydrateWorkerConfig {
    int fd;            /* connected to the server; taken over */
    const char *name;  /* of the export */
    guint32 deepest;   /* layers below this one are not copied */
    const char *image; /* what is copied into, if it is a file; NULL; not copied */
    guint64 tail; /* here and beyond it all becomes zeroes first that is below; 0: nothing does */
    hydrateOrder order;      /* of what is not of the tail */
    streamSettings settings; /* its bandwidth and guest latency; see hydrateWorkerSet() */

    /* What the guest has done so far; false if not known. Called in the worker's thread. */
    bool (*guest)(streamGuestStats *figures, void *opaque);
    /* The tail is zeroes; @late: only by now. Called in the worker's thread. */
    void (*tailDone)(bool late, void *opaque);
    /* There is not much left: the last range is not begun before hydrateWorkerLetEnd(). Called in
     * the worker's thread; NULL: it need not wait. */
    void (*nearEnd)(void *opaque);
    /* The last thing its thread does: @error is why it ended early, NULL: nothing is left */
    void (*ended)(const char *error, void *opaque);
    void *opaque;
};

/* Begins at once; NULL on error. */
hydrateWorker *hydrateWorkerNew(const hydrateWorkerConfig *config);

/* Another bandwidth, which is the job's, too, and guest latency, from its thread's next
 * look on. */
void hydrateWorkerSet(hydrateWorker *self, const streamSettings *settings);

/* The block job has passed over all before @position: that is not copied any more. */
void hydrateWorkerSetPosition(hydrateWorker *self, guint64 position);

streamHydrationStats hydrateWorkerGetStats(hydrateWorker *self);

/* The last range may be begun. */
void hydrateWorkerLetEnd(hydrateWorker *self);

/* Begins nothing more, and waits until all that was copied is flushed, or it cannot be; but no
 * longer than @us microseconds. It has not ended by that. */
void hydrateWorkerFlush(hydrateWorker *self, gint64 us);

/* From now on QEMU gets no request more, and ended() follows. It does not wait; any thread. */
void hydrateWorkerStop(hydrateWorker *self);

/* Stops it, and frees it. ended() is called before this returns, if it was not. Not to be
 * called from ended(). */
void hydrateWorkerFree(hydrateWorker *self);
