/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_nbd.h: a connection to an export of QEMU's, with many requests in flight
 *
 * A request returns at once; its answer comes in qemuNbdWait(). What goes wrong first is the end:
 * from then on nothing is sent. Used by one thread.
 */

#pragma once

#include "qemu/qemu_map.h"

typedef struct _qemuNbd qemuNbd;

/* @fd: connected to the server, and closed with the connection, also on error; @name: of the
 * export. NULL on error, also if QEMU does not tell of its layers. */
qemuNbd *qemuNbdNew(int fd, const char *name);

/* What is in flight is not waited for. */
void qemuNbdFree(qemuNbd *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuNbd, qemuNbdFree)

guint64 qemuNbdGetSize(const qemuNbd *self);

/* Why nothing goes any more; NULL: all is well. */
const char *qemuNbdGetError(const qemuNbd *self);

/* No request is in flight. */
bool qemuNbdIsIdle(const qemuNbd *self);

/* Asks what a window of @map looks like, which is told of it. */
void qemuNbdBlockStatus(qemuNbd *self, guint64 offset, guint64 len, qemuMap *map);

/* A request of @len bytes is done; it took @us microseconds. Not called if it fails. */
typedef void (*qemuNbdDone)(guint64 len, guint64 us, void *opaque);

/* Has QEMU copy the range from the layers below into the image. */
void qemuNbdCache(qemuNbd *self, guint64 offset, guint64 len, qemuNbdDone done, void *opaque);

/* Has QEMU make safe what it copied; @done is told of 0 bytes. */
void qemuNbdFlush(qemuNbd *self, qemuNbdDone done, void *opaque);

/* Waits until the server says something, or @wake can be read from (-1: there is none), but @us
 * microseconds at most, and deals with what the server said. */
void qemuNbdWait(qemuNbd *self, gint64 us, int wake);
