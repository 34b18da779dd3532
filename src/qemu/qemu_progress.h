/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_progress.h: how far a stream is, how fast of late, and how long it will take
 *
 * Pure: time is an argument, in microseconds of a clock that does not go back.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

/* The rate is taken over this many samples, one a second: long enough to be steady, short
 * enough to follow a changed limit. */
#define QEMU_PROGRESS_SAMPLES 10

typedef struct _qemuProgress qemuProgress;
struct _qemuProgress {
    guint64 done;
    guint64 total; /* 0: nothing known yet */
    struct {
        gint64 time;
        guint64 done;
    } samples[QEMU_PROGRESS_SAMPLES];
    guint count; /* samples marked so far, the latest at (count - 1) % SAMPLES */
};

/* Where the stream is, whenever somebody looks. */
void qemuProgressSet(qemuProgress *self, guint64 done, guint64 total);

/* It is at its end, whatever was missing. */
void qemuProgressComplete(qemuProgress *self);

/* Makes where the stream is a sample of the rate. */
void qemuProgressMark(qemuProgress *self, gint64 now);

/* Forgets all samples but the latest: from here on it goes at another pace. */
void qemuProgressRestart(qemuProgress *self);

guint64 qemuProgressLeft(const qemuProgress *self);

/* Bytes per second; false until two samples at different times are there. */
bool qemuProgressRate(const qemuProgress *self, guint64 *rate);

/* Milliseconds to the end; false if the rate is unknown or 0. */
bool qemuProgressRemaining(const qemuProgress *self, guint64 *ms);
