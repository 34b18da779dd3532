/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_stats.h: the figures that a stream's statistics are made of */

#pragma once

#include <glib.h>
#include <stdbool.h>

/* Of hydration, while it works */
typedef struct _streamHydrationStats streamHydrationStats;
struct _streamHydrationStats {
    guint64 copied;        /* bytes asked for and done */
    guint64 pulled;        /* bytes that the job was first to copy */
    guint64 flushed;       /* of those copied, what is known to survive QEMU and the host */
    guint64 left;          /* bytes still to copy */
    bool exact;            /* left is: else the map is not complete yet, and it is a guess */
    guint64 bps;           /* bytes copied per second, of late */
    guint inFlight;        /* requests */
    guint requests;        /* as many at most */
    guint64 size;          /* of one */
    guint64 latencyUs;     /* of one, of late */
    guint64 guestBeforeUs; /* of a write of the guest's when undisturbed; 0: not known */
    guint64 guestUs;       /* the same, of late */
};

/* What the guest has done so far */
typedef struct _streamGuestStats streamGuestStats;
struct _streamGuestStats {
    guint64 requests; /* reads and writes */
    guint64 writes;
    guint64 writeNs; /* what the writes took together */
};
