/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_hydrator.h: copies a disk's ranges into its own image, ahead of the block job
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

#include "qemu/qemu_guest.h"
#include "stream_settings.h"

typedef struct _qemuHydrator qemuHydrator;

typedef struct _qemuHydratorConfig qemuHydratorConfig;
struct _qemuHydratorConfig {
    int fd;             /* connected to the server; taken over */
    const char *name;   /* of the export */
    guint32 deepest;    /* layers below this one are not copied */
    const char *image;  /* what is copied into, if it is a file; NULL; not copied */
    guint64 tail;       /* here and beyond it all becomes zeroes first that is below; 0: nothing does */
    streamSettings settings; /* its bandwidth and regard; see qemuHydratorSet() */

    /* What the guest has done so far; false if not known. Called in the hydrator's thread. */
    bool (*guest)(qemuGuestFigures *figures, void *opaque);
    /* The tail is zeroes; @late: only by now. Called in the hydrator's thread. */
    void (*tailDone)(bool late, void *opaque);
    /* There is not much left: the last range is not begun before qemuHydratorLetEnd(). Called in
     * the hydrator's thread; NULL: it need not wait. */
    void (*nearEnd)(void *opaque);
    /* The last thing its thread does: @error is why it ended early, NULL: nothing is left */
    void (*ended)(const char *error, void *opaque);
    void *opaque;
};

typedef struct _qemuHydratorFigures qemuHydratorFigures;
struct _qemuHydratorFigures {
    guint64 copied;        /* bytes asked for and done */
    guint64 pulled;        /* bytes that the job was first to copy */
    guint64 flushed;       /* of those copied, what is known to survive QEMU and the host */
    guint64 left;          /* bytes still to copy */
    bool exact;            /* left is: else the map is not complete yet, and it is a guess */
    guint64 bps;           /* bytes copied per second, of late */
    guint inFlight;        /* requests */
    guint requests;        /* as many at most */
    guint64 size;          /* of one */
    guint64 latencyUs;     /* of one, of late */
    guint64 guestBeforeUs; /* of a write of the guest's when undisturbed; 0: not known */
    guint64 guestUs;       /* the same, of late */
};

/* Begins at once; NULL on error. */
qemuHydrator *qemuHydratorNew(const qemuHydratorConfig *config);

/* Another bandwidth, which is the job's, too, and regard for the guest, from its thread's next
 * look on. */
void qemuHydratorSet(qemuHydrator *self, const streamSettings *settings);

/* The block job has passed over all before @position: that is not copied any more. */
void qemuHydratorSetPosition(qemuHydrator *self, guint64 position);

qemuHydratorFigures qemuHydratorGetFigures(qemuHydrator *self);

/* The last range may be begun. */
void qemuHydratorLetEnd(qemuHydrator *self);

/* Begins nothing more, and waits until all that was copied is flushed, or it cannot be; but no
 * longer than @us microseconds. It has not ended by that. */
void qemuHydratorFlush(qemuHydrator *self, gint64 us);

/* From now on QEMU gets no request more, and ended() follows. It does not wait; any thread. */
void qemuHydratorStop(qemuHydrator *self);

/* Stops it, and frees it. ended() is called before this returns, if it was not. Not to be
 * called from ended(). */
void qemuHydratorFree(qemuHydrator *self);
