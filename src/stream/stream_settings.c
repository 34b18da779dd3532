/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_settings.c: from typed parameters, and to them */

#include "stream_settings.h"

#include <math.h>

#include "util/error.h"
#include "util/params.h"

#define VIR_FROM_THIS VIR_FROM_DOMAIN

#define BANDWIDTH VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH
#define FACTOR VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR
#define MAXIMUM VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX
#define FAST VIR_DOMAIN_STREAM_DISK_PARAM_FAST
#define DEADLINE VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE
#define HYDRATE VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE
#define STANDSTILL VIR_DOMAIN_STREAM_DISK_PARAM_STANDSTILL

/* What paramsCheck() is told of them */
#define STREAM_SETTINGS_PARAMS \
    BANDWIDTH, VIR_TYPED_PARAM_ULLONG, FACTOR, VIR_TYPED_PARAM_DOUBLE, MAXIMUM, \
        VIR_TYPED_PARAM_ULLONG, FAST, VIR_TYPED_PARAM_BOOLEAN, DEADLINE, VIR_TYPED_PARAM_ULLONG, \
        HYDRATE, VIR_TYPED_PARAM_BOOLEAN

#define STREAM_SETTINGS_LATENCY_MAX (60 * G_USEC_PER_SEC)
#define STREAM_SETTINGS_DEADLINE_MAX (365 * 24 * 3600)
#define STREAM_SETTINGS_STANDSTILL_MAX 60000

static int
streamSettingsParseBandwidth(virTypedParameterPtr params, int nparams, streamSettings *result)
{
    unsigned long long bandwidth = 0;
    int rc = paramsGetSpeed(params, nparams, BANDWIDTH, &bandwidth);

    if (rc < 0)
        return -1;
    if (rc == 1)
        result->named |= STREAM_SETTINGS_BANDWIDTH;
    result->bandwidth = bandwidth;
    return 0;
}

/* 1, 0 or -1, as virTypedParamsGetULLong(); what is more than @most is an error. */
static int
streamSettingsGetUpTo(virTypedParameterPtr params, int nparams, const char *name,
                      unsigned long long most, const char *unit, unsigned long long *value)
{
    int rc = virTypedParamsGetULLong(params, nparams, name, value);

    if (rc == 1 && *value > most) {
        errorReport(VIR_ERR_OVERFLOW, "parameter '%s' must be at most %llu %s", name, most, unit);
        return -1;
    }
    return rc;
}

static int
streamSettingsParseLatency(virTypedParameterPtr params, int nparams,
                           streamGuestLatency *guestLatency, const char **name)
{
    unsigned long long us = 0;
    int hasFactor = virTypedParamsGetDouble(params, nparams, FACTOR, &guestLatency->factor);
    int hasMax = streamSettingsGetUpTo(params, nparams, MAXIMUM, STREAM_SETTINGS_LATENCY_MAX,
                                       "microseconds", &us);

    if (hasFactor < 0 || hasMax < 0)
        return -1;
    if (hasFactor && hasMax) {
        errorReport(VIR_ERR_INVALID_ARG, "parameters '%s' and '%s' are mutually exclusive", FACTOR,
                    MAXIMUM);
        return -1;
    }
    if (hasFactor && (!isfinite(guestLatency->factor) || guestLatency->factor < 1)) {
        errorReport(VIR_ERR_INVALID_ARG, "parameter '%s' must be a number of at least 1", FACTOR);
        return -1;
    }
    if (hasMax && us == 0) {
        errorReport(VIR_ERR_INVALID_ARG, "parameter '%s' must be greater than 0", MAXIMUM);
        return -1;
    }
    guestLatency->maxNs = us * 1000;
    *name = hasFactor ? FACTOR : hasMax ? MAXIMUM : NULL;
    return 0;
}

static int
streamSettingsParseGuestLatency(virTypedParameterPtr params, int nparams, streamSettings *result)
{
    const char *latency;
    int fast = 0;
    int hasFast = virTypedParamsGetBoolean(params, nparams, FAST, &fast);

    if (hasFast < 0 ||
        streamSettingsParseLatency(params, nparams, &result->guestLatency, &latency) < 0)
        return -1;
    if (fast && latency) {
        errorReport(VIR_ERR_INVALID_ARG, "parameters '%s' and '%s' contradict each other", FAST,
                    latency);
        return -1;
    }
    if (hasFast || latency)
        result->named |= STREAM_SETTINGS_REGARD;
    result->guestLatency.fast = fast;
    return 0;
}

static int
streamSettingsParseDeadline(virTypedParameterPtr params, int nparams, gint64 now,
                            streamSettings *result)
{
    unsigned long long seconds = 0;
    int rc = streamSettingsGetUpTo(params, nparams, DEADLINE, STREAM_SETTINGS_DEADLINE_MAX,
                                   "seconds", &seconds);

    if (rc < 0)
        return -1;
    if (rc == 1)
        result->named |= STREAM_SETTINGS_DEADLINE;
    result->deadline = seconds > 0 ? now + (gint64) seconds * G_USEC_PER_SEC : 0;
    return 0;
}

