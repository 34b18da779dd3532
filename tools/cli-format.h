/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-format.h: numbers as people write them, and tables and progress lines made of them
 *
 * Pure: nothing here knows libvirt, a terminal or the time. Texts are the caller's to free.
 */

#pragma once

#include <glib.h>

/* "512 B", "1.0 GiB" */
char *cliFormatSize(unsigned long long bytes);

/* "430.1/1024.0 MiB": both in the unit that gives @total four digits at most */
char *cliFormatSizes(unsigned long long done, unsigned long long total);

/* "1.500 KiB", with so many decimals */
char *cliFormatScaled(unsigned long long bytes, int decimals);

/* "22.3 MiB/s" */
char *cliFormatRate(unsigned long long bytesPerSecond);

/* "27s", "1m05s", "2h03m", "3d04h" */
char *cliFormatDuration(unsigned long long milliseconds);

/* The share of @total in percent, rounded down; 0 of nothing. */
int cliFormatPercent(unsigned long long done, unsigned long long total);

/* One line for a terminal of @width columns, shorter than that; what does not fit is left
 * out. With @width 0 it has all but the bar. */
char *cliFormatProgress(int width, const char *disk, int percent, const char *sizes,
                        const char *rate, const char *eta);

/* A table in virsh's style: the first row is the heading, every row a strv of as many
 * texts in valid UTF-8. */
char *cliFormatTable(GPtrArray *rows);

/* A rate in bytes per second: digits, then none or one of b, K, KiB (1024), KB (1000), and
 * so on with M, G, T, P, E, in any case, then "/s" if one likes. 0; -EINVAL if it is not
 * that; -ERANGE if it is beyond LLONG_MAX, the most that libvirt takes. */
int cliFormatParseRate(const char *text, unsigned long long *bytesPerSecond);
