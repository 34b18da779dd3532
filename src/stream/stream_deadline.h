/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream_deadline.h: how fast to copy so that a deadline is met, and no faster
 *
 * The plan is a rate that would be done when a ninth of the time is left. As long as less than
 * it is needed, it is kept to, and the guest comes first. Once more is needed the reserve is
 * used up: the copying is behind, and nothing holds it back until it is where the plan wanted
 * it. Pure: time is an argument, in microseconds of a clock that does not go back.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct _streamDeadline streamDeadline;
struct _streamDeadline {
    gint64 deadline; /* that it is planned for; 0: none */
    gint64 end;      /* of the plan; 0: no plan yet */
    double rate;     /* of the plan, bytes per second */
    bool behind;
};

/* What is left now, in bytes; G_MAXUINT64: not known. Another deadline makes another plan. */
void streamDeadlineStep(streamDeadline *self, gint64 deadline, guint64 left, gint64 now);

/* The lower of @limit and what the plan asks for, in bytes per second; 0: no limit. */
guint64 streamDeadlineLimit(const streamDeadline *self, guint64 limit);
