/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_stream-test.c: what each second makes of a stream */

#include "test/test_stream.h"

#include "expect.h"
#include "simulation_fixture.h"

#define SECOND ((guint64) G_USEC_PER_SEC)
#define STARTED VIR_DOMAIN_STREAM_DISK_EVENT_STARTED
#define PROGRESS VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS

static testStream *
testNew(const testPlan *template, const streamSettings *settings)
{
    char target[] = "vda";
    char alias[] = "virtio-disk0";
    const domainDisk disk = { .target = target, .alias = alias };
    testPlan plan = *template;

    plan.reason = g_strdup(template->reason);
    return testStreamNew(&disk, "/base", 2, &plan, settings);
}

static streamRecord *
testStats(const testStream *stream)
{
    streamRecord *entry = g_new0(streamRecord, 1);

    testStreamAddStats(stream, entry);
    return entry;
}

#define assertStat(stream, name, expected) \
    do { \
        g_autoptr(streamRecord) entry_ = testStats(stream); \
        g_assert_cmpint(simulationFixtureGet(entry_, (name)), ==, (expected)); \
    } while (0)

static void
testComplete(void)
{
    const testPlan plan = {
        .size = 1000, .at = 1000, .speed = 400, .end = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED
    };
    const streamSettings settings = { 0 };
    g_autoptr(testStream) stream = testNew(&plan, &settings);

    g_assert_cmpint(testStreamAdvance(stream, 0), ==, STARTED);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_STATE, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_PHASE, VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, -1);
    g_assert_cmpint(testStreamAdvance(stream, 0), ==, TEST_STREAM_NO_EVENT);

    g_assert_cmpint(testStreamAdvance(stream, SECOND), ==, PROGRESS);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, 1000);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, 400);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING, 600);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, 400);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, 1500);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED, 1000);
    g_assert_cmpint(testStreamAdvance(stream, SECOND / 2), ==, TEST_STREAM_NO_EVENT);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, 600);
    g_assert_cmpint(testStreamAdvance(stream, SECOND), ==, VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED);
    g_assert_false(testStreamIsActive(stream));
    g_assert_cmpuint(stream->gone, ==, 2);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_STATE, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_PHASE, -1);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, 1000);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, -1);
    g_assert_cmpint(testStreamAdvance(stream, SECOND), ==, TEST_STREAM_NO_EVENT);
}

static void
testWaits(void)
{
    const testPlan plan = { .size = 5 << 20,
                            .at = 5 << 20,
                            .speed = 4 << 20,
                            .starting = 2 * SECOND,
                            .wait = SECOND,
                            .finish = SECOND,
                            .stopping = SECOND,
                            .end = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED };
    const streamSettings settings = { 0 };
    g_autoptr(testStream) stream = testNew(&plan, &settings);

    g_assert_cmpint(testStreamAdvance(stream, 0), ==, TEST_STREAM_NO_EVENT);
    g_assert_cmpint(testStreamAdvance(stream, SECOND), ==, TEST_STREAM_NO_EVENT);
    g_assert_cmpint(testStreamAdvance(stream, SECOND), ==, STARTED);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_PHASE, VIR_DOMAIN_STREAM_DISK_PHASE_WAIT);
    g_assert_cmpint(testStreamAdvance(stream, SECOND), ==, PROGRESS);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, TEST_STREAM_WAITING_SPEED);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_PHASE, VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE);
    g_assert_cmpint(testStreamAdvance(stream, SECOND), ==, PROGRESS);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING, 0);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_PHASE, VIR_DOMAIN_STREAM_DISK_PHASE_FINISH);

    testStreamStop(stream);
    g_assert_cmpint(testStreamAdvance(stream, SECOND / 2), ==, TEST_STREAM_NO_EVENT);
    testStreamStop(stream);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_STATE, VIR_DOMAIN_STREAM_DISK_STATE_STOPPING);
    g_assert_cmpint(testStreamAdvance(stream, SECOND / 2), ==,
                    VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED);
    g_assert_cmpstr(stream->reason, ==, "stopped on request");
    g_assert_cmpuint(stream->gone, ==, 0);
}

static void
testFail(void)
{
    char reason[] = "no space";
    const testPlan plan = { .size = 1000,
                            .at = 450,
                            .speed = 400,
                            .reason = reason,
                            .end = VIR_DOMAIN_STREAM_DISK_STATE_FAILED };
    const streamSettings settings = { 0 };
    g_autoptr(testStream) stream = testNew(&plan, &settings);

    testStreamAdvance(stream, 0);
    g_assert_cmpint(testStreamAdvance(stream, SECOND), ==, PROGRESS);
    g_assert_cmpint(testStreamAdvance(stream, SECOND), ==, VIR_DOMAIN_STREAM_DISK_EVENT_FAILED);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, 450);
    g_assert_cmpstr(stream->reason, ==, "no space");
}

static void
testSettings(void)
{
    const testPlan plan = {
        .size = 1 << 30, .at = 1 << 30, .speed = 400, .end = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED
    };
    const streamSettings settings = { .bandwidth = 100, .deadline = (gint64) (60 * SECOND) };
    const streamSettings change = { .named = STREAM_SETTINGS_BANDWIDTH | STREAM_SETTINGS_DEADLINE |
                                             STREAM_SETTINGS_HYDRATE,
                                    .deadline = (gint64) (60 * SECOND),
                                    .paused = true };
    g_autoptr(testStream) stream = testNew(&plan, &settings);

    testStreamAdvance(stream, 0);
    testStreamAdvance(stream, SECOND);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, 100);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, 100);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE, 59);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE, 1);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED, 100);
    testStreamSet(stream, &change);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, 400);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, ((1 << 30) - 100) * 10LL / 4);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE, 60);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE, 0);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_PHASE, VIR_DOMAIN_STREAM_DISK_PHASE_PULL);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED, -1);
    testStreamAdvance(stream, SECOND);
    assertStat(stream, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, 400);
}

static void
testState(void)
{
    const testPlan plan = {
        .size = 10, .at = 10, .speed = 4, .end = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED
    };
    const streamSettings settings = { 0 };
    g_autoptr(testStream) stream = testNew(&plan, &settings);
    virDomainStreamDiskState state;

    testStreamAdvance(stream, 0);
    testStreamAdvance(stream, SECOND);
    g_assert_cmpint(testStreamGetState(stream, &state), ==, 0);
    g_assert_cmpstr(state.target, ==, "vda");
    g_assert_cmpstr(state.alias, ==, "virtio-disk0");
    g_assert_cmpuint(state.offset, ==, 4);
    g_assert_cmpuint(state.size, ==, 10);

    g_free(stream->alias);
    stream->alias = g_strnfill(VIR_DOMAIN_STREAM_DISK_NAME_BUFLEN, 'x');
    g_assert_cmpint(testStreamGetState(stream, &state), ==, -1);
    expectError(VIR_ERR_OVERFLOW, "the name or the alias of disk 'vda' is too long");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0); /* no connection does it here */
    g_test_add_func("/test_stream/complete", testComplete);
    g_test_add_func("/test_stream/waits", testWaits);
    g_test_add_func("/test_stream/fail", testFail);
    g_test_add_func("/test_stream/settings", testSettings);
    g_test_add_func("/test_stream/state", testState);
    return g_test_run();
}
