/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_stream.c: a position that moves, and the states around it */

#include "test/test_stream.h"

#include "stream/stream_state.h"

/* What hydration would tell of its requests, and of the guest's writes */
static const streamHydrationStats testStreamHydration = {
    .inFlight = 16,
    .requests = 16,
    .size = 1 << 20,
    .latencyUs = 10000,
    .guestBeforeUs = 500,
    .guestUs = 500,
};

testStream *
testStreamNew(const domainDisk *disk, const char *base, unsigned int layers, testPlan *plan,
              const streamSettings *settings)
{
    testStream *self = g_new0(testStream, 1);

    self->target = g_strdup(disk->target);
    self->alias = g_strdup(disk->alias);
    self->base = g_strdup(base);
    self->layers = layers;
    self->plan = *plan;
    *plan = (testPlan) { 0 };
    self->settings = *settings;
    self->state = VIR_DOMAIN_STREAM_DISK_STATE_STARTING;
    return self;
}

void
testStreamFree(testStream *self)
{
    if (!self)
        return;
    g_free(self->target);
    g_free(self->alias);
    g_free(self->base);
    g_free(self->reason);
    testPlanClear(&self->plan);
    g_free(self);
}

bool
testStreamIsActive(const testStream *self)
{
    return streamStateIsActive(self->state);
}

/* Whether it waits in the time that follows on @elapsed */
static bool
testStreamWaits(const testStream *self, guint64 elapsed)
{
    return self->waitingTurn || elapsed < self->plan.starting + self->plan.wait;
}

/* Bytes per second in the time that follows on @elapsed */
static guint64
testStreamGetSpeed(const testStream *self, guint64 elapsed)
{
    guint64 speed = self->plan.speed;

    if (self->settings.bandwidth > 0)
        speed = MIN(speed, self->settings.bandwidth);
    if (testStreamWaits(self, elapsed))
        speed = MIN(speed, TEST_STREAM_WAITING_SPEED);
    return speed;
}

static void
testStreamMove(testStream *self, guint64 us)
{
    guint64 speed;
    guint64 bytes;

    if (us == 0)
        return;
    speed = testStreamGetSpeed(self, self->elapsed - us);
    bytes = speed / G_USEC_PER_SEC * us + speed % G_USEC_PER_SEC * us / G_USEC_PER_SEC;

    self->done += MIN(bytes, self->plan.at - self->done);
    self->rate = speed;
    self->moved = true;
    if (self->done == self->plan.at && self->copied == 0)
        self->copied = self->elapsed;
}

/* The job has reached its end, and what follows has taken its time. */
static bool
testStreamIsThrough(const testStream *self)
{
    return self->copied > 0 && self->elapsed >= self->copied + self->plan.finish;
}

/* Returns the event to publish. */
static int
testStreamBecome(testStream *self, virDomainStreamDiskStateType state)
{
    int event;

    return streamStateStep(&self->state, state, &event) ? event : TEST_STREAM_NO_EVENT;
}

int
testStreamEnd(testStream *self, virDomainStreamDiskStateType state, const char *reason)
{
    self->waitingTurn = false;
    self->reason = g_strdup(reason);
    if (state == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED) {
        self->done = self->plan.size;
        self->gone += self->layers;
    }
    return testStreamBecome(self, state);
}

int
testStreamConfirm(testStream *self)
{
    return self->state == VIR_DOMAIN_STREAM_DISK_STATE_STARTING
             ? testStreamBecome(self, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING)
             : TEST_STREAM_NO_EVENT;
}

int
testStreamAdvance(testStream *self, guint64 us)
{
    guint64 seconds = self->elapsed / G_USEC_PER_SEC;

    self->elapsed += us;
    switch (self->state) {
    case VIR_DOMAIN_STREAM_DISK_STATE_STARTING:
        return self->elapsed < self->plan.starting ? TEST_STREAM_NO_EVENT : testStreamConfirm(self);
    case VIR_DOMAIN_STREAM_DISK_STATE_RUNNING:
        testStreamMove(self, us);
        if (testStreamIsThrough(self))
            return testStreamEnd(self, self->plan.end, self->plan.reason);
        return self->elapsed / G_USEC_PER_SEC > seconds ? VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS
                                                        : TEST_STREAM_NO_EVENT;
    case VIR_DOMAIN_STREAM_DISK_STATE_STOPPING:
        if (self->elapsed < self->stopping + self->plan.stopping)
            return TEST_STREAM_NO_EVENT;
        return testStreamEnd(self, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "stopped on request");
    default: return TEST_STREAM_NO_EVENT;
    }
}

void
testStreamStop(testStream *self)
{
    int event;

    if (streamStateStep(&self->state, VIR_DOMAIN_STREAM_DISK_STATE_STOPPING, &event))
        self->stopping = self->elapsed;
}

void
testStreamSet(testStream *self, const streamSettings *change)
{
    streamSettingsMerge(&self->settings, change);
    if ((change->named & STREAM_SETTINGS_DEADLINE) && change->deadline > 0)
        self->settings.deadline += (gint64) self->elapsed;
    if (self->moved) /* what was measured before says nothing */
        self->rate = testStreamGetSpeed(self, self->elapsed);
}

static int
testStreamGetPhase(const testStream *self)
{
    if (testStreamWaits(self, self->elapsed))
        return VIR_DOMAIN_STREAM_DISK_PHASE_WAIT;
    if (self->settings.paused)
        return VIR_DOMAIN_STREAM_DISK_PHASE_PULL;
    return self->copied > 0 ? VIR_DOMAIN_STREAM_DISK_PHASE_FINISH
                            : VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE;
}

/* *hydration: to be filled in */
static streamStats
testStreamGetStats(const testStream *self, streamHydrationStats *hydration)
{
    guint64 left = self->plan.size - self->done;
    int phase = testStreamGetPhase(self);
    streamStats stats = {
        .state = self->state,
        .phase = phase,
        .target = self->target,
        .alias = self->alias,
        .base = self->base,
        .settings = &self->settings,
        .hydratable = true,
        .basis = self->settings.paused ? VIR_DOMAIN_STREAM_DISK_BASIS_POSITION
                                       : VIR_DOMAIN_STREAM_DISK_BASIS_MAP,
        .total = self->plan.size,
        .done = self->done,
        .left = left,
        .flushed = STREAM_STATS_UNKNOWN,
        .bps = self->moved ? self->rate : STREAM_STATS_UNKNOWN,
        .remainingMs = STREAM_STATS_UNKNOWN,
        .offset = self->done,
        .size = self->plan.size,
        .hydrationReason = self->settings.paused ? "paused" : NULL,
        .elapsedUs = (gint64) self->elapsed,
        .reason = self->reason,
    };

    if (self->rate > 0 && self->copied == 0 && testStreamIsActive(self))
        stats.remainingMs = (guint64) ((double) left * 1000 / (double) self->rate);
    *hydration = testStreamHydration;
    hydration->copied = self->done;
    hydration->bps = self->rate;
    if (phase == VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE)
        stats.hydration = hydration;
    return stats;
}

int
testStreamGetState(const testStream *self, virDomainStreamDiskStatePtr state)
{
    streamHydrationStats hydration;
    streamStats stats = testStreamGetStats(self, &hydration);

    return streamStatsGetState(&stats, state);
}

void
testStreamAddStats(const testStream *self, streamRecord *record)
{
    streamHydrationStats hydration;
    streamStats stats = testStreamGetStats(self, &hydration);

    streamStatsAdd(&stats, (gint64) self->elapsed, record);
}
