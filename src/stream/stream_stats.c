/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_stats.c: which parameters a stream has at which time */

#include "stream/stream_stats.h"

#include "stream/stream_state.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_DOMAIN

/* A record, and how many parameters it has room for */
typedef struct _streamStatsTarget streamStatsTarget;
struct _streamStatsTarget {
    streamRecord *record;
    int room;
};

static void
streamStatsAddInt(streamStatsTarget *to, const char *name, int value)
{
    virTypedParamsAddInt(&to->record->params, &to->record->nparams, &to->room, name, value);
}

static void
streamStatsAddCount(streamStatsTarget *to, const char *name, guint64 value)
{
    virTypedParamsAddULLong(&to->record->params, &to->record->nparams, &to->room, name, value);
}

/* Unless it is not known */
static void
streamStatsAddKnown(streamStatsTarget *to, const char *name, guint64 value)
{
    if (value != STREAM_STATS_UNKNOWN)
        streamStatsAddCount(to, name, value);
}

/* Unless it is 0 */
static void
streamStatsAddAny(streamStatsTarget *to, const char *name, guint64 value)
{
    if (value > 0)
        streamStatsAddCount(to, name, value);
}

/* Unless it is NULL */
static void
streamStatsAddString(streamStatsTarget *to, const char *name, const char *value)
{
    if (value)
        virTypedParamsAddString(&to->record->params, &to->record->nparams, &to->room, name, value);
}

static void
streamStatsAddProgress(streamStatsTarget *to, const streamStats *self)
{
    if (self->total == 0)
        return;
    streamStatsAddInt(to, VIR_DOMAIN_STREAM_DISK_STATS_BASIS, self->basis);
    streamStatsAddCount(to, VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, self->total);
    streamStatsAddCount(to, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, self->done);
    streamStatsAddCount(to, VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING, self->left);
    streamStatsAddKnown(to, VIR_DOMAIN_STREAM_DISK_STATS_DATA_FLUSHED, self->flushed);
    streamStatsAddKnown(to, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, self->bps);
    streamStatsAddKnown(to, VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, self->remainingMs);
}

static void
streamStatsAddHydration(streamStatsTarget *to, const streamHydrationStats *stats)
{
    streamStatsAddCount(to, VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED, stats->copied);
    streamStatsAddCount(to, VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_BPS, stats->bps);
    streamStatsAddCount(to, VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_IN_FLIGHT, stats->inFlight);
    streamStatsAddCount(to, VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REQUESTS, stats->requests);
    streamStatsAddCount(to, VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_SIZE, stats->size);
    streamStatsAddAny(to, VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_LATENCY, stats->latencyUs);
    streamStatsAddAny(to, VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY_BEFORE, stats->guestBeforeUs);
    streamStatsAddAny(to, VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY, stats->guestUs);
}

/* Rounded up */
static guint64
streamStatsMs(gint64 us)
{
    return ((guint64) us + 999) / 1000;
}

void
streamStatsAdd(const streamStats *self, gint64 now, streamRecord *record)
{
    streamStatsTarget to = { .record = record };
    bool active = streamStateIsActive(self->state);

    streamStatsAddInt(&to, VIR_DOMAIN_STREAM_DISK_STATS_STATE, (int) self->state);
    if (active)
        streamStatsAddInt(&to, VIR_DOMAIN_STREAM_DISK_STATS_PHASE, self->phase);
    streamStatsAddString(&to, VIR_DOMAIN_STREAM_DISK_STATS_ALIAS, self->alias);
    streamStatsAddString(&to, VIR_DOMAIN_STREAM_DISK_STATS_BASE, self->base);
    streamStatsAddCount(&to, VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, self->settings->bandwidth);
    streamStatsAddProgress(&to, self);
    if (active && self->hydratable)
        streamSettingsAddHydration(self->settings, now, record, &to.room);
    if (active && self->hydration)
        streamStatsAddHydration(&to, self->hydration);
    if (active)
        streamStatsAddString(&to, VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REASON,
                             self->hydrationReason);
    streamStatsAddAny(&to, VIR_DOMAIN_STREAM_DISK_STATS_TIME_TAIL, streamStatsMs(self->tailUs));
    streamStatsAddAny(&to, VIR_DOMAIN_STREAM_DISK_STATS_TIME_UNFLUSHED,
                      streamStatsMs(self->unflushedUs));
    if (self->elapsedUs >= 0)
        streamStatsAddCount(&to, VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED,
                            (guint64) self->elapsedUs / 1000);
    streamStatsAddString(&to, VIR_DOMAIN_STREAM_DISK_STATS_REASON, self->reason);
}

int
streamStatsGetState(const streamStats *self, virDomainStreamDiskStatePtr state)
{
    virDomainStreamDiskState result = { .offset = self->offset, .size = self->size };

    if (g_strlcpy(result.alias, self->alias, sizeof(result.alias)) >= sizeof(result.alias) ||
        g_strlcpy(result.target, self->target, sizeof(result.target)) >= sizeof(result.target)) {
        errorReport(VIR_ERR_OVERFLOW, "the name or the alias of disk '%s' is too long",
                    self->target);
        return -1;
    }
    *state = result;
    return 0;
}
