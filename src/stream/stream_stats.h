/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream_stats.h: what is told of a stream, whichever driver has it
 *
 * A driver fills in what it knows; what is not filled in is not told.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

#include "stream/stream_settings.h"

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

#define STREAM_STATS_UNKNOWN G_MAXUINT64

typedef struct _streamStats streamStats;
struct _streamStats {
    virDomainStreamDiskStateType state;
    int phase; /* a virDomainStreamDiskPhase; of an active one */
    const char *target;
    const char *alias;
    const char *base; /* NULL: not known */
    const streamSettings *settings;
    bool hydratable; /* so its settings mean something */

    int basis;     /* a virDomainStreamDiskBasis, of what follows */
    guint64 total; /* bytes; 0: nothing is known yet */
    guint64 done;
    guint64 left;
    guint64 flushed;     /* or STREAM_STATS_UNKNOWN, as the two that follow */
    guint64 bps;         /* bytes per second, of late */
    guint64 remainingMs; /* until all is copied */

    guint64 offset; /* of the job, for virDomainStreamDiskInfo() */
    guint64 size;

    const streamHydrationStats *hydration; /* NULL: it does not work */
    const char *hydrationReason;           /* why it does not; NULL: not worth telling */

    gint64 tailUs;      /* the guest could read wrong data for so long; 0: never */
    gint64 unflushedUs; /* the disk was without backing and not flushed; 0: never */
    gint64 elapsedUs;   /* -1: nobody follows it */
    const char *reason; /* why it stopped or failed; NULL: it has not */
};

/* As parameters, VIR_DOMAIN_STREAM_DISK_STATS_*; @now: in the clock of the settings' deadline */
void streamStatsAdd(const streamStats *self, gint64 now, streamRecord *record);

/* The short form; -1 and an error if a name is longer than its place. */
int streamStatsGetState(const streamStats *self, virDomainStreamDiskStatePtr state);
