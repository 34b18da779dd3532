/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stream.c: making a stream, and what follows from what is known of it */

#include "qemu/qemu_stream.h"

#include "stream/stream_state.h"
#include "util/log.h"

LOG_INIT("qemu.stream");

qemuStream *
qemuStreamNew(qemuGuest *guest, const domainDisk *disk)
{
    qemuStream *self = g_new0(qemuStream, 1);

    g_atomic_ref_count_init(&self->refs);
    g_mutex_init(&self->hydrating);
    self->guest = qemuGuestRef(guest);
    self->target = g_strdup(disk->target);
    self->alias = g_strdup(disk->alias);
    self->source = g_strdup(disk->source);
    self->depth = disk->depth;
    self->iotune = disk->iotune;
    self->layers = g_strdupv(disk->layers);
    self->features = g_strdupv(disk->features);
    self->began = g_get_monotonic_time();
    self->state = VIR_DOMAIN_STREAM_DISK_STATE_STARTING;
    if (guest->config->noHydration)
        qemuStreamHydrationEvent(self, STREAM_HYDRATION_REFUSED, guest->config->noHydration);
    return self;
}

qemuStream *
qemuStreamRef(qemuStream *self)
{
    g_atomic_ref_count_inc(&self->refs);
    return self;
}

void
qemuStreamUnref(qemuStream *self)
{
    if (!self || !g_atomic_ref_count_dec(&self->refs))
        return;
    qemuGuestUnref(self->guest);
    g_mutex_clear(&self->hydrating);
    g_free(self->target);
    g_free(self->alias);
    g_free(self->source);
    g_strfreev(self->layers);
    g_strfreev(self->features);
    g_free(self->base);
    g_free(self->hydrationReason);
    g_free(self->error);
    g_free(self->reason);
    g_free(self);
}

guint64
qemuStreamGetLimit(const qemuStream *self)
{
    guint64 bandwidth = self->settings.bandwidth;

    if (bandwidth == 0 || self->iotune == 0)
        return MAX(bandwidth, self->iotune);
    return MIN(bandwidth, self->iotune);
}

bool
qemuStreamIsActive(const qemuStream *self)
{
    return streamStateIsActive(self->state);
}

streamHydrationState
qemuStreamHydrationEvent(qemuStream *self, streamHydrationEvent event, const char *reason)
{
    streamHydrationState before = self->hydration;

    self->hydration = streamHydrationNext(before, event);
    if (event == STREAM_HYDRATION_BEGUN)
        self->copiedCounts = false;
    else if (before == STREAM_HYDRATION_WORKING && event == STREAM_HYDRATION_STOPPED)
        self->copiedCounts = self->state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPING;
    if (before == STREAM_HYDRATION_WORKING && self->hydration != STREAM_HYDRATION_WORKING &&
        self->hydration != STREAM_HYDRATION_DONE && !self->copiedCounts)
        streamProgressRestart(&self->progress); /* the job leaps no more */
    if (before == STREAM_HYDRATION_OFF || before == STREAM_HYDRATION_DONE ||
        (self->hydration == STREAM_HYDRATION_RESTING && !reason))
        return self->hydration; /* the reason was given, or there is none */
    g_free(self->hydrationReason);
    self->hydrationReason = g_strdup(reason);
    return self->hydration;
}

const char *
qemuStreamGetHydrationReason(const qemuStream *self)
{
    bool paused = self->settings.paused && self->hydration != STREAM_HYDRATION_OFF;

    return paused ? "paused" : self->hydrationReason;
}

void
qemuStreamBeginHydration(qemuStream *self, guint32 deepest)
{
    const char *base = deepest <= self->depth ? self->layers[deepest - 1] : "";

    if (!self->base && *base)
        self->base = g_strdup(base);
    self->endNoted = true;
    self->copiedBefore = self->copying.done;
    self->copying.count = 0; /* nobody knows what the job has copied since */
    qemuStreamHydrationEvent(self, STREAM_HYDRATION_BEGUN, NULL);
}

void
qemuStreamSetStats(qemuStream *self, const streamHydrationStats *stats)
{
    guint64 copied = self->copiedBefore + stats->copied + stats->pulled;

    self->stats = *stats;
    streamProgressSet(&self->copying, copied, copied + stats->left);
}

/* Whoever is fast needs no plan. */
static gint64
qemuStreamDeadline(const qemuStream *self)
{
    return self->settings.guestLatency.fast ? 0 : self->settings.deadline;
}

void
qemuStreamStepPlan(qemuStream *self, guint64 waiting, gint64 now)
{
    gint64 deadline = qemuStreamDeadline(self);
    bool mapped = qemuStreamGetBasis(self) == VIR_DOMAIN_STREAM_DISK_BASIS_MAP;
    guint64 left = streamProgressLeft(&self->progress); /* at most: it counts holes, too */

    if (mapped)
        left = MIN(left, streamProgressLeft(&self->copying));
    streamDeadlineStep(&self->plan, deadline,
                       self->progress.total > 0 ? left + waiting : G_MAXUINT64, now);
}

