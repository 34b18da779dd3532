/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_follow.h: keeps the table of streams in line with libvirt, by its events
 *
 * While there are active streams qemu_watch asks how far they are; that is all that is sampled.
 */

#pragma once

#include "qemu/qemu_exports.h"
#include "qemu/qemu_hydration.h"
#include "qemu/qemu_streams.h"
#include "util/loop.h"

typedef struct _qemuFollow qemuFollow;

typedef struct _qemuFollowConfig qemuFollowConfig;
struct _qemuFollowConfig {
    guint standstill;      /* ms for which a guest may be suspended when others begin a pull */
    const char *statusDir; /* of libvirtd's status files (qemu_backup.h); NULL: they are not read */
};

/* Registers for events on @conn, which are then dealt with in a queue for each guest, and takes up
 * the pulls that run; @announce: publish STARTED for them. Those of a guest that does not answer
 * come later. @where: its thread keeps the time. @hydration: what makes them faster, or NULL.
 * NULL on error. */
qemuFollow *qemuFollowNew(virConnectPtr conn, loop *where, qemuStreams *streams,
                          qemuExports *exports, qemuHydration *hydration,
                          const qemuFollowConfig *config, bool announce);

/* In the thread of the loop, or after it was stopped; waits for what is being asked. The streams
 * stay in the table. */
void qemuFollowFree(qemuFollow *self);
