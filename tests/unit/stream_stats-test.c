/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_stats-test.c: what is told of a stream, and what is left out */

#include "stream/stream_stats.h"

#include "expect.h"

#define NOW (1000 * (gint64) G_USEC_PER_SEC)

static const streamSettings testSettings = {
    .bandwidth = 7,
    .guestLatency = { .factor = 1.5 },
    .deadline = NOW + 90 * (gint64) G_USEC_PER_SEC,
};

static const streamHydrationStats testHydration = {
    .copied = 31,
    .pulled = 1001,
    .flushed = 1002,
    .left = 1003,
    .bps = 32,
    .inFlight = 33,
    .requests = 34,
    .size = 35,
    .latencyUs = 36,
    .guestBeforeUs = 37,
    .guestUs = 38,
};

/* All is known */
static const streamStats testFull = {
    .state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING,
    .phase = VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE,
    .target = "vda",
    .alias = "virtio-disk0",
    .base = "vda[1]",
    .settings = &testSettings,
    .hydratable = true,
    .basis = VIR_DOMAIN_STREAM_DISK_BASIS_MAP,
    .total = 21,
    .done = 22,
    .left = 23,
    .flushed = 24,
    .bps = 25,
    .remainingMs = 26,
    .offset = 1004,
    .size = 1005,
    .hydration = &testHydration,
    .hydrationReason = "slow",
    .tailUs = 41000,
    .unflushedUs = 42000,
    .elapsedUs = 43000,
    .reason = "asked",
};

/* Nothing is */
static const streamSettings testNoSettings = { 0 };
static const streamStats testBare = {
    .target = "vda",
    .alias = "a",
    .settings = &testNoSettings,
    .flushed = STREAM_STATS_UNKNOWN,
    .bps = STREAM_STATS_UNKNOWN,
    .remainingMs = STREAM_STATS_UNKNOWN,
    .elapsedUs = -1,
};

/* A value with a letter for its type */
static char *
testValue(const virTypedParameter *param)
{
    switch (param->type) {
    case VIR_TYPED_PARAM_INT: return g_strdup_printf("i%d", param->value.i);
    case VIR_TYPED_PARAM_ULLONG: return g_strdup_printf("u%llu", param->value.ul);
    case VIR_TYPED_PARAM_DOUBLE: return g_strdup_printf("d%g", param->value.d);
    case VIR_TYPED_PARAM_BOOLEAN: return g_strdup_printf("b%d", param->value.b);
    case VIR_TYPED_PARAM_STRING: return g_strdup_printf("s%s", param->value.s);
    default: g_assert_not_reached();
    }
}

static char *
testText(const streamStats *stats)
{
    streamRecord record = { 0 };
    GString *text = g_string_new(NULL);

    streamStatsAdd(stats, NOW, &record);
    for (int i = 0; i < record.nparams; i++) {
        g_autofree char *value = testValue(&record.params[i]);

        g_string_append_printf(text, "%s%s=%s", i > 0 ? " " : "", record.params[i].field, value);
    }
    virTypedParamsFree(record.params, record.nparams);
    return g_string_free(text, FALSE);
}

#define assertText(stats, expected) \
    do { \
        g_autofree char *text_ = testText(stats); \
        g_assert_cmpstr(text_, ==, (expected)); \
    } while (0)

