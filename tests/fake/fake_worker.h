/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_worker.h: the worker of a disk, which copies nothing, and comes as far as the test says
 *
 * What it tells it tells in a thread of its own, as the real one does; the test waits for that.
 */

#pragma once

#include "fake_disk.h"

void fakeWorkerNearEnd(fakeDisk *disk);
void fakeWorkerFillTail(fakeDisk *disk, bool late);
/* @error NULL: nothing is left. The worker does nothing more. */
void fakeWorkerEnd(fakeDisk *disk, const char *error);

/* Asks what the guest has done; whether that is known. */
bool fakeWorkerAskGuest(fakeDisk *disk, streamGuestStats *figures);

void fakeWorkerSetStats(fakeDisk *disk, const streamHydrationStats *stats);

/* What it was told, and given, last */
guint64 fakeWorkerGetPosition(fakeDisk *disk);
streamSettings fakeWorkerGetSettings(fakeDisk *disk);
guint64 fakeWorkerGetTail(fakeDisk *disk);
