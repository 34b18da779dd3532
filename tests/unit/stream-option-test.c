/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream-option-test.c: values that are right, and the error that names those that are not */

#include "stream-option.h"

static void
optionTestRate(void)
{
    g_autoptr(GError) error = NULL;
    unsigned long long rate = 42;

    g_assert_false(streamOptionRate("--bandwidth", "fast", &rate, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_cmpstr(error->message, ==, "--bandwidth 'fast' is not a number of bytes per second, "
                    "such as 10M");
    g_clear_error(&error);

    g_assert_false(streamOptionRate("--bandwidth", "9E", &rate, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_cmpstr(error->message, ==, "--bandwidth '9E' is too large, it must be below 8E");
    g_assert_cmpuint(rate, ==, 42);
    g_clear_error(&error);

    g_assert_true(streamOptionRate("--bandwidth", "1K", &rate, &error));
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
                                                "from 1 to 2147483", wrong[i]);

        g_assert_false(streamOptionSeconds("--timeout", wrong[i], &seconds, &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        g_assert_cmpstr(error->message, ==, text);
        g_clear_error(&error);
    }
    g_assert_cmpint(seconds, ==, 42);

    g_assert_true(streamOptionSeconds("--timeout", "2147483", &seconds, &error));
    g_assert_no_error(error);
    g_assert_cmpint(seconds, ==, 2147483);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/option/rate", optionTestRate);
    g_test_add_func("/option/seconds", optionTestSeconds);
    return g_test_run();
}