/* Each by the name that users of the header know */
static void
testAll(void)
{
    static const char *const expected[][2] = {
        { VIR_DOMAIN_STREAM_DISK_STATS_STATE, "i1" },
        { VIR_DOMAIN_STREAM_DISK_STATS_PHASE, "i2" },
        { VIR_DOMAIN_STREAM_DISK_STATS_ALIAS, "svirtio-disk0" },
        { VIR_DOMAIN_STREAM_DISK_STATS_BASE, "svda[1]" },
        { VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, "u7" },
        { VIR_DOMAIN_STREAM_DISK_STATS_BASIS, "i2" },
        { VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, "u21" },
        { VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, "u22" },
        { VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING, "u23" },
        { VIR_DOMAIN_STREAM_DISK_STATS_DATA_FLUSHED, "u24" },
        { VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, "u25" },
        { VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, "u26" },
        { VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR, "d1.5" },
        { VIR_DOMAIN_STREAM_DISK_PARAM_FAST, "b0" },
        { VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE, "u90" },
        { VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE, "b1" },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED, "u31" },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_BPS, "u32" },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_IN_FLIGHT, "u33" },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REQUESTS, "u34" },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_SIZE, "u35" },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_LATENCY, "u36" },
        { VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY_BEFORE, "u37" },
        { VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY, "u38" },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REASON, "sslow" },
        { VIR_DOMAIN_STREAM_DISK_STATS_TIME_TAIL, "u41" },
        { VIR_DOMAIN_STREAM_DISK_STATS_TIME_UNFLUSHED, "u42" },
        { VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED, "u43" },
        { VIR_DOMAIN_STREAM_DISK_STATS_REASON, "sasked" },
    };
    streamRecord record = { 0 };

    streamStatsAdd(&testFull, NOW, &record);
    g_assert_cmpint(record.nparams, ==, G_N_ELEMENTS(expected));
    for (int i = 0; i < record.nparams; i++) {
        g_autofree char *value = testValue(&record.params[i]);

        g_assert_cmpstr(record.params[i].field, ==, expected[i][0]);
        g_assert_cmpstr(value, ==, expected[i][1]);
    }
    virTypedParamsFree(record.params, record.nparams);
}

/* Of each that may be unknown, only itself is left out; 0 is a value like others. */
static void
testUnknown(void)
{
    streamStats stats = testBare;

    assertText(&stats, "state=i0 phase=i0 alias=sa bandwidth=u0");
    stats.alias = NULL;
    stats.left = 9; /* of nothing known */
    assertText(&stats, "state=i0 phase=i0 bandwidth=u0");

    stats.total = 9;
    assertText(&stats, "state=i0 phase=i0 bandwidth=u0 "
                       "basis=i0 data_total=u9 data_processed=u0 data_remaining=u9");
    stats.flushed = 0;
    assertText(&stats, "state=i0 phase=i0 bandwidth=u0 basis=i0 data_total=u9 "
                       "data_processed=u0 data_remaining=u9 data_flushed=u0");
    stats.flushed = STREAM_STATS_UNKNOWN;
    stats.bps = 0;
    assertText(&stats, "state=i0 phase=i0 bandwidth=u0 basis=i0 data_total=u9 "
                       "data_processed=u0 data_remaining=u9 data_bps=u0");
    stats.bps = STREAM_STATS_UNKNOWN;
    stats.remainingMs = 0;
    assertText(&stats, "state=i0 phase=i0 bandwidth=u0 basis=i0 data_total=u9 "
                       "data_processed=u0 data_remaining=u9 time_remaining=u0");
}

/* What only hydration knows, and its settings, which may be there before it works */
static void
testHydrating(void)
{
    static const streamHydrationStats young = { .requests = 4 };
    streamStats stats = testBare;

    stats.hydratable = true;
    assertText(&stats, "state=i0 phase=i0 alias=sa bandwidth=u0 fast=b0 hydrate=b1");
    stats.hydratable = false;
    stats.hydrationReason = "why";
    assertText(&stats, "state=i0 phase=i0 alias=sa bandwidth=u0 hydration.reason=swhy");
    stats.hydrationReason = NULL;
    stats.hydration = &young;
    assertText(&stats, "state=i0 phase=i0 alias=sa bandwidth=u0 hydration.copied=u0 "
                       "hydration.bps=u0 hydration.in_flight=u0 hydration.requests=u4 "
                       "hydration.size=u0");
}

