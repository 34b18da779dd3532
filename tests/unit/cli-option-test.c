/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cli-option-test.c: values that are right, and the error that names those that are not */

#include "cli-option.h"

static void
optionTestRate(void)
{
    g_autoptr(GError) error = NULL;
    unsigned long long rate = 42;

    g_assert_false(cliOptionRate("--bandwidth", "fast", &rate, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_cmpstr(error->message, ==,
                    "--bandwidth 'fast' is not a number of bytes per second, "
                    "such as 10M");
    g_clear_error(&error);

    g_assert_false(cliOptionRate("--bandwidth", "9E", &rate, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_cmpstr(error->message, ==, "--bandwidth '9E' is too large, it must be below 8E");
    g_assert_cmpuint(rate, ==, 42);
    g_clear_error(&error);

    g_assert_true(cliOptionRate("--bandwidth", "1K", &rate, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(rate, ==, 1024);
}

static void
optionTestSeconds(void)
{
    static const char *const wrong[] = { "", "0", "-1", "x", "1s", "2147484", " 1" };
    g_autoptr(GError) error = NULL;
    int seconds = 42;

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *text = g_strdup_printf("--timeout '%s' is not a number of seconds "
                                                "from 1 to 2147483",
                                                wrong[i]);

        g_assert_false(cliOptionSeconds("--timeout", wrong[i], &seconds, &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        g_assert_cmpstr(error->message, ==, text);
        g_clear_error(&error);
    }
    g_assert_cmpint(seconds, ==, 42);

    g_assert_true(cliOptionSeconds("--timeout", "2147483", &seconds, &error));
    g_assert_no_error(error);
    g_assert_cmpint(seconds, ==, 2147483);
}

static void
optionTestDuration(void)
{
    static const char *const wrong[] = { "",
                                         "-1",
                                         "x",
                                         "1.5h",
                                         " 1",
                                         "1 h",
                                         "1w",
                                         "1H",
                                         "366d",
                                         "31536001",
                                         "99999999999999999999",
                                         "1ms" };
    static const struct {
        const char *value;
        unsigned long long seconds;
    } right[] = {
        { "0", 0 },
        { "90", 90 },
        { "90s", 90 },
        { "30m", 1800 },
        { "2h", 7200 },
        { "365d", 31536000 },
        { "31536000", 31536000 },
        { "0d", 0 },
    };
    g_autoptr(GError) error = NULL;
    unsigned long long seconds = 42;

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *text = g_strdup_printf("--deadline '%s' is not a duration such as 90s, "
                                                "30m or 2h, of 365d at most",
                                                wrong[i]);

        g_assert_false(cliOptionDuration("--deadline", wrong[i], &seconds, &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        g_assert_cmpstr(error->message, ==, text);
        g_clear_error(&error);
    }
    g_assert_cmpuint(seconds, ==, 42);

    for (size_t i = 0; i < G_N_ELEMENTS(right); i++) {
        g_assert_true(cliOptionDuration("--deadline", right[i].value, &seconds, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(seconds, ==, right[i].seconds);
    }
}

static void
optionTestLatency(void)
{
    static const char *const wrong[] = { "",     "x",       "0.9x",  "0x",     "-2x",     "2",
                                         "2X",   "1e3x",    "0x10x", "1.2.3x", "infx",    "nanx",
                                         ".5ms", "0ms",     "0.4us", "61s",    "60001ms", "2 ms",
                                         "2m",   "Default", "1e400s" };
    static const struct {
        const char *value;
        double factor;
        unsigned long long us;
    } right[] = {
        { "default", 0, 0 },    { "1x", 1, 0 },        { "1.5x", 1.5, 0 },  { "1000x", 1000, 0 },
        { "500us", 0, 500 },    { "2ms", 0, 2000 },    { "0.5ms", 0, 500 }, { "1us", 0, 1 },
        { "60s", 0, 60000000 }, { "1.s", 0, 1000000 },
    };
    g_autofree char *endless = g_strnfill(400, '9');
    g_autofree char *endlessTimes = g_strconcat(endless, "x", NULL);
    g_autoptr(GError) error = NULL;
    unsigned long long us = 42;
    double factor = 42;

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(cliOptionLatency("--guest-latency", wrong[i], &factor, &us, &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        g_assert_true(g_str_has_suffix(error->message,
                                       "' is not a factor such as 1.5x, a time "
                                       "such as 2ms, of 60s at most, or 'default'"));
        g_clear_error(&error);
    }
    g_assert_false(cliOptionLatency("--guest-latency", endlessTimes, &factor, &us, &error));
    g_clear_error(&error);
    g_assert_cmpuint(us, ==, 42);
    g_assert_cmpfloat(factor, ==, 42);

    for (size_t i = 0; i < G_N_ELEMENTS(right); i++) {
        g_assert_true(cliOptionLatency("--guest-latency", right[i].value, &factor, &us, &error));
        g_assert_no_error(error);
        g_assert_cmpfloat(factor, ==, right[i].factor);
        g_assert_cmpuint(us, ==, right[i].us);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/option/rate", optionTestRate);
    g_test_add_func("/option/seconds", optionTestSeconds);
    g_test_add_func("/option/duration", optionTestDuration);
    g_test_add_func("/option/latency", optionTestLatency);
    return g_test_run();
}
