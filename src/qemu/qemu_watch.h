/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_watch.h: asks the guests that stream how far they are, once a second
 *
 * Each in its queue, so that one whose QEMU is silent holds up no other; and only while there is
 * something to ask about.
 */

#pragma once

#include "qemu/qemu_exports.h"
#include "qemu/qemu_hydration.h"
#include "qemu/qemu_streams.h"
#include "util/loop.h"
#include "util/queues.h"

typedef struct _qemuWatch qemuWatch;

/* @conn and all others are the caller's, and outlive it. @where: its thread keeps the time; @guests:
 * the queues, by UUID; @hydration: what makes streams faster, or NULL. It sleeps. */
qemuWatch *qemuWatchNew(virConnectPtr conn, loop *where, queues *guests, qemuStreams *streams,
                        qemuExports *exports, qemuHydration *hydration);

/* When nothing runs in the queues, in the thread of the loop or after it was stopped. */
void qemuWatchFree(qemuWatch *self);

/* There are streams in the table that are to be watched. Any thread. */
void qemuWatchWake(qemuWatch *self);

/* Nobody tells when a stream begins: from now on every guest that runs is asked, and there is no
 * more sleep. */
void qemuWatchSetBlind(qemuWatch *self);

/* The connection is new: ends the streams of an earlier one whose jobs have ended unseen, and takes
 * up the pulls that nobody knows; @announce: publish STARTED for them. Waits for that, but for
 * some seconds at most: a guest that does not answer is seen later than the others. */
void qemuWatchTakeUp(qemuWatch *self, bool announce);
