/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_guest.h: what the guest feels of a disk, by libvirt's block statistics */

#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

/* How many writes the guest has made so far, and how long they took together; false if
 * libvirt does not tell. */
bool qemuGuestWrites(virDomainPtr dom, const char *target, guint64 *writes, guint64 *ns);
