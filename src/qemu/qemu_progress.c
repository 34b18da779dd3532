/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_progress.c: a ring of samples and the slope between its ends */

#include "qemu/qemu_progress.h"

void
qemuProgressSet(qemuProgress *self, guint64 done, guint64 total)
{
    if (done < self->done)
        self->count = 0; /* another job: what was measured before says nothing */
    self->done = done;
    self->total = MAX(total, done);
}

void
qemuProgressComplete(qemuProgress *self)
{
    self->done = self->total;
}

void
qemuProgressMark(qemuProgress *self, gint64 now)
{
    guint slot = self->count % QEMU_PROGRESS_SAMPLES;

    self->samples[slot].time = now;
    self->samples[slot].done = self->done;
    self->count++;
}

void
qemuProgressRestart(qemuProgress *self)
{
    if (self->count == 0)
        return;
    self->samples[0] = self->samples[(self->count - 1) % QEMU_PROGRESS_SAMPLES];
    self->count = 1;
}

guint64
qemuProgressLeft(const qemuProgress *self)
{
    return self->total - self->done;
}

static guint64
qemuProgressRound(double value)
{
    return value < (double) G_MAXUINT64 ? (guint64) value : G_MAXUINT64;
}

bool
qemuProgressRate(const qemuProgress *self, guint64 *rate)
{
    guint last;
    guint first;
    gint64 time;

    if (self->count < 2)
        return false;
    last = (self->count - 1) % QEMU_PROGRESS_SAMPLES;
    first = self->count > QEMU_PROGRESS_SAMPLES ? self->count % QEMU_PROGRESS_SAMPLES : 0;
    time = self->samples[last].time - self->samples[first].time;
    if (time <= 0)
        return false;
    *rate = qemuProgressRound((double) (self->samples[last].done - self->samples[first].done) *
                              G_USEC_PER_SEC / (double) time);
    return true;
}

bool
qemuProgressRemaining(const qemuProgress *self, guint64 *ms)
{
    guint64 rate;

    if (!qemuProgressRate(self, &rate) || rate == 0)
        return false;
    *ms = qemuProgressRound((double) qemuProgressLeft(self) * 1000 / (double) rate);
    return true;
}
