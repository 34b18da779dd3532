/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_reaction.h: keeps the table of streams in line with libvirt, by its events
 *
 * While there are active streams qemu_poll asks how far they are; that is all that is sampled.
 */

#pragma once

#include "backend/backend_nbdserver.h"
#include "qemu/qemu_hydration.h"
#include "qemu/qemu_streams.h"
#include "util/event_thread.h"

typedef struct _qemuReaction qemuReaction;

typedef struct _qemuReactionConfig qemuReactionConfig;
struct _qemuReactionConfig {
    guint standstill; /* ms for which a guest may be suspended when others begin a pull */
    const char
        *statusDir; /* of libvirtd's status files (backend_backup.h); NULL: they are not read */
};

/* Registers for events on @conn, which are then dealt with in a queue for each guest, and takes up
 * the pulls that run; @announce: publish STARTED for them. Those of a guest that does not answer
 * come later. @where: its thread keeps the time. @hydration: what makes them faster, or NULL.
 * NULL on error. */
qemuReaction *qemuReactionNew(virConnectPtr conn, eventThread *where, qemuStreams *streams,
                              backendNbdserver *exports, qemuHydration *hydration,
                              const qemuReactionConfig *config, bool announce);

/* In the thread of the loop, or after it was stopped; waits for what is being asked. The streams
 * stay in the table. */
void qemuReactionFree(qemuReaction *self);
