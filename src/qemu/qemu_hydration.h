/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_hydration.h: which streams of a connection are hydrated, and when it has to stop
 *
 * A disk is hydrated only while its block job holds it, because QEMU aborts if it is saved
 * or made a backing image with such a request in flight. So hydration ends before the job is
 * ended by us, and first of all when it ends otherwise.
 */

#pragma once

#include "qemu/qemu_streams.h"
#include "util/loop.h"

typedef struct _qemuHydration qemuHydration;

/* @dir: where the sockets of NBD servers may be */
qemuHydration *qemuHydrationNew(qemuStreams *streams, loop *where, const char *dir);

/* After the loop was stopped. Ends all hydrations. */
void qemuHydrationFree(qemuHydration *self);

/* Once a second, in the loop's thread: begins to hydrate the stream if it may and is not,
 * passes its limit on, and its figures to the table. */
void qemuHydrationTick(qemuHydration *self, qemuStream *stream);

/* Ends it, and keeps it from beginning again until @bar is false. Any thread. */
void qemuHydrationBar(qemuHydration *self, qemuStream *stream, bool bar);

/* Of all streams: libvirt's connection is lost. In the loop's thread. */
void qemuHydrationEndAll(qemuHydration *self);

/* The job ends, or has ended: the same, for good. Any thread. */
void qemuHydrationEnd(qemuHydration *self, qemuStream *stream);