qemuStreamHydrationNeeds
qemuStreamGetHydrationNeeds(const qemuStream *self)
{
    qemuStreamHydrationNeeds needs = {
        .wanted = self->state == VIR_DOMAIN_STREAM_DISK_STATE_RUNNING && !self->waitingTurn &&
                  !self->guestSuspended && !self->tailFilling && !self->settings.paused &&
                  self->noJobCount == 0 &&
                  self->plan.deadline == qemuStreamDeadline(self), /* planned first */
        .position = self->progress.done,
        .settings = self->settings,
    };

    needs.settings.bandwidth = streamDeadlineLimit(&self->plan, qemuStreamGetLimit(self));
    if (self->plan.behind)
        needs.settings.guestLatency = (streamGuestLatency) { .fast = true };
    return needs;
}

bool
qemuStreamOpenTail(qemuStream *self)
{
    self->tailOpen = !self->tailFilled;
    return self->tailOpen;
}

void
qemuStreamCloseTail(qemuStream *self, bool late)
{
    if (self->tailOpen && late) {
        self->tailUs = g_get_monotonic_time() - self->began;
        LOG_WARNING(
            "the guest of domain %s could read wrong data of disk %s, beyond the end of the "
            "image below it, for %d ms",
            virDomainGetName(self->guest->dom), self->target, (int) (self->tailUs / 1000));
    }
    self->tailFilled = true;
    self->tailOpen = false;
}

gint64
qemuStreamGetTailTime(const qemuStream *self, gint64 now)
{
    return self->tailOpen ? now - self->began : self->tailUs;
}

/* Whether somebody counts what is copied, and not only where the job is */
static bool
qemuStreamIsHydrated(const qemuStream *self)
{
    return self->hydration == STREAM_HYDRATION_WORKING ||
           self->hydration == STREAM_HYDRATION_DONE || self->copiedCounts;
}

bool
qemuStreamGetFlushed(const qemuStream *self, guint64 *flushed)
{
    bool completed = self->state == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED;
    bool hydrated = qemuStreamIsHydrated(self);

    if (!completed && !hydrated)
        return false;
    *flushed = !hydrated ? self->progress.done
             : completed ? self->copying.done
                         : MIN(self->copiedBefore + self->stats.flushed, self->copying.done);
    return true;
}

virDomainStreamDiskBasis
qemuStreamGetBasis(const qemuStream *self)
{
    if (!qemuStreamIsHydrated(self))
        return VIR_DOMAIN_STREAM_DISK_BASIS_POSITION;
    return self->stats.exact ? VIR_DOMAIN_STREAM_DISK_BASIS_MAP
                             : VIR_DOMAIN_STREAM_DISK_BASIS_ESTIMATE;
}

static int
qemuStreamGetPhase(const qemuStream *self)
{
    if (self->waitingTurn)
        return VIR_DOMAIN_STREAM_DISK_PHASE_WAIT;
    switch (self->hydration) {
    case STREAM_HYDRATION_WORKING: return VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE;
    case STREAM_HYDRATION_DONE: return VIR_DOMAIN_STREAM_DISK_PHASE_FINISH;
    default: return VIR_DOMAIN_STREAM_DISK_PHASE_PULL;
    }
}

/* What is counted, if it is known */
static void
qemuStreamCount(const qemuStream *self, streamStats *stats)
{
    const streamProgress *progress = stats->basis == VIR_DOMAIN_STREAM_DISK_BASIS_POSITION
                                       ? &self->progress
                                       : &self->copying;
    bool remains = qemuStreamIsActive(self) && self->hydration != STREAM_HYDRATION_DONE;

    if (!qemuStreamGetFlushed(self, &stats->flushed))
        stats->flushed = STREAM_STATS_UNKNOWN;
    stats->total = progress->total;
    stats->done = progress->done;
    stats->left = streamProgressLeft(progress);
    if (!streamProgressRate(progress, &stats->bps))
        stats->bps = STREAM_STATS_UNKNOWN;
    if (!remains || !streamProgressRemaining(progress, &stats->remainingMs))
        stats->remainingMs = STREAM_STATS_UNKNOWN;
}

static streamStats
qemuStreamGetStats(const qemuStream *self, gint64 now)
{
    bool followed = self->progress.count > 0 || !qemuStreamIsActive(self);
    streamStats stats = {
        .state = self->state,
        .phase = qemuStreamGetPhase(self),
        .target = self->target,
        .alias = self->alias,
        .base = self->base,
        .settings = &self->settings,
        .hydratable = !self->guest->config->noHydration,
        .basis = (int) qemuStreamGetBasis(self),
        .offset = self->progress.done,
        .size = self->progress.total,
        .hydration = self->hydration == STREAM_HYDRATION_WORKING ? &self->stats : NULL,
        .hydrationReason = qemuStreamGetHydrationReason(self),
        .tailUs = qemuStreamGetTailTime(self, now),
        .unflushedUs = self->unflushedUs,
        .elapsedUs = followed ? now - self->began : -1,
        .reason = self->reason,
    };

    qemuStreamCount(self, &stats);
    return stats;
}

streamRecord *
qemuStreamGetRecord(const qemuStream *self, gint64 now)
{
    streamStats stats = qemuStreamGetStats(self, now);
    streamRecord *record = streamRecordNew(self->guest->dom, self->target);

    streamStatsAdd(&stats, now, record);
    return record;
}

int
qemuStreamGetState(const qemuStream *self, virDomainStreamDiskStatePtr state)
{
    streamStats stats = qemuStreamGetStats(self, 0);

    return streamStatsGetState(&stats, state);
}
