/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_follow.h: keeps the table of streams in line with libvirt, by its events
 *
 * While there are active streams qemu_watch asks how far they are; that is all that is sampled.
 */

#pragma once

#include "qemu/qemu_hydration.h"
#include "qemu/qemu_streams.h"
#include "util/loop.h"

typedef struct _qemuFollow qemuFollow;

/* Registers for events on @conn, which are then dealt with in a queue for each guest, and takes up
 * the pulls that run; @announce: publish STARTED for them. Those of a guest that does not answer
 * come later. @where: its thread keeps the time. @hydration: what makes them faster, or NULL. NULL
 * on error. */
qemuFollow *qemuFollowNew(virConnectPtr conn, loop *where, qemuStreams *streams,
                          qemuHydration *hydration, bool announce);

/* In the thread of the loop, or after it was stopped; waits for what is being asked. The streams
 * stay in the table. */
void qemuFollowFree(qemuFollow *self);
