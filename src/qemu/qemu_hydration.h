/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_hydration.h: hydration of a stream, on and off
 *
 * A disk is hydrated only while its block job holds it, because QEMU aborts if it is saved
 * or made a backing image with such a request in flight. So hydration ends before the job is
 * ended by us, and first of all when it ends otherwise. Near its end the job is paused until all is
 * copied and flushed: QEMU drops the link to the backing images without flushing.
 *
 * The states are those of stream_hydration.h. What does not say otherwise waits for libvirtd, and
 * must not be called under the guest's lock.
 */

#pragma once

#include "qemu/qemu_streams.h"

/* What QEMU still has of ours, and nobody uses, is taken back, by this connection or, of all guests,
 * also of an earlier one, or an earlier daemon. Does not wait for QEMU; to be tried again. */
void qemuHydrationTakeBack(qemuGuest *guest);
void qemuHydrationTakeBackAll(qemuGuestTable *table, virConnectPtr conn);

/* Brings the stream's statistics up to date. */
void qemuHydrationReport(qemuStream *stream);

/* Begins to hydrate the stream if that is wanted now, ends it if it is not any more, or tells its
 * worker how it is wanted. */
void qemuHydrationStep(qemuStream *stream);

/* Has all jobs of the guest, and their workers, be as they should. */
int qemuHydrationApply(qemuGuest *guest);

/* Nothing is sent, nothing is exported any more, until the next step that is wanted. @reason: if
 * that is worth telling */
void qemuHydrationStop(qemuStream *stream, const char *reason);

/* The same for ever, because the job is over. */
void qemuHydrationEnd(qemuStream *stream);

/* The job ends at this moment: nothing more is sent, ever. Does not wait, and what was taken is
 * given back as soon as can be. */
void qemuHydrationCut(qemuStream *stream);

/* The same, but only for a while, for this @reason; nothing if there is no hydration. */
void qemuHydrationYield(qemuStream *stream, const char *reason);
