/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_settings-test.c: what may be set, what contradicts itself, what statistics tell of it */

#include "stream/stream_settings.h"

#include <limits.h>
#include <math.h>

#include "expect.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define NOW (1000 * SECOND)

#define BANDWIDTH(bytes) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH, \
      .type = VIR_TYPED_PARAM_ULLONG, \
      .value.ul = (bytes) }
#define FACTOR(times) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR, \
      .type = VIR_TYPED_PARAM_DOUBLE, \
      .value.d = (times) }
#define LATENCY(us) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX, \
      .type = VIR_TYPED_PARAM_ULLONG, \
      .value.ul = (us) }
#define FAST(yes) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_FAST, \
      .type = VIR_TYPED_PARAM_BOOLEAN, \
      .value.b = (yes) }
#define DEADLINE(seconds) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE, \
      .type = VIR_TYPED_PARAM_ULLONG, \
      .value.ul = (seconds) }
#define HYDRATE(yes) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE, \
      .type = VIR_TYPED_PARAM_BOOLEAN, \
      .value.b = (yes) }

#define parse(settings, ...) \
    streamSettingsParse((virTypedParameter[]) { __VA_ARGS__ }, \
                        G_N_ELEMENTS(((virTypedParameter[]) { __VA_ARGS__ })), NOW, (settings))

#define assertParses(settings, ...) \
    do { \
        g_assert_cmpint(parse(settings, __VA_ARGS__), ==, 0); \
        g_assert_null(virGetLastError()); \
    } while (0)

/* Refused with @message, and nothing is filled in. */
#define assertRefused(code, message, ...) \
    do { \
        streamSettings untouched_ = { .bandwidth = 42 }; \
        g_assert_cmpint(parse(&untouched_, __VA_ARGS__), ==, -1); \
        expectError(code, message); \
        g_assert_cmpuint(untouched_.named, ==, 0); \
        g_assert_cmpuint(untouched_.bandwidth, ==, 42); \
    } while (0)

static void
testParse(void)
{
    streamSettings settings;

    g_assert_cmpint(streamSettingsParse(NULL, 0, NOW, &settings), ==, 0);
    g_assert_cmpuint(settings.named, ==, 0);

    assertParses(&settings, BANDWIDTH(7), FACTOR(1.5), DEADLINE(90), HYDRATE(0));
    g_assert_cmpuint(settings.named, ==,
                     STREAM_SETTINGS_BANDWIDTH | STREAM_SETTINGS_REGARD | STREAM_SETTINGS_DEADLINE |
                         STREAM_SETTINGS_HYDRATE);
    g_assert_cmpuint(settings.bandwidth, ==, 7);
    g_assert_cmpfloat(settings.guestLatency.factor, ==, 1.5);
    g_assert_cmpuint(settings.guestLatency.maxNs, ==, 0);
    g_assert_false(settings.guestLatency.fast);
    g_assert_cmpint(settings.deadline, ==, NOW + 90 * SECOND);
    g_assert_true(settings.paused);

    assertParses(&settings, LATENCY(2000), FAST(0));
    g_assert_cmpuint(settings.named, ==, STREAM_SETTINGS_REGARD);
    g_assert_cmpuint(settings.guestLatency.maxNs, ==, 2000000);
    assertParses(&settings, FAST(1), DEADLINE(0), HYDRATE(1));
    g_assert_true(settings.guestLatency.fast);
    g_assert_cmpint(settings.deadline, ==, 0);
    g_assert_false(settings.paused);
    assertParses(&settings, { .field = "relative", .type = VIR_TYPED_PARAM_BOOLEAN });
    g_assert_cmpuint(settings.named, ==, 0);
}

static void
testBounds(void)
{
    static const double factors[] = { 0, -1, 0.999, NAN, INFINITY, -INFINITY };
    streamSettings settings;

    for (gsize i = 0; i < G_N_ELEMENTS(factors); i++)
        assertRefused(VIR_ERR_INVALID_ARG,
                      "parameter 'guest.latency_factor' must be a number of "
                      "at least 1",
                      FACTOR(factors[i]));
    assertRefused(VIR_ERR_INVALID_ARG, "parameter 'guest.latency_max' must be greater than 0",
                  LATENCY(0));
    assertRefused(VIR_ERR_OVERFLOW,
                  "parameter 'guest.latency_max' must be at most 60000000 "
                  "microseconds",
                  LATENCY(60000001));
    assertRefused(VIR_ERR_OVERFLOW,
                  "parameter 'guest.latency_max' must be at most 60000000 "
                  "microseconds",
                  LATENCY(ULLONG_MAX));
    assertRefused(VIR_ERR_OVERFLOW, "parameter 'deadline' must be at most 31536000 seconds",
                  DEADLINE(31536001));
    assertRefused(VIR_ERR_OVERFLOW, "parameter 'deadline' must be at most 31536000 seconds",
                  DEADLINE(ULLONG_MAX));
    assertRefused(VIR_ERR_OVERFLOW, "bandwidth must be at most", BANDWIDTH(ULLONG_MAX));

    assertParses(&settings, FACTOR(1));
    assertParses(&settings, FACTOR(1e300));
    assertParses(&settings, LATENCY(1));
    assertParses(&settings, LATENCY(60000000));
    assertParses(&settings, DEADLINE(31536000));
}

