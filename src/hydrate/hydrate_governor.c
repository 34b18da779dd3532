/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_governor.c: the levels, and the steps between them */

#include "hydrate/hydrate_governor.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)

/* A write may take so many times what it takes undisturbed, and so much longer: the mean of a
 * few quick writes is not steady */
#define HYDRATE_GOVERNOR_FACTOR 2
#define HYDRATE_GOVERNOR_GRACE_NS 250000

/* Fewer requests, or writes, than this in an interval tell nothing */
#define HYDRATE_GOVERNOR_REQUESTS_MIN 4

/* A step up pays if it copies a tenth more; else it is tried again after so many intervals,
 * sooner if nobody is there to be disturbed */
#define HYDRATE_GOVERNOR_PATIENCE 20
#define HYDRATE_GOVERNOR_PATIENCE_IDLE 4

static const struct {
    guint requests;
    guint64 size;
} hydrateGovernorLevels[] = {
    { 1, 64 * KIB },   { 2, 64 * KIB },  { 4, 64 * KIB },   { 4, 128 * KIB },
    { 10, 128 * KIB }, { 8, 256 * KIB }, { 16, 256 * KIB }, { 16, 512 * KIB },
    { 16, MIB },       { 16, 2 * MIB },  { 16, 4 * MIB },
};

#define HYDRATE_GOVERNOR_FIRST 2
#define HYDRATE_GOVERNOR_FIRST_FAST 6
#define HYDRATE_GOVERNOR_BUSY 4              /* a stock pull has 512 KiB in flight */
#define HYDRATE_GOVERNOR_BUSY_RATE 100000000 /* bytes per second */
#define HYDRATE_GOVERNOR_LAST (G_N_ELEMENTS(hydrateGovernorLevels) - 1)

void
hydrateGovernorInit(hydrateGovernor *self, const streamGuestLatency *guestLatency)
{
    *self = (hydrateGovernor) {
        .guestLatency = *guestLatency,
        .starting = true,
        .level = guestLatency->fast ? HYDRATE_GOVERNOR_FIRST_FAST : HYDRATE_GOVERNOR_FIRST,
    };
}

void
hydrateGovernorSetGuestLatency(hydrateGovernor *self, const streamGuestLatency *guestLatency)
{
    if (self->guestLatency.fast == guestLatency->fast &&
        self->guestLatency.factor == guestLatency->factor &&
        self->guestLatency.maxNs == guestLatency->maxNs)
        return;
    self->guestLatency = *guestLatency;
    self->patience = 0;
}

/* What is quickest is taken for undisturbed, and forgotten slowly: guests change. */
static void
hydrateGovernorNoteWrites(hydrateGovernor *self, const hydrateGovernorSample *sample)
{
    if (sample->unseen || sample->writes < HYDRATE_GOVERNOR_REQUESTS_MIN)
        return;
    self->nowNs = (double) sample->writeNs / (double) sample->writes;
    if (self->calmNs == 0 || self->nowNs < self->calmNs)
        self->calmNs = self->nowNs;
    else
        self->calmNs += (self->nowNs - self->calmNs) / 200;
}

/* Whether the guest's writes take longer than they may. */
static bool
hydrateGovernorHurts(const hydrateGovernor *self, const hydrateGovernorSample *sample)
{
    if (self->guestLatency.fast || sample->unseen || sample->writes < HYDRATE_GOVERNOR_REQUESTS_MIN)
        return false;
    if (self->guestLatency.maxNs > 0)
        return self->nowNs > (double) self->guestLatency.maxNs;
    if (self->guestLatency.factor > 0)
        return self->nowNs > self->calmNs * self->guestLatency.factor;
    return self->nowNs > self->calmNs * HYDRATE_GOVERNOR_FACTOR + HYDRATE_GOVERNOR_GRACE_NS;
}

/* The highest level for the moment; each copies up to twice as much as the one below. */
static guint
hydrateGovernorTop(const hydrateGovernor *self, const hydrateGovernorSample *sample, bool idle)
{
    if (idle || self->guestLatency.fast || self->guestLatency.factor > 0 ||
        self->guestLatency.maxNs > 0)
        return HYDRATE_GOVERNOR_LAST;
    if (sample->copied <= HYDRATE_GOVERNOR_BUSY_RATE / 2)
        return MIN(MAX(self->level + 1, HYDRATE_GOVERNOR_BUSY), HYDRATE_GOVERNOR_LAST);
    if (sample->copied <= HYDRATE_GOVERNOR_BUSY_RATE + HYDRATE_GOVERNOR_BUSY_RATE / 4)
        return MAX(self->level, HYDRATE_GOVERNOR_BUSY);
    return HYDRATE_GOVERNOR_BUSY;
}

void
hydrateGovernorStep(hydrateGovernor *self, const hydrateGovernorSample *sample)
{
    bool paid = sample->copied * 10 > self->copied * 11;
    bool idle = sample->unseen ? !self->busy : sample->requests < HYDRATE_GOVERNOR_REQUESTS_MIN;
    guint top = hydrateGovernorTop(self, sample, idle);
    bool hurts;

    self->busy = !idle;
    hydrateGovernorNoteWrites(self, sample);
    hurts = hydrateGovernorHurts(self, sample);
    if (hurts || self->level > top) {
        self->level = hurts ? MIN(self->level / 2, top) : top;
        self->starting = false;
        self->climbed = false;
        self->patience = HYDRATE_GOVERNOR_PATIENCE / 4;
        self->copied = sample->copied;
        return;
    }
    if (sample->copied == 0)
        return; /* it tells nothing */
    if (self->climbed && !paid) {
        self->level = self->below;
        self->starting = false;
        self->climbed = false;
        self->patience = idle ? HYDRATE_GOVERNOR_PATIENCE_IDLE : HYDRATE_GOVERNOR_PATIENCE;
        return;
    }
    self->climbed = false;
    self->copied = sample->copied;
    if (self->patience > 0) {
        self->patience--;
        return;
    }
    if (self->level < top) {
        self->below = self->level;
        self->level = MIN(self->level + (self->starting && idle ? 2 : 1), top);
        self->climbed = true;
    }
}

guint
hydrateGovernorInterval(const hydrateGovernor *self)
{
    return self->starting ? HYDRATE_GOVERNOR_INTERVAL / 4 : HYDRATE_GOVERNOR_INTERVAL;
}

guint
hydrateGovernorRequests(const hydrateGovernor *self)
{
    return hydrateGovernorLevels[self->level].requests;
}

gint64
hydrateGovernorSpacing(const hydrateGovernor *self, guint64 latencyUs)
{
    if (!self->busy || self->guestLatency.fast)
        return 0;
    return (gint64) (latencyUs / hydrateGovernorRequests(self) * 3 / 4);
}

guint64
hydrateGovernorSize(const hydrateGovernor *self)
{
    return hydrateGovernorLevels[self->level].size;
}
