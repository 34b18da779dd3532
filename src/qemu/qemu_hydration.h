/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_hydration.h: which streams of a connection are hydrated, and when it has to stop
 *
 * A disk is hydrated only while its block job holds it, because QEMU aborts if it is saved
 * or made a backing image with such a request in flight. So hydration ends before the job is
 * ended by us, and first of all when it ends otherwise. Near its end the job is paused until all is
 * copied and flushed: QEMU drops the link to the backing images without flushing.
 */

#pragma once

#include "backend/backend_nbdserver.h"
#include "qemu/qemu_streams.h"

typedef struct _qemuHydration qemuHydration;

/* @exports: the guests' NBD servers, which outlive it; @untried: disks and versions of QEMU that
 * have not been tried are hydrated, too (qemu_safety.h) */
qemuHydration *qemuHydrationNew(qemuStreams *streams, backendNbdserver *exports, bool untried);

/* When nobody calls what is below any more. Ends all hydrations. */
void qemuHydrationFree(qemuHydration *self);

/* A connection to libvirt: what an earlier one, or an earlier daemon, had to leave in its guests
 * is taken away. Before any tick; does not wait for QEMU. */
void qemuHydrationUp(qemuHydration *self, virConnectPtr conn);

/* libvirt's connection is lost: ends all. There is no tick meanwhile. */
void qemuHydrationDown(qemuHydration *self);

/* Once a second, one thread a guest: tells the table how far it is. */
void qemuHydrationReport(qemuHydration *self, qemuStream *stream);

/* After that: begins to hydrate the stream if it may and is not, or passes on to its hydrator
 * what the table says. */
void qemuHydrationTick(qemuHydration *self, qemuStream *stream);

/* The job ends at this moment: nothing more is sent. Does not wait, and what was taken is
 * given back as soon as can be. Any thread. */
void qemuHydrationCut(qemuHydration *self, qemuStream *stream);

/* Somebody wants the NBD server: nothing more is sent, all is given back as soon as can be, and
 * later wanted again. Does not wait. Any thread. */
void qemuHydrationYield(qemuHydration *self, qemuStream *stream);

/* Nothing is sent, nothing is exported any more. It may begin again as long as the table says
 * that hydration is wanted: who pauses it changes that before. Any thread. */
void qemuHydrationPause(qemuHydration *self, qemuStream *stream);

/* The same, and the stream is forgotten: its job is over or is being ended. Any thread. */
void qemuHydrationEnd(qemuHydration *self, qemuStream *stream);
