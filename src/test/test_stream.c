/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_stream.c: a position that moves, and the states around it */

#include "test/test_stream.h"

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_TEST

/* What a hydrator would tell of its requests, and of the guest's writes */
#define TEST_STREAM_REQUESTS 16
#define TEST_STREAM_REQUEST_SIZE (1 << 20)
#define TEST_STREAM_LATENCY_US 10000
#define TEST_STREAM_GUEST_LATENCY_US 500

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
    self->state = VIR_DOMAIN_STREAM_DISK_STARTING;
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
    return self->state < VIR_DOMAIN_STREAM_DISK_COMPLETED;
}

/* Whether it is held in the time that follows on @elapsed */
static bool
testStreamWaits(const testStream *self, guint64 elapsed)
{
    return self->held || elapsed < self->plan.starting + self->plan.waiting;
}

/* Bytes per second in the time that follows on @elapsed */
static guint64
testStreamGetSpeed(const testStream *self, guint64 elapsed)
{
    guint64 speed = self->plan.speed;

    if (self->settings.bandwidth > 0)
        speed = MIN(speed, self->settings.bandwidth);
    if (testStreamWaits(self, elapsed))
        speed = MIN(speed, TEST_STREAM_HELD_SPEED);
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
    return self->copied > 0 && self->elapsed >= self->copied + self->plan.finishing;
}

int
testStreamEnd(testStream *self, virDomainStreamDiskStatus state, const char *reason)
{
    self->state = state;
    self->held = false;
    self->reason = g_strdup(reason);
    switch (state) {
    case VIR_DOMAIN_STREAM_DISK_COMPLETED:
        self->done = self->plan.size;
        self->gone += self->layers;
        return VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED;
    case VIR_DOMAIN_STREAM_DISK_STOPPED: return VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED;
    default: return VIR_DOMAIN_STREAM_DISK_EVENT_FAILED;
    }
}

int
testStreamConfirm(testStream *self)
{
    if (self->state != VIR_DOMAIN_STREAM_DISK_STARTING)
        return TEST_STREAM_QUIET;
    self->state = VIR_DOMAIN_STREAM_DISK_RUNNING;
    return VIR_DOMAIN_STREAM_DISK_EVENT_STARTED;
}

int
testStreamAdvance(testStream *self, guint64 us)
{
    guint64 seconds = self->elapsed / G_USEC_PER_SEC;

    self->elapsed += us;
    switch (self->state) {
    case VIR_DOMAIN_STREAM_DISK_STARTING:
        return self->elapsed < self->plan.starting ? TEST_STREAM_QUIET : testStreamConfirm(self);
    case VIR_DOMAIN_STREAM_DISK_RUNNING:
        testStreamMove(self, us);
        if (testStreamIsThrough(self))
            return testStreamEnd(self, self->plan.end, self->plan.reason);
        return self->elapsed / G_USEC_PER_SEC > seconds ? VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS
                                                        : TEST_STREAM_QUIET;
    case VIR_DOMAIN_STREAM_DISK_STOPPING:
        if (self->elapsed < self->stopping + self->plan.stopping)
            return TEST_STREAM_QUIET;
        return testStreamEnd(self, VIR_DOMAIN_STREAM_DISK_STOPPED, "stopped on request");
    default: return TEST_STREAM_QUIET;
    }
}

