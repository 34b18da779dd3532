/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-option.c: values of options that several commands have
 */

#include <errno.h>

#include "stream-format.h"
#include "stream-option.h"

/* libvirt's timers count milliseconds in an int. */
#define STREAM_OPTION_SECONDS_MAX (G_MAXINT / 1000)

gboolean
streamOptionRate(const char *option, const char *value, unsigned long long *bytesPerSecond,
                 GError **error)
{
    int rc = streamFormatParseRate(value, bytesPerSecond);

    if (rc == -EINVAL)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s '%s' is not a number of bytes per second, such as 10M",
                    option, value);
    if (rc == -ERANGE)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s '%s' is too large, it must be below 8E", option, value);
    return rc == 0;
}

gboolean
streamOptionSeconds(const char *option, const char *value, int *seconds, GError **error)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, 1, STREAM_OPTION_SECONDS_MAX, &number, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s '%s' is not a number of seconds from 1 to %d",
                    option, value, STREAM_OPTION_SECONDS_MAX);
        return FALSE;
    }
    *seconds = (int) number;
    return TRUE;
}
