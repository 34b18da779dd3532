/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_time.h: a clock that the test sets forward, and timers that run when the test says so
 *
 * Stands in for g_get_monotonic_time() and g_timeout_source_new(), for all but GLib itself.
 */

#pragma once

#include <glib.h>

void fakeTimeSetUp(void);
void fakeTimeTearDown(void);

/* So many microseconds have passed. */
void fakeTimeSkip(gint64 us);

/* Each timer runs once, and is waited for. Returns how many there were. */
guint fakeTimeTick(void);
