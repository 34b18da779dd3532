/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream_progress.h: how far a stream is, how fast of late, and how long it will take
 *
 * Pure: time is an argument, in microseconds of a clock that does not go back.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

/* The rate is taken over this many samples, one a second: long enough to be steady, short
 * enough to follow a changed limit. */
#define STREAM_PROGRESS_SAMPLES 10

typedef struct _streamProgress streamProgress;
struct _streamProgress {
    guint64 done;
    guint64 total; /* 0: nothing known yet */
    struct {
        gint64 time;
        guint64 done;
    } samples[STREAM_PROGRESS_SAMPLES];
    guint count;   /* samples marked so far, the latest at (count - 1) % SAMPLES */
    bool stale;    /* there is one, of another pace: the next one takes its place */
    guint64 limit; /* bytes per second; 0: none */
};

/* Where the stream is, whenever somebody looks. */
void streamProgressSet(streamProgress *self, guint64 done, guint64 total);

/* It is at its end, whatever was missing. */
void streamProgressComplete(streamProgress *self);

/* Makes where the stream is a sample of the rate. */
void streamProgressMark(streamProgress *self, gint64 now);

/* From here on it goes at another pace, of which the samples so far say nothing. */
void streamProgressRestart(streamProgress *self);

/* From here on it goes at most at @limit, bytes per second; 0: as fast as can be. Another one than
 * before is another pace. Not for a position, which passes over holes at any speed. */
void streamProgressSetLimit(streamProgress *self, guint64 limit);

guint64 streamProgressLeft(const streamProgress *self);

/* Bytes per second; false until there are two samples of the present pace, at different times. */
bool streamProgressRate(const streamProgress *self, guint64 *rate);

/* Milliseconds to the end, no less than the limit allows; false if the rate is unknown or 0. */
bool streamProgressRemaining(const streamProgress *self, guint64 *ms);
