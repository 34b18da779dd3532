/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_guest.h: what the guest feels of a disk, by libvirt's block statistics */

#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

/* What the guest has done so far */
typedef struct _qemuGuestFigures qemuGuestFigures;
struct _qemuGuestFigures {
    guint64 requests; /* reads and writes */
    guint64 writes;
    guint64 writeNs;  /* what the writes took together */
};

/* False if libvirt does not tell. */
bool qemuGuestGetFigures(virDomainPtr dom, const char *target, qemuGuestFigures *figures);
