/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hydrate_bucket.c: the bucket fills at the rate, up to a tenth of a second's worth
 *
 * A range may be spent as long as the level is above 0, and takes it below by its size; so
 * big ranges need no big bucket, and on average the rate holds.
 */

#include "hydrate/hydrate_bucket.h"

#define HYDRATE_BUCKET_DEPTH_PER_SECOND 10

static void
hydrateBucketFill(hydrateBucket *self, gint64 now)
{
    double depth = (double) self->rate / HYDRATE_BUCKET_DEPTH_PER_SECOND;

    self->level += (double) self->rate * (double) (now - self->time) / G_USEC_PER_SEC;
    self->level = MIN(self->level, depth);
    self->time = now;
}

void
hydrateBucketSetRate(hydrateBucket *self, guint64 rate, gint64 now)
{
    hydrateBucketFill(self, now);
    self->rate = rate;
}

gint64
hydrateBucketWait(hydrateBucket *self, gint64 now)
{
    if (self->rate == 0)
        return 0;
    hydrateBucketFill(self, now);
    if (self->level > 0)
        return 0;
    return (gint64) (-self->level * G_USEC_PER_SEC / (double) self->rate) + 1;
}

guint64
hydrateBucketPortion(const hydrateBucket *self, guint64 least)
{
    guint64 most = self->rate > 0 ? self->rate / HYDRATE_BUCKET_DEPTH_PER_SECOND : G_MAXUINT64;

    while (least <= most / 2)
        least *= 2;
    return least;
}

void
hydrateBucketSpend(hydrateBucket *self, guint64 bytes)
{
    if (self->rate > 0)
        self->level -= (double) bytes;
}
