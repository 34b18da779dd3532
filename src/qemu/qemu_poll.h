/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_poll.h: asks the guests that stream how far they are, once a second
 *
 * Each in its queue, so that one whose QEMU is silent holds up no other; and only while there is
 * something to ask about.
 */

#pragma once

#include "qemu/qemu_guest.h"
#include "util/event_thread.h"

typedef struct _qemuPoll qemuPoll;

/* @conn and @guests are the caller's, and outlive it. @thread keeps the time. It sleeps
 * until it is woken. */
qemuPoll *qemuPollNew(virConnectPtr conn, eventThread *thread, qemuGuestTable *guests);

/* When nothing of it is in the guests' queues, in its thread or after that was stopped. */
void qemuPollFree(qemuPoll *self);

/* There are streams to ask about. Any thread. */
void qemuPollWake(qemuPoll *self);

/* Nobody tells when a pull begins: from now on every guest that runs is asked, and there is no more
 * sleep. */
void qemuPollSetNoStartEvents(qemuPoll *self);

/* The connection is new: ends the streams of an earlier one whose jobs have ended unseen, and
 * discovers the pulls that have no stream; @announce: publish STARTED for them. Waits for that, but
 * for some seconds at most: a guest that does not answer is seen later than the others. */
void qemuPollDiscoverAll(qemuPoll *self, bool announce);