void
testStreamStop(testStream *self)
{
    if (self->state == VIR_DOMAIN_STREAM_DISK_STOPPING)
        return;
    self->state = VIR_DOMAIN_STREAM_DISK_STOPPING;
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

int
testStreamGetState(const testStream *self, virDomainStreamDiskStatePtr state)
{
    virDomainStreamDiskState result = { .offset = self->done, .size = self->plan.size };

    if (g_strlcpy(result.alias, self->alias, sizeof(result.alias)) >= sizeof(result.alias) ||
        g_strlcpy(result.target, self->target, sizeof(result.target)) >= sizeof(result.target)) {
        errorReport(VIR_ERR_OVERFLOW, "the alias of disk '%s' is too long", self->target);
        return -1;
    }
    *state = result;
    return 0;
}

static int
testStreamGetPhase(const testStream *self)
{
    if (testStreamWaits(self, self->elapsed))
        return VIR_DOMAIN_STREAM_DISK_PHASE_WAIT;
    if (self->settings.paused)
        return VIR_DOMAIN_STREAM_DISK_PHASE_PULL;
    return self->copied > 0 ? VIR_DOMAIN_STREAM_DISK_PHASE_FINISHING
                            : VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE;
}

static void
testStreamAddCount(streamRecord *entry, int *room, const char *name, guint64 value)
{
    virTypedParamsAddULLong(&entry->params, &entry->nparams, room, name, value);
}

static void
testStreamAddProgress(const testStream *self, streamRecord *entry, int *room)
{
    guint64 left = self->plan.size - self->done;

    virTypedParamsAddInt(&entry->params, &entry->nparams, room, VIR_DOMAIN_STREAM_DISK_STATS_BASIS,
                         self->settings.paused ? VIR_DOMAIN_STREAM_DISK_BASIS_POSITION
                                               : VIR_DOMAIN_STREAM_DISK_BASIS_MAP);
    testStreamAddCount(entry, room, VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, self->plan.size);
    testStreamAddCount(entry, room, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, self->done);
    testStreamAddCount(entry, room, VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING, left);
    if (self->moved)
        testStreamAddCount(entry, room, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, self->rate);
    if (self->rate > 0 && self->copied == 0 && testStreamIsActive(self))
        testStreamAddCount(entry, room, VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING,
                           (guint64) ((double) left * 1000 / (double) self->rate));
    testStreamAddCount(entry, room, VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED,
                       self->elapsed / 1000);
}

static void
testStreamAddHydration(const testStream *self, streamRecord *entry, int *room)
{
    const struct {
        const char *name;
        guint64 value;
    } figures[] = {
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED, self->done },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_BPS, self->rate },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_IN_FLIGHT, TEST_STREAM_REQUESTS },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REQUESTS, TEST_STREAM_REQUESTS },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_SIZE, TEST_STREAM_REQUEST_SIZE },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_LATENCY, TEST_STREAM_LATENCY_US },
        { VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY_BEFORE, TEST_STREAM_GUEST_LATENCY_US },
        { VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY, TEST_STREAM_GUEST_LATENCY_US },
    };
    bool hydrating = testStreamGetPhase(self) == VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE;

    streamSettingsAddHydration(&self->settings, (gint64) self->elapsed, entry, room);
    for (size_t i = 0; hydrating && i < G_N_ELEMENTS(figures); i++)
        testStreamAddCount(entry, room, figures[i].name, figures[i].value);
    if (self->settings.paused)
        virTypedParamsAddString(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REASON, "paused");
}

void
testStreamAddStats(const testStream *self, streamRecord *entry)
{
    int room = 0;

    virTypedParamsAddInt(&entry->params, &entry->nparams, &room, VIR_DOMAIN_STREAM_DISK_STATS_STATE,
                         (int) self->state);
    if (testStreamIsActive(self))
        virTypedParamsAddInt(&entry->params, &entry->nparams, &room,
                             VIR_DOMAIN_STREAM_DISK_STATS_PHASE, testStreamGetPhase(self));
    virTypedParamsAddString(&entry->params, &entry->nparams, &room,
                            VIR_DOMAIN_STREAM_DISK_STATS_ALIAS, self->alias);
    if (self->base)
        virTypedParamsAddString(&entry->params, &entry->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_BASE, self->base);
    testStreamAddCount(entry, &room, VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH,
                       self->settings.bandwidth);
    testStreamAddProgress(self, entry, &room);
    if (testStreamIsActive(self))
        testStreamAddHydration(self, entry, &room);
    if (self->reason)
        virTypedParamsAddString(&entry->params, &entry->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_REASON, self->reason);
}
