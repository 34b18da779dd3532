/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hydrate_nbd.h: a connection to an export of QEMU's, with many requests in flight
 *
 * A request returns at once; its answer comes in hydrateNbdWait(). What goes wrong first is the end:
 * from then on nothing is sent. Used by one thread.
 */

#pragma once

#include "hydrate/hydrate_map.h"

typedef struct _hydrateNbd hydrateNbd;

/* @fd: connected to the server, and closed with the connection, also on error; @name: of the
 * export. NULL on error, also if QEMU does not tell of its layers. */
hydrateNbd *hydrateNbdNew(int fd, const char *name);

/* What is in flight is not waited for. */
void hydrateNbdFree(hydrateNbd *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hydrateNbd, hydrateNbdFree)

guint64 hydrateNbdGetSize(const hydrateNbd *self);

/* Why nothing goes any more; NULL: all is well. */
const char *hydrateNbdGetError(const hydrateNbd *self);

/* No request is in flight. */
bool hydrateNbdIsIdle(const hydrateNbd *self);

/* Asks what a window of @map looks like, which is told of it. */
void hydrateNbdBlockStatus(hydrateNbd *self, guint64 offset, guint64 len, hydrateMap *map);

/* A request of @len bytes is done; it took @us microseconds. Not called if it fails. */
typedef void (*hydrateNbdDone)(guint64 len, guint64 us, void *opaque);

/* Has QEMU copy the range from the layers below into the image. */
void hydrateNbdCache(hydrateNbd *self, guint64 offset, guint64 len, hydrateNbdDone done,
                     void *opaque);

/* Has QEMU make safe what it copied; @done is told of 0 bytes. */
void hydrateNbdFlush(hydrateNbd *self, hydrateNbdDone done, void *opaque);

/* Waits until the server says something, or @wake can be read from (-1: there is none), but @us
 * microseconds at most, and deals with what the server said. */
void hydrateNbdWait(hydrateNbd *self, gint64 us, int wake);