static int
streamSettingsParseHydrate(virTypedParameterPtr params, int nparams, streamSettings *result)
{
    int hydrate = 1;
    int rc = virTypedParamsGetBoolean(params, nparams, HYDRATE, &hydrate);

    if (rc < 0)
        return -1;
    if (rc == 1)
        result->named |= STREAM_SETTINGS_HYDRATE;
    result->paused = !hydrate;
    return 0;
}

static int
streamSettingsParseStandstill(virTypedParameterPtr params, int nparams, streamSettings *result)
{
    unsigned long long ms = 0;
    int rc = streamSettingsGetUpTo(params, nparams, STANDSTILL, STREAM_SETTINGS_STANDSTILL_MAX,
                                   "milliseconds", &ms);

    if (rc < 0)
        return -1;
    if (rc == 1)
        result->named |= STREAM_SETTINGS_STANDSTILL;
    result->standstill = (guint) ms;
    return 0;
}

int
streamSettingsParse(virTypedParameterPtr params, int nparams, gint64 now, streamSettings *settings)
{
    streamSettings result = { 0 };

    if (streamSettingsParseBandwidth(params, nparams, &result) < 0 ||
        streamSettingsParseGuestLatency(params, nparams, &result) < 0 ||
        streamSettingsParseDeadline(params, nparams, now, &result) < 0 ||
        streamSettingsParseHydrate(params, nparams, &result) < 0)
        return -1;
    *settings = result;
    return 0;
}

int
streamSettingsParseStart(virTypedParameterPtr params, int nparams, const char *base, gint64 now,
                         streamSettings *settings, bool *relative)
{
    int isRelative = 0;

    if (paramsCheck(params, nparams, STREAM_SETTINGS_PARAMS, VIR_DOMAIN_STREAM_DISK_PARAM_RELATIVE,
                    VIR_TYPED_PARAM_BOOLEAN, STANDSTILL, VIR_TYPED_PARAM_ULLONG, NULL) < 0 ||
        streamSettingsParse(params, nparams, now, settings) < 0 ||
        streamSettingsParseStandstill(params, nparams, settings) < 0 ||
        virTypedParamsGetBoolean(params, nparams, VIR_DOMAIN_STREAM_DISK_PARAM_RELATIVE,
                                 &isRelative) < 0)
        return -1;
    if (isRelative && !base) {
        errorReport(VIR_ERR_INVALID_ARG, "parameter '%s' needs a base image",
                    VIR_DOMAIN_STREAM_DISK_PARAM_RELATIVE);
        return -1;
    }
    *relative = isRelative;
    return 0;
}

int
streamSettingsParseChange(virTypedParameterPtr params, int nparams, gint64 now,
                          streamSettings *change)
{
    if (paramsCheck(params, nparams, STREAM_SETTINGS_PARAMS, NULL) < 0 ||
        streamSettingsParse(params, nparams, now, change) < 0)
        return -1;
    if (change->named == 0) {
        errorReport(VIR_ERR_INVALID_ARG, "%s", "no parameter to set");
        return -1;
    }
    return 0;
}

const char *
streamSettingsFindHydration(virTypedParameterPtr params, int nparams)
{
    static const char *const names[] = { FACTOR, MAXIMUM, FAST, DEADLINE, HYDRATE, NULL };

    for (int i = 0; i < nparams; i++) {
        if (g_strv_contains(names, params[i].field))
            return params[i].field;
    }
    return NULL;
}

void
streamSettingsMerge(streamSettings *self, const streamSettings *change)
{
    if (change->named & STREAM_SETTINGS_BANDWIDTH)
        self->bandwidth = change->bandwidth;
    if (change->named & STREAM_SETTINGS_REGARD)
        self->guestLatency = change->guestLatency;
    if (change->named & STREAM_SETTINGS_DEADLINE)
        self->deadline = change->deadline;
    if (change->named & STREAM_SETTINGS_HYDRATE)
        self->paused = change->paused;
    self->named |= change->named;
}

/* Seconds, as they are given; 0 once it has passed */
static unsigned long long
streamSettingsDeadlineLeft(const streamSettings *self, gint64 now)
{
    if (now >= self->deadline)
        return 0;
    return (unsigned long long) (self->deadline - now + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
}

void
streamSettingsAddHydration(const streamSettings *self, gint64 now, streamRecord *entry, int *room)
{
    if (self->guestLatency.factor > 0)
        virTypedParamsAddDouble(&entry->params, &entry->nparams, room, FACTOR,
                                self->guestLatency.factor);
    if (self->guestLatency.maxNs > 0)
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room, MAXIMUM,
                                self->guestLatency.maxNs / 1000);
    virTypedParamsAddBoolean(&entry->params, &entry->nparams, room, FAST, self->guestLatency.fast);
    if (self->deadline > 0)
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room, DEADLINE,
                                streamSettingsDeadlineLeft(self, now));
    virTypedParamsAddBoolean(&entry->params, &entry->nparams, room, HYDRATE, !self->paused);
}
