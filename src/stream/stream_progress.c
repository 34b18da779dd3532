/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_progress.c: a ring of samples and the slope between its ends */

#include "stream_progress.h"

void
streamProgressSet(streamProgress *self, guint64 done, guint64 total)
{
    if (done < self->done)
        self->count = 0; /* another job: what was measured before says nothing */
    self->done = done;
    self->total = MAX(total, done);
}

void
streamProgressComplete(streamProgress *self)
{
    self->done = self->total;
}

void
streamProgressMark(streamProgress *self, gint64 now)
{
    guint slot;

    if (self->stale)
        self->count = 0;
    self->stale = false;
    slot = self->count % STREAM_PROGRESS_SAMPLES;
    self->samples[slot].time = now;
    self->samples[slot].done = self->done;
    self->count++;
}

void
streamProgressRestart(streamProgress *self)
{
    if (self->count == 0)
        return;
    self->samples[0] = self->samples[(self->count - 1) % STREAM_PROGRESS_SAMPLES];
    self->count = 1;
    self->stale = true;
}

void
streamProgressSetLimit(streamProgress *self, guint64 limit)
{
    if (limit != self->limit)
        streamProgressRestart(self);
    self->limit = limit;
}

guint64
streamProgressLeft(const streamProgress *self)
{
    return self->total - self->done;
}

static guint64
streamProgressRound(double value)
{
    return value < (double) G_MAXUINT64 ? (guint64) value : G_MAXUINT64;
}

bool
streamProgressRate(const streamProgress *self, guint64 *rate)
{
    guint last;
    guint first;
    gint64 time;

    if (self->count < 2)
        return false;
    last = (self->count - 1) % STREAM_PROGRESS_SAMPLES;
    first = self->count > STREAM_PROGRESS_SAMPLES ? self->count % STREAM_PROGRESS_SAMPLES : 0;
    time = self->samples[last].time - self->samples[first].time;
    if (time <= 0)
        return false;
    *rate = streamProgressRound((double) (self->samples[last].done - self->samples[first].done) *
                                G_USEC_PER_SEC / (double) time);
    return true;
}

bool
streamProgressRemaining(const streamProgress *self, guint64 *ms)
{
    guint64 rate;

    if (!streamProgressRate(self, &rate) || rate == 0)
        return false;
    if (self->limit > 0)
        rate = MIN(rate, self->limit); /* what was in flight when it was set may have come faster */
    *ms = streamProgressRound((double) streamProgressLeft(self) * 1000 / (double) rate);
    return true;
}
