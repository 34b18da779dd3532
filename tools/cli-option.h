/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-option.h: values of options that several commands have
 *
 * Called from the commands' GOptionArgFuncs. FALSE and @error, naming the option and the
 * value, if it is wrong; then the output is untouched.
 */

#pragma once

#include <glib.h>

/* Bytes per second; 0 is without limit. */
gboolean cliOptionRate(const char *option, const char *value, unsigned long long *bytesPerSecond,
                       GError **error);

/* A time limit in seconds, at least 1. */
gboolean cliOptionSeconds(const char *option, const char *value, int *seconds, GError **error);

/* A time in milliseconds, up to a minute. */
gboolean cliOptionMilliseconds(const char *option, const char *value, unsigned long long *ms,
                               GError **error);

/* Seconds, or "30m", "2h", "1d": up to a year. */
gboolean cliOptionDuration(const char *option, const char *value, unsigned long long *seconds,
                           GError **error);

/* "1.5x": a factor of at least 1; or "500us", "2ms", "1s": microseconds, up to a minute; or
 * "default". What it is not is 0. */
gboolean cliOptionLatency(const char *option, const char *value, double *factor,
                          unsigned long long *us, GError **error);
