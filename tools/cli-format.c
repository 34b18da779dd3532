/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-format.c: numbers as people write them, and tables and progress lines made of them
 */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cli-format.h"

/* A bar shorter than this tells nothing. */
#define CLI_FORMAT_BAR_MIN 10

static const char *const cliFormatUnits[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

/* The index of the largest unit of which @bytes has at least @least. */
static size_t
cliFormatUnit(unsigned long long bytes, unsigned int least)
{
    size_t unit = 0;

    while (unit + 1 < G_N_ELEMENTS(cliFormatUnits) && (bytes >> 10) >= least) {
        bytes >>= 10;
        unit++;
    }
    return unit;
}

static double
cliFormatInUnit(unsigned long long bytes, size_t unit)
{
    return (double) bytes / (double) (1ULL << (10 * unit));
}

char *
cliFormatScaled(unsigned long long bytes, int decimals)
{
    size_t unit = cliFormatUnit(bytes, 1);

    return g_strdup_printf("%.*f %s", decimals, cliFormatInUnit(bytes, unit), cliFormatUnits[unit]);
}

char *
cliFormatSize(unsigned long long bytes)
{
    return cliFormatScaled(bytes, bytes >= 1024);
}

char *
cliFormatSizes(unsigned long long done, unsigned long long total)
{
    size_t unit = cliFormatUnit(total, 10);
    g_autofree char *end = g_strdup_printf("%.*f", unit > 0, cliFormatInUnit(total, unit));

    return g_strdup_printf("%*.*f/%s %s", (int) strlen(end), unit > 0, cliFormatInUnit(done, unit),
                           end, cliFormatUnits[unit]);
}

char *
cliFormatRate(unsigned long long bytesPerSecond)
{
    g_autofree char *size = cliFormatSize(bytesPerSecond);

    return g_strconcat(size, "/s", NULL);
}

char *
cliFormatDuration(unsigned long long milliseconds)
{
    unsigned long long s = milliseconds / 1000;

    if (s < 60)
        return g_strdup_printf("%llus", s);
    if (s < 60 * 60)
        return g_strdup_printf("%llum%02llus", s / 60, s % 60);
    if (s < 24 * 60 * 60)
        return g_strdup_printf("%lluh%02llum", s / 3600, s / 60 % 60);
    return g_strdup_printf("%llud%02lluh", s / 86400, s / 3600 % 24);
}

int
cliFormatPercent(unsigned long long done, unsigned long long total)
{
    if (total == 0)
        return 0;
    if (done >= total)
        return 100;
    return MIN(99, (int) ((double) done / (double) total * 100));
}

/* "[====>     ]", @width wide */
static char *
cliFormatBar(int width, int percent)
{
    int inner = width - 2;
    int filled = inner * percent / 100;
    GString *bar = g_string_new("[");

    for (int i = 0; i < inner; i++)
        g_string_append_c(bar, i < filled ? '=' : i == filled ? '>' : ' ');
    g_string_append_c(bar, ']');
    return g_string_free(bar, FALSE);
}

char *
cliFormatProgress(int width, const char *disk, int percent, const char *sizes, const char *rate,
                  const char *eta)
{
    /* The columns are as wide as they can become, so that the bar does not jump. */
    g_autofree char *figures = g_strdup_printf("%3d %%", percent);
    g_autofree char *last = g_strdup_printf("  ETA %-6s", eta);
    g_autofree char *speed = g_strdup_printf("  %12s%s", rate, last);
    g_autofree char *all = g_strdup_printf("  %s%s", sizes, speed);
    const char *const tails[] = { all, speed, last, "" };
    g_autofree char *bar = NULL;
    int left = 0;
    size_t tail;

    if (width == 0)
        return g_strchomp(g_strconcat(disk, "  ", figures, all, NULL));

    for (tail = 0; tail < G_N_ELEMENTS(tails); tail++) {
        left = width - (int) (strlen(disk) + strlen(figures) + strlen(tails[tail]) + 5);
        if (left >= CLI_FORMAT_BAR_MIN)
            break;
    }
    if (tail == G_N_ELEMENTS(tails))
        return g_strndup(figures, MAX(width - 1, 0));
    bar = cliFormatBar(left, percent);
    return g_strchomp(g_strconcat(disk, "  ", bar, "  ", figures, tails[tail], NULL));
}

/* One row, its cells padded to @widths; the last one ends the line. */
static void
cliFormatRow(GString *table, char *const *row, const int *widths)
{
    for (guint i = 0; row[i]; i++) {
        int pad = widths[i] - (int) g_utf8_strlen(row[i], -1);

        g_string_append_printf(table, " %s", row[i]);
        if (row[i + 1])
            g_string_append_printf(table, "%*s", pad + 2, "");
    }
    g_string_append_c(table, '\n');
}

char *
cliFormatTable(GPtrArray *rows)
{
    g_autofree int *widths = g_new0(int, g_strv_length(g_ptr_array_index(rows, 0)));
    GString *table = g_string_new(NULL);
    int width = 0;

    for (guint r = 0; r < rows->len; r++) {
        char **row = g_ptr_array_index(rows, r);

        for (guint i = 0; row[i]; i++)
            widths[i] = MAX(widths[i], (int) g_utf8_strlen(row[i], -1));
    }
    for (guint i = 0; i < g_strv_length(g_ptr_array_index(rows, 0)); i++)
        width += widths[i] + 3;
    width--;

    for (guint r = 0; r < rows->len; r++) {
        cliFormatRow(table, g_ptr_array_index(rows, r), widths);
        for (int dash = 0; r == 0 && dash < width; dash++)
            g_string_append_c(table, '-');
        if (r == 0)
            g_string_append_c(table, '\n');
    }
    return g_string_free(table, FALSE);
}

int
cliFormatParseRate(const char *text, unsigned long long *bytesPerSecond)
{
    static const char prefixes[] = "kmgtpe";
    g_autofree char *suffix = NULL;
    unsigned long long value;
    unsigned long long scale = 1;
    unsigned int base = 1024;
    const char *prefix;
    char *end;

    if (!g_ascii_isdigit(*text))
        return -EINVAL;
    errno = 0;
    value = g_ascii_strtoull(text, &end, 10);
    if (errno == ERANGE)
        return -ERANGE;

    suffix = g_ascii_strdown(end, -1);
    if (g_str_has_suffix(suffix, "/s"))
        suffix[strlen(suffix) - 2] = '\0';
    if (*suffix && (prefix = strchr(prefixes, *suffix))) {
        if (strcmp(suffix + 1, "b") == 0)
            base = 1000;
        else if (suffix[1] && strcmp(suffix + 1, "ib") != 0)
            return -EINVAL;
        for (; prefix >= prefixes; prefix--)
            scale *= base;
    } else if (*suffix && strcmp(suffix, "b") != 0) {
        return -EINVAL;
    }

    if (value > LLONG_MAX / scale)
        return -ERANGE;
    *bytesPerSecond = value * scale;
    return 0;
}
