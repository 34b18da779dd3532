/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_hydrator.h: copies a disk's ranges into its own image, ahead of the block job
 *
 * It sends NBD_CMD_CACHE requests to QEMU's export of the disk: QEMU copies, no data passes
 * through here. One thread each, with a connection of its own; all that others see is copied
 * under a lock.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct _qemuHydrator qemuHydrator;

typedef struct _qemuHydratorConfig qemuHydratorConfig;
struct _qemuHydratorConfig {
    int fd;             /* connected to the server; taken over */
    const char *name;   /* of the export */
    guint32 deepest;    /* layers below this one are not copied */
    bool fast;          /* no regard for the guest */
    guint64 bandwidth;  /* bytes per second at most; 0: as the governor finds */

    /* How many writes the guest has made so far, and how long they took; false if not known.
     * Called in the hydrator's thread. */
    bool (*guest)(guint64 *writes, guint64 *ns, void *opaque);
    /* The last thing its thread does: @error is why it ended early, NULL: nothing is left */
    void (*ended)(const char *error, void *opaque);
    void *opaque;
};

typedef struct _qemuHydratorFigures qemuHydratorFigures;
struct _qemuHydratorFigures {
    guint64 copied;  /* bytes asked for and done */
    guint requests;  /* as many in flight */
    guint64 size;    /* of one */
    guint64 latencyUs; /* of late, of one */
};

/* Begins at once; NULL on error. */
qemuHydrator *qemuHydratorNew(const qemuHydratorConfig *config);

/* Another limit; 0: none. */
void qemuHydratorSetBandwidth(qemuHydrator *self, guint64 bandwidth);

qemuHydratorFigures qemuHydratorGetFigures(qemuHydrator *self);

/* From now on QEMU gets no request more, and ended() follows. It does not wait; any thread. */
void qemuHydratorStop(qemuHydrator *self);

/* Stops it, and frees it. ended() is called before this returns, if it was not. Not to be
 * called from ended(). */
void qemuHydratorFree(qemuHydrator *self);
