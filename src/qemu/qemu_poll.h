/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_poll.h: asks the guests that stream how far they are, once a second
 *
 * Each in its queue, so that one whose QEMU is silent holds up no other; and only while there is
 * something to ask about.
 */

#pragma once

#include "backend/backend_nbdserver.h"
#include "qemu/qemu_hydration.h"
#include "qemu/qemu_streams.h"
#include "util/event_thread.h"
#include "util/queues.h"

typedef struct _qemuPoll qemuPoll;

/* @conn and all others are the caller's, and outlive it. @where: its thread keeps the time; @guests:
 * the queues, by UUID; @hydration: what makes streams faster, or NULL. It sleeps. */
qemuPoll *qemuPollNew(virConnectPtr conn, eventThread *where, queues *guests, qemuStreams *streams,
                      backendNbdserver *exports, qemuHydration *hydration);

/* When nothing runs in the queues, in the thread of the loop or after it was stopped. */
void qemuPollFree(qemuPoll *self);

/* There are streams in the table that are to be watched. Any thread. */
void qemuPollWake(qemuPoll *self);

/* Nobody tells when a stream begins: from now on every guest that runs is asked, and there is no
 * more sleep. */
void qemuPollSetBlind(qemuPoll *self);

/* The connection is new: ends the streams of an earlier one whose jobs have ended unseen, and takes
 * up the pulls that nobody knows; @announce: publish STARTED for them. Waits for that, but for
 * some seconds at most: a guest that does not answer is seen later than the others. */
void qemuPollTakeUp(qemuPoll *self, bool announce);
