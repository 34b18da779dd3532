/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cli-format-test.c: numbers, rates, tables and progress lines as people see them */

#include "cli-format.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static void
formatAssert(char *text, const char *expected)
{
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void
formatTestSize(void)
{
    formatAssert(cliFormatSize(0), "0 B");
    formatAssert(cliFormatSize(1023), "1023 B");
    formatAssert(cliFormatSize(1024), "1.0 KiB");
    formatAssert(cliFormatSize(512 * MIB), "512.0 MiB");
    formatAssert(cliFormatSize(GIB + GIB / 2), "1.5 GiB");
    formatAssert(cliFormatSize(ULLONG_MAX), "16.0 EiB");

    formatAssert(cliFormatScaled(5, 3), "5.000 B");
    formatAssert(cliFormatScaled(KIB + KIB / 2, 3), "1.500 KiB");
}

static void
formatTestSizes(void)
{
    formatAssert(cliFormatSizes(0, 0), "0/0 B");
    formatAssert(cliFormatSizes(7, 10239), "    7/10239 B");
    formatAssert(cliFormatSizes(451000000, GIB), " 430.1/1024.0 MiB");
    formatAssert(cliFormatSizes(GIB, 20 * GIB), " 1.0/20.0 GiB");
}

static void
formatTestRate(void)
{
    formatAssert(cliFormatRate(0), "0 B/s");
    formatAssert(cliFormatRate(23400000), "22.3 MiB/s");
}

static void
formatTestDuration(void)
{
    formatAssert(cliFormatDuration(0), "0s");
    formatAssert(cliFormatDuration(59999), "59s");
    formatAssert(cliFormatDuration(65000), "1m05s");
    formatAssert(cliFormatDuration(7380000), "2h03m");
    formatAssert(cliFormatDuration(273600000), "3d04h");
}

static void
formatTestPercent(void)
{
    g_assert_cmpint(cliFormatPercent(0, 0), ==, 0);
    g_assert_cmpint(cliFormatPercent(0, 100), ==, 0);
    g_assert_cmpint(cliFormatPercent(429, 1000), ==, 42);
    g_assert_cmpint(cliFormatPercent(ULLONG_MAX - 1, ULLONG_MAX), ==, 99);
    g_assert_cmpint(cliFormatPercent(100, 100), ==, 100);
    g_assert_cmpint(cliFormatPercent(101, 100), ==, 100);
}

static char *
formatProgress(int width, const char *disk)
{
    return cliFormatProgress(width, disk, 42, " 430.1/1024.0 MiB", "22.3 MiB/s", "27s");
}

static void
formatTestProgress(void)
{
    formatAssert(formatProgress(0, "vda"), "vda   42 %   430.1/1024.0 MiB    22.3 MiB/s  ETA 27s");
    formatAssert(formatProgress(80, "vda"),
                 "vda  [========>           ]   42 %   430.1/1024.0 MiB    22.3 MiB/s  ETA 27s");
    formatAssert(formatProgress(60, "vda"),
                 "vda  [=======>           ]   42 %    22.3 MiB/s  ETA 27s");
    formatAssert(formatProgress(40, "vda"), "vda  [=====>       ]   42 %  ETA 27s");
    formatAssert(formatProgress(23, "vda"), "vda  [===>    ]   42 %");
    formatAssert(formatProgress(22, "vda"), " 42 %");
    formatAssert(formatProgress(4, "vda"), " 42");
    formatAssert(formatProgress(1, "vda"), "");
    formatAssert(cliFormatProgress(0, "vda", 100, "1/1 B", "-", "-"),
                 "vda  100 %  1/1 B             -  ETA -");

    for (int width = 1; width < 200; width++) {
        g_autofree char *line = formatProgress(width, "a-disk-with-a-long-name");

        g_assert_cmpint(strlen(line), <, width);
    }
}

static void
formatTestTable(void)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);

    g_ptr_array_add(rows, g_strsplit("Domain Disk", " ", 0));
    formatAssert(cliFormatTable(rows), " Domain   Disk\n"
                                       "---------------\n");
    g_ptr_array_add(rows, g_strsplit("rechnungsprüfung vda", " ", 0));
    g_ptr_array_add(rows, g_strsplit("web1 vdb", " ", 0));
    formatAssert(cliFormatTable(rows), " Domain             Disk\n"
                                       "-------------------------\n"
                                       " rechnungsprüfung   vda\n"
                                       " web1               vdb\n");
}

static void
formatTestParseRate(void)
{
    static const struct {
        const char *text;
        unsigned long long bytes;
    } good[] = {
        { "0", 0 },
        { "1", 1 },
        { "512b", 512 },
        { "10K", 10 * KIB },
        { "10k/s", 10 * KIB },
        { "10KB", 10000 },
        { "10KiB/s", 10 * KIB },
        { "3M", 3 * MIB },
        { "3mb", 3000000 },
        { "2G", 2 * GIB },
        { "1T", 1024 * GIB },
        { "7E", 7ULL << 60 },
        { "9223372036854775807", LLONG_MAX },
        { "0E", 0 },
        { "5/s", 5 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        unsigned long long bytes = 42;

        g_test_message("%s", good[i].text);
        g_assert_cmpint(cliFormatParseRate(good[i].text, &bytes), ==, 0);
        g_assert_cmpuint(bytes, ==, good[i].bytes);
    }
}

static void
formatTestParseRateRefuses(void)
{
    static const char *const malformed[] = {
        "",     " ",    " 1",   "1 ",   "-1",    "+1",  "K",  "x",    "10Q",     "10Kx",  "10KiBs",
        "10Mi", "10bb", "1.5M", "0x10", "10//s", "10/", "/s", "10 M", "10M/s/s", "1,000",
    };
    static const char *const large[] = {
        "8E",
        "9223372036854775808",
        "99999999999999999999",
        "9007199254740992K",
        "18446744073709551615E",
    };
    unsigned long long bytes = 42;

    for (size_t i = 0; i < G_N_ELEMENTS(malformed); i++) {
        g_test_message("%s", malformed[i]);
        g_assert_cmpint(cliFormatParseRate(malformed[i], &bytes), ==, -EINVAL);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(large); i++) {
        g_test_message("%s", large[i]);
        g_assert_cmpint(cliFormatParseRate(large[i], &bytes), ==, -ERANGE);
    }
    g_assert_cmpuint(bytes, ==, 42);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/format/size", formatTestSize);
    g_test_add_func("/format/sizes", formatTestSizes);
    g_test_add_func("/format/rate", formatTestRate);
    g_test_add_func("/format/duration", formatTestDuration);
    g_test_add_func("/format/percent", formatTestPercent);
    g_test_add_func("/format/progress", formatTestProgress);
    g_test_add_func("/format/table", formatTestTable);
    g_test_add_func("/format/parse-rate", formatTestParseRate);
    g_test_add_func("/format/parse-rate/refuses", formatTestParseRateRefuses);
    return g_test_run();
}
