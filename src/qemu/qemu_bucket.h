/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_bucket.h: a token bucket: how long to wait so that a rate is kept
 *
 * Pure: time is an argument, in microseconds of a clock that does not go back.
 */

#pragma once

#include <glib.h>

typedef struct _qemuBucket qemuBucket;
struct _qemuBucket {
    guint64 rate;  /* bytes per second; 0: no limit */
    double level;  /* bytes that may be spent now; below 0: spent in advance */
    gint64 time;   /* of the level */
};

/* What is owed is kept. */
void qemuBucketSetRate(qemuBucket *self, guint64 rate, gint64 now);

/* 0 if something may be spent now, else after how many microseconds. */
gint64 qemuBucketWait(qemuBucket *self, gint64 now);

/* The most to spend at once, at least @least times a power of two: a small part of a second's
 * worth, so that what waits behind it does not wait for long. */
guint64 qemuBucketPortion(const qemuBucket *self, guint64 least);

void qemuBucketSpend(qemuBucket *self, guint64 bytes);
