/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_blockstats.h: what the guest feels of a disk, by libvirt's block statistics */

#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

#include "stream/stream_stats.h"

/* False if libvirt does not tell. */
bool backendBlockstatsGet(virDomainPtr dom, const char *target, streamGuestStats *figures);
