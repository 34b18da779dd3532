/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hydrate_governor.h: how many requests of which size, so that the source is used and the guest
 * does not mind
 *
 * There is one control, a level: from one request of 64 KiB up to 16 of 4 MiB. Every interval
 * it goes up a step while that pays in throughput, stays where it does not, and goes down at
 * once, by half, when the guest's writes take longer than they may. It begins low, and goes up
 * faster until that fails for the first time, by leaps while the guest is idle. Each level has
 * about twice the bytes in flight of the one below: bigger requests first, which cost the
 * processor least, then more of them, which a distant source needs.
 *
 * While the guest is busy, nothing beyond two and a half times the bytes in flight of a stock
 * pull is tried if that would copy more than about 100 MB/s: the mean of the guest's writes rises
 * too late to tell what the slowest of them suffer. Who names a latency says what they may suffer
 * instead. Pure.
 */

#pragma once

#include "stream/stream_settings.h"

#define HYDRATE_GOVERNOR_INTERVAL 250 /* ms, usually */

typedef struct _hydrateGovernorSample hydrateGovernorSample;
struct _hydrateGovernorSample {
    bool unseen;      /* nobody looked at the guest: it is as it was */
    guint64 copied;   /* bytes per second, in this interval */
    guint64 requests; /* the guest's, of any kind, in this interval */
    guint64 writes;   /* the guest's writes among them */
    guint64 writeNs;  /* what those took together */
};

typedef struct _hydrateGovernor hydrateGovernor;
struct _hydrateGovernor {
    streamGuestLatency guestLatency;
    bool busy;     /* the guest, in the last interval */
    bool starting; /* nothing has told it to stay, so far */
    guint level;
    bool climbed;   /* the last step was up */
    guint below;    /* where it began */
    guint64 copied; /* bytes per second before it */
    guint patience; /* intervals until the next try to go up */
    double calmNs;  /* a write of the guest's when undisturbed; 0: not known */
    double nowNs;   /* a write of the guest's of late; 0: not known */
};

void hydrateGovernorInit(hydrateGovernor *self, const streamGuestLatency *guestLatency);

/* From the next step on. */
void hydrateGovernorSetGuestLatency(hydrateGovernor *self, const streamGuestLatency *guestLatency);

void hydrateGovernorStep(hydrateGovernor *self, const hydrateGovernorSample *sample);

/* How long the interval that begins is to be, in ms. */
guint hydrateGovernorInterval(const hydrateGovernor *self);

guint hydrateGovernorRequests(const hydrateGovernor *self);

/* How long to wait from one request to the next, in µs, if one takes @latencyUs: what comes in
 * at once holds up a busy guest's own. */
gint64 hydrateGovernorSpacing(const hydrateGovernor *self, guint64 latencyUs);

guint64 hydrateGovernorSize(const hydrateGovernor *self);
