/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_tail.h: what lies beyond the end of the image below, made zeroes before a guest reads it
 *
 *   disk     |--------------------------------------|------- tail -------|
 *   below it |--------------------------------------|
 *
 * While a pull runs, QEMU answers a guest's reads of what was never written there with success, and
 * without data (docs/quirks.md). Zero clusters are read right. A guest that is suspended sees nothing
 * of the moment between the pull's beginning and theirs.
 */

#pragma once

#include "qemu/qemu_streams.h"

/* Begins a pull, by @begin, of a disk that has a tail: suspends the guest, unless it does not run
 * anyway, for @ms milliseconds at most. -1 with an error: no pull runs, and the guest goes on.
 * @begin NULL: one runs already, and is not aborted. */
int qemuTailBegin(qemuStream *stream, guint ms, int (*begin)(void *opaque), void *opaque);

/* Goes on where somebody died who had begun that: the guest is suspended for @stream, whose pull runs,
 * or for nothing (@stream NULL). If it cannot be done the guest stays suspended, to be tried again;
 * after half a minute the pull is aborted. */
void qemuTailResume(qemuStream *stream, virDomainPtr dom);
