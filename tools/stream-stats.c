/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-stats.c: the statistics of one stream, read and worded
 */

#include <libvirt/virterror.h>

#include "stream-disk.h"
#include "stream-format.h"
#include "stream-stats.h"

static const char *const streamStatsStates[] = {
    [VIR_DOMAIN_STREAM_DISK_STATE_STARTING] = "starting",
    [VIR_DOMAIN_STREAM_DISK_STATE_RUNNING] = "running",
    [VIR_DOMAIN_STREAM_DISK_STATE_STOPPING] = "stopping",
    [VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED] = "completed",
    [VIR_DOMAIN_STREAM_DISK_STATE_STOPPED] = "stopped",
    [VIR_DOMAIN_STREAM_DISK_STATE_FAILED] = "failed",
};

static const char *const streamStatsPhases[] = {
    [VIR_DOMAIN_STREAM_DISK_PHASE_PULL] = "pull",
    [VIR_DOMAIN_STREAM_DISK_PHASE_WAIT] = "wait",
    [VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE] = "hydrate",
    [VIR_DOMAIN_STREAM_DISK_PHASE_FINISH] = "finish",
};

static const char *const streamStatsBases[] = {
    [VIR_DOMAIN_STREAM_DISK_BASIS_POSITION] = "position",
    [VIR_DOMAIN_STREAM_DISK_BASIS_ESTIMATE] = "estimate",
    [VIR_DOMAIN_STREAM_DISK_BASIS_MAP] = "map",
};

static const struct {
    const char *field;
    const char *const *words;
    int nwords;
} streamStatsWords[] = {
    { VIR_DOMAIN_STREAM_DISK_STATS_STATE, streamStatsStates, G_N_ELEMENTS(streamStatsStates) },
    { VIR_DOMAIN_STREAM_DISK_STATS_PHASE, streamStatsPhases, G_N_ELEMENTS(streamStatsPhases) },
    { VIR_DOMAIN_STREAM_DISK_STATS_BASIS, streamStatsBases, G_N_ELEMENTS(streamStatsBases) },
};

/* A limit of 0 is none. */
static char *
streamStatsLimit(unsigned long long bytesPerSecond)
{
    return bytesPerSecond ? streamFormatRate(bytesPerSecond) : g_strdup("none");
}

static char *
streamStatsCount(unsigned long long count)
{
    return g_strdup_printf("%llu", count);
}

static char *
streamStatsLatency(unsigned long long us)
{
    return g_strdup_printf("%.1f ms", (double) us / 1000);
}

static char *
streamStatsMs(unsigned long long ms)
{
    return g_strdup_printf("%llu ms", ms);
}

static char *
streamStatsSeconds(unsigned long long seconds)
{
    return streamFormatDuration(seconds * 1000);
}

static const struct {
    const char *field;
    char *(*format)(unsigned long long value);
} streamStatsNumbers[] = {
    { VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, streamStatsLimit },
    { VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX, streamStatsLatency },
    { VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE, streamStatsSeconds },
    { VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, streamFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, streamFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING, streamFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_DATA_FLUSHED, streamFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, streamFormatRate },
    { VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED, streamFormatDuration },
    { VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, streamFormatDuration },
    { VIR_DOMAIN_STREAM_DISK_STATS_TIME_TAIL, streamStatsMs },
    { VIR_DOMAIN_STREAM_DISK_STATS_TIME_UNFLUSHED, streamStatsMs },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED, streamFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_BPS, streamFormatRate },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_IN_FLIGHT, streamStatsCount },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REQUESTS, streamStatsCount },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_SIZE, streamFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_LATENCY, streamStatsLatency },
    { VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY_BEFORE, streamStatsLatency },
    { VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY, streamStatsLatency },
};

int
streamStatsGet(virDomainPtr dom, const char *disk, streamStats *stats)
{
    g_autofree char *target = NULL;

    if (virDomainStreamDiskGetStats(dom, disk, &stats->params, &stats->nparams, 0) == 0)
        return 1;
    if (virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
        return -1;
    if ((target = streamDiskFindTarget(dom, disk)))
        return 0;
    /* the disk is unknown: asked again, for the error */
    return virDomainStreamDiskGetStats(dom, disk, &stats->params, &stats->nparams, 0) == 0 ? 1 : -1;
}

int
streamStatsState(const streamStats *stats)
{
    int state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;

    virTypedParamsGetInt(stats->params, stats->nparams, VIR_DOMAIN_STREAM_DISK_STATS_STATE, &state);
    return state;
}

bool
streamStatsIsFinishing(const streamStats *stats)
{
    int phase = VIR_DOMAIN_STREAM_DISK_PHASE_PULL;

    virTypedParamsGetInt(stats->params, stats->nparams, VIR_DOMAIN_STREAM_DISK_STATS_PHASE, &phase);
    return phase == VIR_DOMAIN_STREAM_DISK_PHASE_FINISH;
}

/* 0 if it is not known */
static unsigned long long
streamStatsNumber(const streamStats *stats, const char *field)
{
    unsigned long long value = 0;

    virTypedParamsGetULLong(stats->params, stats->nparams, field, &value);
    return value;
}

int
streamStatsPercent(const streamStats *stats)
{
    if (streamStatsState(stats) == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
        return 100;
    return MIN(99,
               streamFormatPercent(streamStatsNumber(stats,
                                                     VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED),
                                   streamStatsNumber(stats,
                                                     VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL)));
}

const char *
streamStatsWord(const char *field, int value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(streamStatsWords); i++) {
        if (!g_str_equal(streamStatsWords[i].field, field))
            continue;
        if (value < 0 || value >= streamStatsWords[i].nwords)
            return "unknown";
        return streamStatsWords[i].words[value];
    }
    return NULL;
}

static char *
streamStatsNumberText(const char *field, unsigned long long number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(streamStatsNumbers); i++) {
        if (g_str_equal(streamStatsNumbers[i].field, field))
            return streamStatsNumbers[i].format(number);
    }
    return streamStatsCount(number);
}

char *
streamStatsText(const streamStats *stats, const char *field)
{
    const virTypedParameter *param = virTypedParamsGet(stats->params, stats->nparams, field);

    switch (param ? param->type : 0) {
    case VIR_TYPED_PARAM_INT: return g_strdup(streamStatsWord(field, param->value.i));
    case VIR_TYPED_PARAM_ULLONG: return streamStatsNumberText(field, param->value.ul);
    case VIR_TYPED_PARAM_DOUBLE: return g_strdup_printf("%gx", param->value.d);
    case VIR_TYPED_PARAM_BOOLEAN: return g_strdup(param->value.b ? "yes" : "no");
    case VIR_TYPED_PARAM_STRING: return g_utf8_make_valid(param->value.s, -1);
    default: return g_strdup("-");
    }
}

char *
streamStatsSizes(const streamStats *stats)
{
    unsigned long long total = streamStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL);

    if (total == 0)
        return g_strdup("-");
    return streamFormatSizes(streamStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED),
                             total);
}

char *
streamStatsHmp(const streamStats *stats, const char *disk)
{
    if (streamStatsState(stats) >= VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
        return NULL;
    return g_strdup_printf("Streaming device %s: Completed %llu of %llu bytes, "
                           "speed limit %llu bytes/s",
                           disk,
                           streamStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED),
                           streamStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL),
                           streamStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH));
}
