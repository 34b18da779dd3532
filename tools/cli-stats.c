/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-stats.c: the statistics of one stream, read and worded
 */

#include <libvirt/virterror.h>

#include "cli-disk.h"
#include "cli-format.h"
#include "cli-stats.h"

static const char *const cliStatsStates[] = {
    [VIR_DOMAIN_STREAM_DISK_STATE_STARTING] = "starting",
    [VIR_DOMAIN_STREAM_DISK_STATE_RUNNING] = "running",
    [VIR_DOMAIN_STREAM_DISK_STATE_STOPPING] = "stopping",
    [VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED] = "completed",
    [VIR_DOMAIN_STREAM_DISK_STATE_STOPPED] = "stopped",
    [VIR_DOMAIN_STREAM_DISK_STATE_FAILED] = "failed",
};

static const char *const cliStatsPhases[] = {
    [VIR_DOMAIN_STREAM_DISK_PHASE_PULL] = "pull",
    [VIR_DOMAIN_STREAM_DISK_PHASE_WAIT] = "wait",
    [VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE] = "hydrate",
    [VIR_DOMAIN_STREAM_DISK_PHASE_FINISH] = "finish",
};

static const char *const cliStatsBases[] = {
    [VIR_DOMAIN_STREAM_DISK_BASIS_POSITION] = "position",
    [VIR_DOMAIN_STREAM_DISK_BASIS_ESTIMATE] = "estimate",
    [VIR_DOMAIN_STREAM_DISK_BASIS_MAP] = "map",
};

static const struct {
    const char *field;
    const char *const *words;
    int nwords;
} cliStatsWords[] = {
    { VIR_DOMAIN_STREAM_DISK_STATS_STATE, cliStatsStates, G_N_ELEMENTS(cliStatsStates) },
    { VIR_DOMAIN_STREAM_DISK_STATS_PHASE, cliStatsPhases, G_N_ELEMENTS(cliStatsPhases) },
    { VIR_DOMAIN_STREAM_DISK_STATS_BASIS, cliStatsBases, G_N_ELEMENTS(cliStatsBases) },
};

/* A limit of 0 is none. */
static char *
cliStatsLimit(unsigned long long bytesPerSecond)
{
    return bytesPerSecond ? cliFormatRate(bytesPerSecond) : g_strdup("none");
}

static char *
cliStatsCount(unsigned long long count)
{
    return g_strdup_printf("%llu", count);
}

static char *
cliStatsLatency(unsigned long long us)
{
    return g_strdup_printf("%.1f ms", (double) us / 1000);
}

static char *
cliStatsMs(unsigned long long ms)
{
    return g_strdup_printf("%llu ms", ms);
}

static char *
cliStatsSeconds(unsigned long long seconds)
{
    return cliFormatDuration(seconds * 1000);
}

static const struct {
    const char *field;
    char *(*format)(unsigned long long value);
} cliStatsNumbers[] = {
    { VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, cliStatsLimit },
    { VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX, cliStatsLatency },
    { VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE, cliStatsSeconds },
    { VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, cliFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, cliFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING, cliFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_DATA_FLUSHED, cliFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, cliFormatRate },
    { VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED, cliFormatDuration },
    { VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, cliFormatDuration },
    { VIR_DOMAIN_STREAM_DISK_STATS_TIME_TAIL, cliStatsMs },
    { VIR_DOMAIN_STREAM_DISK_STATS_TIME_UNFLUSHED, cliStatsMs },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED, cliFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_BPS, cliFormatRate },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_IN_FLIGHT, cliStatsCount },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REQUESTS, cliStatsCount },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_SIZE, cliFormatSize },
    { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_LATENCY, cliStatsLatency },
    { VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY_BEFORE, cliStatsLatency },
    { VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY, cliStatsLatency },
};

int
cliStatsGet(virDomainPtr dom, const char *disk, cliStats *stats)
{
    g_autofree char *target = NULL;

    if (virDomainStreamDiskGetStats(dom, disk, &stats->params, &stats->nparams, 0) == 0)
        return 1;
    if (virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
        return -1;
    if ((target = cliDiskFindTarget(dom, disk)))
        return 0;
    /* the disk is unknown: asked again, for the error */
    return virDomainStreamDiskGetStats(dom, disk, &stats->params, &stats->nparams, 0) == 0 ? 1 : -1;
}

int
cliStatsState(const cliStats *stats)
{
    int state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;

    virTypedParamsGetInt(stats->params, stats->nparams, VIR_DOMAIN_STREAM_DISK_STATS_STATE, &state);
    return state;
}

bool
cliStatsIsFinishing(const cliStats *stats)
{
    int phase = VIR_DOMAIN_STREAM_DISK_PHASE_PULL;

    virTypedParamsGetInt(stats->params, stats->nparams, VIR_DOMAIN_STREAM_DISK_STATS_PHASE, &phase);
    return phase == VIR_DOMAIN_STREAM_DISK_PHASE_FINISH;
}

/* 0 if it is not known */
static unsigned long long
cliStatsNumber(const cliStats *stats, const char *field)
{
    unsigned long long value = 0;

    virTypedParamsGetULLong(stats->params, stats->nparams, field, &value);
    return value;
}

int
cliStatsPercent(const cliStats *stats)
{
    if (cliStatsState(stats) == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
        return 100;
    return MIN(99,
               cliFormatPercent(cliStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED),
                                cliStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL)));
}

const char *
cliStatsWord(const char *field, int value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cliStatsWords); i++) {
        if (!g_str_equal(cliStatsWords[i].field, field))
            continue;
        if (value < 0 || value >= cliStatsWords[i].nwords)
            return "unknown";
        return cliStatsWords[i].words[value];
    }
    return NULL;
}

static char *
cliStatsNumberText(const char *field, unsigned long long number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cliStatsNumbers); i++) {
        if (g_str_equal(cliStatsNumbers[i].field, field))
            return cliStatsNumbers[i].format(number);
    }
    return cliStatsCount(number);
}

char *
cliStatsText(const cliStats *stats, const char *field)
{
    const virTypedParameter *param = virTypedParamsGet(stats->params, stats->nparams, field);

    switch (param ? param->type : 0) {
    case VIR_TYPED_PARAM_INT: return g_strdup(cliStatsWord(field, param->value.i));
    case VIR_TYPED_PARAM_ULLONG: return cliStatsNumberText(field, param->value.ul);
    case VIR_TYPED_PARAM_DOUBLE: return g_strdup_printf("%gx", param->value.d);
    case VIR_TYPED_PARAM_BOOLEAN: return g_strdup(param->value.b ? "yes" : "no");
    case VIR_TYPED_PARAM_STRING: return g_utf8_make_valid(param->value.s, -1);
    default: return g_strdup("-");
    }
}

char *
cliStatsSizes(const cliStats *stats)
{
    unsigned long long total = cliStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL);

    if (total == 0)
        return g_strdup("-");
    return cliFormatSizes(cliStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED),
                          total);
}

char *
cliStatsHmp(const cliStats *stats, const char *disk)
{
    if (cliStatsState(stats) >= VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
        return NULL;
    return g_strdup_printf("Streaming device %s: Completed %llu of %llu bytes, "
                           "speed limit %llu bytes/s",
                           disk, cliStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED),
                           cliStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL),
                           cliStatsNumber(stats, VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH));
}