/* Every state by its number; hydration and the phase end with the stream. */
static void
testStates(void)
{
    streamStats stats = testFull;

    for (int state = VIR_DOMAIN_STREAM_DISK_STATE_STARTING;
         state <= VIR_DOMAIN_STREAM_DISK_STATE_FAILED; state++) {
        bool active = state <= VIR_DOMAIN_STREAM_DISK_STATE_STOPPING;
        g_autofree char *expected = g_strdup_printf(
            "state=i%d %salias=svirtio-disk0 base=svda[1] bandwidth=u7 "
            "basis=i2 data_total=u21 data_processed=u22 data_remaining=u23 "
            "data_flushed=u24 data_bps=u25 time_remaining=u26 %s"
            "time_tail=u41 time_unflushed=u42 time_elapsed=u43 reason=sasked",
            state, active ? "phase=i2 " : "",
            active ? "guest.latency_factor=d1.5 fast=b0 deadline=u90 hydrate=b1 "
                     "hydration.copied=u31 hydration.bps=u32 hydration.in_flight=u33 "
                     "hydration.requests=u34 hydration.size=u35 hydration.latency=u36 "
                     "guest.latency_before=u37 guest.latency=u38 hydration.reason=sslow "
                   : "");

        stats.state = state;
        assertText(&stats, expected);
    }
}

/* A danger is never told as none: rounded up. What has passed is rounded down. */
static void
testTimes(void)
{
    static const struct {
        gint64 tail, unflushed, elapsed;
        const char *text;
    } cases[] = {
        { 0, 0, -1, "" },
        { 0, 0, 0, " time_elapsed=u0" },
        { 0, 0, 999, " time_elapsed=u0" },
        { 0, 0, 1000, " time_elapsed=u1" },
        { 1, 0, -1, " time_tail=u1" },
        { 1000, 1001, -1, " time_tail=u1 time_unflushed=u2" },
        { 0, 1, 1999, " time_unflushed=u1 time_elapsed=u1" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *expected = g_strconcat("state=i0 phase=i0 alias=sa bandwidth=u0",
                                                cases[i].text, NULL);
        streamStats stats = testBare;

        stats.tailUs = cases[i].tail;
        stats.unflushedUs = cases[i].unflushed;
        stats.elapsedUs = cases[i].elapsed;
        assertText(&stats, expected);
    }
}

static void
testGetState(void)
{
    virDomainStreamDiskState state;

    memset(&state, 0x55, sizeof(state));
    g_assert_cmpint(streamStatsGetState(&testFull, &state), ==, 0);
    g_assert_cmpstr(state.alias, ==, "virtio-disk0");
    g_assert_cmpstr(state.target, ==, "vda");
    g_assert_cmpuint(state.offset, ==, 1004);
    g_assert_cmpuint(state.size, ==, 1005);
}

/* A name as long as its place fits, a longer one is refused, and nothing is filled in. */
static void
testGetStateLong(void)
{
    g_autofree char *fits = g_strnfill(VIR_DOMAIN_STREAM_DISK_NAME_BUFLEN - 1, 'x');
    g_autofree char *tooLong = g_strnfill(VIR_DOMAIN_STREAM_DISK_NAME_BUFLEN, 'x');
    virDomainStreamDiskState state;
    streamStats stats = testFull;

    stats.alias = stats.target = fits;
    g_assert_cmpint(streamStatsGetState(&stats, &state), ==, 0);
    g_assert_cmpstr(state.alias, ==, fits);
    g_assert_cmpstr(state.target, ==, fits);

    for (int i = 0; i < 2; i++) {
        state = (virDomainStreamDiskState) { .alias = "before", .offset = 42 };
        stats.alias = i == 0 ? tooLong : "alias";
        stats.target = i == 0 ? "vda" : tooLong;
        g_assert_cmpint(streamStatsGetState(&stats, &state), ==, -1);
        expectError(VIR_ERR_OVERFLOW, i == 0 ? "disk 'vda' is too long" : "xx' is too long");
        g_assert_cmpstr(state.alias, ==, "before");
        g_assert_cmpuint(state.offset, ==, 42);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    g_test_add_func("/stream_stats/all", testAll);
    g_test_add_func("/stream_stats/unknown", testUnknown);
    g_test_add_func("/stream_stats/hydrating", testHydrating);
    g_test_add_func("/stream_stats/states", testStates);
    g_test_add_func("/stream_stats/times", testTimes);
    g_test_add_func("/stream_stats/get-state", testGetState);
    g_test_add_func("/stream_stats/n_get-state-long", testGetStateLong);
    return g_test_run();
}
