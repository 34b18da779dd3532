/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hydrate_bucket.h: a token bucket: how long to wait so that a rate is kept
 *
 * Pure: time is an argument, in microseconds of a clock that does not go back.
 */

#pragma once

#include <glib.h>

typedef struct _hydrateBucket hydrateBucket;
struct _hydrateBucket {
    guint64 rate; /* bytes per second; 0: no limit */
    double level; /* bytes that may be spent now; below 0: spent in advance */
    gint64 time;  /* of the level */
};

/* What is owed is kept. */
void hydrateBucketSetRate(hydrateBucket *self, guint64 rate, gint64 now);

/* 0 if something may be spent now, else after how many microseconds. */
gint64 hydrateBucketWait(hydrateBucket *self, gint64 now);

/* The most to spend at once, at least @least times a power of two: a small part of a second's
 * worth, so that what waits behind it does not wait for long. */
guint64 hydrateBucketPortion(const hydrateBucket *self, guint64 least);

void hydrateBucketSpend(hydrateBucket *self, guint64 bytes);
