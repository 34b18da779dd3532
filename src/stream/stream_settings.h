/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream_settings.h: what users set of a stream: its bandwidth, and how it is hydrated
 *
 * They travel by value, from the call that names some of them down to the worker.
 */

#pragma once

#include <stdbool.h>

#include "stream/stream_record.h"

/* What the guest has a right to */
typedef struct _streamRegard streamGuestLatency;
struct _streamRegard {
    bool fast;     /* to nothing */
    double factor; /* a write may take so many times what it takes undisturbed; 0: as usual */
    guint64 maxNs; /* or so long; 0: not set */
};

/* Each is set on its own. */
typedef enum {
    STREAM_SETTINGS_BANDWIDTH = 1 << 0,
    STREAM_SETTINGS_REGARD = 1 << 1, /* fast, guest.latency_factor or guest.latency_max */
    STREAM_SETTINGS_DEADLINE = 1 << 2,
    STREAM_SETTINGS_HYDRATE = 1 << 3,
    STREAM_SETTINGS_STANDSTILL = 1 << 4, /* of a start only */
} streamSettingsNames;

typedef struct _streamSettings streamSettings;
struct _streamSettings {
    guint named;                     /* streamSettingsNames: which of these a caller gave */
    guint64 bandwidth;               /* bytes per second; 0: no limit */
    streamGuestLatency guestLatency; /* for the guest */
    gint64 deadline;                 /* µs, monotonic; 0: none */
    bool paused;                     /* not hydrated */
    guint standstill; /* ms for which the guest may be suspended; 0: it must not be */
};

/* What a call to start a stream gives, at the time @now; -1 and an error for a parameter that is
 * unknown, out of bounds or contradicts another. */
int streamSettingsParseStart(virTypedParameterPtr params, int nparams, const char *base, gint64 now,
                             streamSettings *settings, bool *relative);

/* The same of a call that changes some; -1 also if there is none. */
int streamSettingsParseChange(virTypedParameterPtr params, int nparams, gint64 now,
                              streamSettings *change);

/* The settings alone; other parameters are not looked at. */
int streamSettingsParse(virTypedParameterPtr params, int nparams, gint64 now,
                        streamSettings *settings);

/* The name of the first parameter that only means something to hydration, or NULL. */
const char *streamSettingsFindHydration(virTypedParameterPtr params, int nparams);

/* Takes over what @change names. */
void streamSettingsMerge(streamSettings *self, const streamSettings *change);

/* Adds those of hydration to the statistics of the time @now. */
void streamSettingsAddHydration(const streamSettings *self, gint64 now, streamRecord *entry,
                                int *room);
