/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_bucket.c: the bucket fills at the rate, up to a tenth of a second's worth
 *
 * A range may be spent as long as the level is above 0, and takes it below by its size; so
 * big ranges need no big bucket, and on average the rate holds.
 */

#include "qemu/qemu_bucket.h"

#define QEMU_BUCKET_DEPTH_PER_SECOND 10

static void
qemuBucketFill(qemuBucket *self, gint64 now)
{
    double depth = (double) self->rate / QEMU_BUCKET_DEPTH_PER_SECOND;

    self->level += (double) self->rate * (double) (now - self->time) / G_USEC_PER_SEC;
    self->level = MIN(self->level, depth);
    self->time = now;
}

void
qemuBucketSetRate(qemuBucket *self, guint64 rate, gint64 now)
{
    qemuBucketFill(self, now);
    self->rate = rate;
}

gint64
qemuBucketWait(qemuBucket *self, gint64 now)
{
    if (self->rate == 0)
        return 0;
    qemuBucketFill(self, now);
    if (self->level > 0)
        return 0;
    return (gint64) (-self->level * G_USEC_PER_SEC / (double) self->rate) + 1;
}

guint64
qemuBucketPortion(const qemuBucket *self, guint64 least)
{
    guint64 most = self->rate > 0 ? self->rate / QEMU_BUCKET_DEPTH_PER_SECOND : G_MAXUINT64;

    while (least <= most / 2)
        least *= 2;
    return least;
}

void
qemuBucketSpend(qemuBucket *self, guint64 bytes)
{
    if (self->rate > 0)
        self->level -= (double) bytes;
}
