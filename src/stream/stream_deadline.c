/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_deadline.c: the plan, and whether it is kept */

#include "stream_deadline.h"

/* What the end takes when all is copied: the job runs through, libvirt changes the chain */
#define STREAM_DEADLINE_END (2 * G_USEC_PER_SEC)

/* A plan takes so much of the time */
#define STREAM_DEADLINE_SHARE (8.0 / 9)

/* When so much of its rate would do, a gentler one takes its place */
#define STREAM_DEADLINE_LESS 0.75

static double
streamDeadlineNeeded(guint64 left, gint64 time)
{
    return time > 0 ? (double) left * G_USEC_PER_SEC / (double) time : G_MAXDOUBLE;
}

void
streamDeadlineStep(streamDeadline *self, gint64 deadline, guint64 left, gint64 now)
{
    gint64 last = deadline - STREAM_DEADLINE_END;
    double planned;

    if (deadline != self->deadline)
        *self = (streamDeadline) { .deadline = deadline };
    if (deadline == 0)
        return;
    if (left == G_MAXUINT64 || now >= last) {
        self->behind = true;
        return;
    }
    if (self->end == 0)
        self->end = now + (gint64) ((double) (last - now) * STREAM_DEADLINE_SHARE);
    planned = streamDeadlineNeeded(left, self->end - now);
    if (self->rate == 0 || planned < self->rate * STREAM_DEADLINE_LESS)
        self->rate = planned;
    if (streamDeadlineNeeded(left, last - now) > self->rate)
        self->behind = true;
    else if (planned <= self->rate)
        self->behind = false;
}

guint64
streamDeadlineLimit(const streamDeadline *self, guint64 limit)
{
    if (self->rate == 0 || self->behind || (limit > 0 && (double) limit < self->rate))
        return limit;
    return (guint64) CLAMP(self->rate, 1, (double) G_MAXINT64);
}
