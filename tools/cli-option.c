/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-option.c: values of options that several commands have
 */

#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli-format.h"
#include "cli-option.h"

/* libvirt's timers count milliseconds in an int. */
#define CLI_OPTION_SECONDS_MAX (G_MAXINT / 1000)

#define CLI_OPTION_DURATION_MAX (365 * 24 * 3600ULL)
#define CLI_OPTION_MS_MAX 60000
#define CLI_OPTION_LATENCY_MAX 60e6 /* us */

typedef struct _cliOptionUnit cliOptionUnit;
struct _cliOptionUnit {
    const char *name;
    guint scale;
};

/* 0 if it is none of @units. */
static guint
cliOptionScale(const cliOptionUnit *units, const char *name)
{
    for (; units->name; units++) {
        if (g_str_equal(units->name, name))
            return units->scale;
    }
    return 0;
}

gboolean
cliOptionRate(const char *option, const char *value, unsigned long long *bytesPerSecond,
              GError **error)
{
    int rc = cliFormatParseRate(value, bytesPerSecond);

    if (rc == -EINVAL)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s '%s' is not a number of bytes per second, such as 10M", option, value);
    if (rc == -ERANGE)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s '%s' is too large, it must be below 8E", option, value);
    return rc == 0;
}

gboolean
cliOptionSeconds(const char *option, const char *value, int *seconds, GError **error)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, 1, CLI_OPTION_SECONDS_MAX, &number, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s '%s' is not a number of seconds from 1 to %d", option, value,
                    CLI_OPTION_SECONDS_MAX);
        return FALSE;
    }
    *seconds = (int) number;
    return TRUE;
}

gboolean
cliOptionMilliseconds(const char *option, const char *value, unsigned long long *ms, GError **error)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, 0, CLI_OPTION_MS_MAX, &number, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s '%s' is not a number of milliseconds from 0 to %d", option, value,
                    CLI_OPTION_MS_MAX);
        return FALSE;
    }
    *ms = number;
    return TRUE;
}

gboolean
cliOptionDuration(const char *option, const char *value, unsigned long long *seconds,
                  GError **error)
{
    static const cliOptionUnit units[] = {
        { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 24 * 3600 }, { NULL },
    };
    char *unit;
    guint64 number = g_ascii_strtoull(value, &unit, 10);
    guint scale = cliOptionScale(units, unit);

    if (!g_ascii_isdigit(*value) || scale == 0 || number > CLI_OPTION_DURATION_MAX / scale) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s '%s' is not a duration such as 90s, 30m or 2h, of 365d at most", option,
                    value);
        return FALSE;
    }
    *seconds = number * scale;
    return TRUE;
}

/* A decimal number and what follows it; FALSE if there is none. */
static gboolean
cliOptionDecimal(const char *value, double *number, const char **rest)
{
    char *end;

    *rest = value + strspn(value, "0123456789.");
    *number = g_ascii_strtod(value, &end);
    return g_ascii_isdigit(*value) && end == *rest && isfinite(*number);
}

gboolean
cliOptionLatency(const char *option, const char *value, double *factor, unsigned long long *us,
                 GError **error)
{
    static const cliOptionUnit units[] = {
        { "us", 1 },
        { "ms", 1000 },
        { "s", 1000000 },
        { NULL },
    };
    const char *unit;
    double number;
    double time = 0;
    gboolean times = FALSE;
    gboolean none = g_str_equal(value, "default");

    if (cliOptionDecimal(value, &number, &unit)) {
        times = g_str_equal(unit, "x") && number >= 1;
        time = number * cliOptionScale(units, unit);
    }
    if (!none && !times && (time < 1 || time > CLI_OPTION_LATENCY_MAX)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s '%s' is not a factor such as 1.5x, a time such as 2ms, of 60s at most, "
                    "or 'default'",
                    option, value);
        return FALSE;
    }
    *factor = times ? number : 0;
    *us = (unsigned long long) (time + 0.5);
    return TRUE;
}