static void
testContradictions(void)
{
    assertRefused(VIR_ERR_INVALID_ARG,
                  "parameters 'guest.latency_factor' and "
                  "'guest.latency_max' are mutually exclusive",
                  LATENCY(1), FACTOR(1));
    assertRefused(VIR_ERR_INVALID_ARG,
                  "parameters 'fast' and 'guest.latency_factor' contradict "
                  "each other",
                  FACTOR(2), FAST(1));
    assertRefused(VIR_ERR_INVALID_ARG,
                  "parameters 'fast' and 'guest.latency_max' contradict "
                  "each other",
                  FAST(1), LATENCY(1));
}

static void
testFindHydration(void)
{
    virTypedParameter params[] = { BANDWIDTH(1), DEADLINE(1), FAST(1) };
    virTypedParameter all[] = { FACTOR(1), LATENCY(1), FAST(0), DEADLINE(0), HYDRATE(1) };

    g_assert_null(streamSettingsFindHydration(NULL, 0));
    g_assert_null(streamSettingsFindHydration(params, 1));
    g_assert_cmpstr(streamSettingsFindHydration(params, 3), ==, "deadline");
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        g_assert_cmpstr(streamSettingsFindHydration(&all[i], 1), ==, all[i].field);
}

/* What is named changes, and nothing else; of the guest latency the last word holds. */
static void
testMerge(void)
{
    streamSettings settings = { 0 };
    streamSettings change;

    assertParses(&change, BANDWIDTH(7), FACTOR(1.5), DEADLINE(90), HYDRATE(0));
    streamSettingsMerge(&settings, &change);
    assertParses(&change, LATENCY(500));
    streamSettingsMerge(&settings, &change);
    g_assert_cmpuint(settings.bandwidth, ==, 7);
    g_assert_cmpfloat(settings.guestLatency.factor, ==, 0);
    g_assert_cmpuint(settings.guestLatency.maxNs, ==, 500000);
    g_assert_cmpint(settings.deadline, ==, NOW + 90 * SECOND);
    g_assert_true(settings.paused);

    assertParses(&change, FAST(1), BANDWIDTH(0), HYDRATE(1));
    streamSettingsMerge(&settings, &change);
    g_assert_cmpuint(settings.bandwidth, ==, 0);
    g_assert_true(settings.guestLatency.fast);
    g_assert_cmpuint(settings.guestLatency.maxNs, ==, 0);
    g_assert_false(settings.paused);
    assertParses(&change, FAST(0), DEADLINE(0));
    streamSettingsMerge(&settings, &change);
    g_assert_false(settings.guestLatency.fast);
    g_assert_cmpint(settings.deadline, ==, 0);
}

/* The statistics of the time @now, as text */
static char *
testText(const streamSettings *settings, gint64 now)
{
    streamRecord entry = { 0 };
    GString *text = g_string_new(NULL);
    int room = 0;

    streamSettingsAddHydration(settings, now, &entry, &room);
    for (int i = 0; i < entry.nparams; i++) {
        const virTypedParameter *param = &entry.params[i];

        g_string_append_printf(text, "%s%s=", i > 0 ? " " : "", param->field);
        if (param->type == VIR_TYPED_PARAM_DOUBLE)
            g_string_append_printf(text, "%g", param->value.d);
        else if (param->type == VIR_TYPED_PARAM_BOOLEAN)
            g_string_append_printf(text, "%d", param->value.b);
        else
            g_string_append_printf(text, "%llu", param->value.ul);
    }
    virTypedParamsFree(entry.params, entry.nparams);
    return g_string_free(text, FALSE);
}

static void
testStatistics(void)
{
    static const struct {
        streamSettings settings;
        gint64 now;
        const char *text;
    } cases[] = {
        { { 0 }, NOW, "fast=0 hydrate=1" },
        { { .bandwidth = 7, .paused = true }, NOW, "fast=0 hydrate=0" },
        { { .guestLatency = { .fast = true } }, NOW, "fast=1 hydrate=1" },
        { { .guestLatency = { .factor = 1.5 } }, NOW, "guest.latency_factor=1.5 fast=0 hydrate=1" },
        { { .guestLatency = { .maxNs = 2000000 } },
          NOW,
          "guest.latency_max=2000 fast=0 hydrate=1" },
        { { .deadline = NOW }, NOW - 90 * SECOND, "fast=0 deadline=90 hydrate=1" },
        { { .deadline = NOW }, NOW - 1, "fast=0 deadline=1 hydrate=1" },
        { { .deadline = NOW }, NOW, "fast=0 deadline=0 hydrate=1" },
        { { .deadline = NOW }, NOW + SECOND, "fast=0 deadline=0 hydrate=1" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = testText(&cases[i].settings, cases[i].now);

        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    g_test_add_func("/stream_settings/parse", testParse);
    g_test_add_func("/stream_settings/bounds", testBounds);
    g_test_add_func("/stream_settings/contradictions", testContradictions);
    g_test_add_func("/stream_settings/find-hydration", testFindHydration);
    g_test_add_func("/stream_settings/merge", testMerge);
    g_test_add_func("/stream_settings/statistics", testStatistics);
    return g_test_run();
}
