/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_reaction.h: keeps the streams in line with libvirt, by its events
 *
 * While there are active streams qemu_poll asks how far they are; that is all that is sampled.
 */

#pragma once

#include "qemu/qemu_guest.h"
#include "util/event_thread.h"

typedef struct _qemuReaction qemuReaction;

typedef struct _qemuReactionConfig qemuReactionConfig;
struct _qemuReactionConfig {
    guint standstill; /* ms for which a guest may be suspended when others begin a pull */
    const char
        *statusDir; /* of libvirtd's status files (backend_backup.h); NULL: they are not read */
};

/* Registers for events on @conn, which are then dealt with in a queue for each guest, and discovers
 * the pulls that run; @announce: publish STARTED for them. Those of a guest that does not answer
 * come later. @thread keeps the time. NULL on error. */
qemuReaction *qemuReactionNew(virConnectPtr conn, eventThread *thread, qemuGuestTable *guests,
                              const qemuReactionConfig *config, bool announce);

/* In the thread, or after it was stopped; waits for what is being asked. The streams stay. */
void qemuReactionFree(qemuReaction *self);
