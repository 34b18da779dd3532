/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams_progress-test.c: what is told of how far a stream is, by position and by map */

#include "streams_fixture.h"

/* "PHASE BASIS PROCESSED/TOTAL REMAINING", with "-" for what is not told */
static char *
testText(streamsFixture *fix, qemuStream *stream)
{
    g_autoptr(streamRecord) entry = qemuStreamGetRecord(stream, g_get_monotonic_time());
    int phase = -1;
    int basis;
    unsigned long long done;
    unsigned long long total;
    unsigned long long left;

    virTypedParamsGetInt(entry->params, entry->nparams, VIR_DOMAIN_STREAM_DISK_STATS_PHASE, &phase);
    if (virTypedParamsGetInt(entry->params, entry->nparams, VIR_DOMAIN_STREAM_DISK_STATS_BASIS,
                             &basis) != 1)
        return g_strdup_printf("%d -", phase);
    g_assert_cmpint(virTypedParamsGetULLong(entry->params, entry->nparams,
                                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, &done),
                    ==, 1);
    g_assert_cmpint(virTypedParamsGetULLong(entry->params, entry->nparams,
                                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, &total),
                    ==, 1);
    g_assert_cmpint(virTypedParamsGetULLong(entry->params, entry->nparams,
                                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING, &left),
                    ==, 1);
    return g_strdup_printf("%d %d %llu/%llu %llu", phase, basis, done, total, left);
}

#define assertProgress(stream, expected) \
    do { \
        g_autofree char *text_ = testText(fix, stream); \
        g_assert_cmpstr(text_, ==, (expected)); \
    } while (0)

static void
testSet(streamsFixture *fix, qemuStream *stream, guint64 copied, guint64 pulled, guint64 left,
        bool exact)
{
    const streamHydrationStats figures = {
        .copied = copied,
        .pulled = pulled,
        .left = left,
        .exact = exact,
    };

    qemuStreamSetStats(stream, &figures);
}

/* The position counts until there is a map, guessed at first, and then what the map says. */
static void
testMap(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");
    virDomainStreamDiskState state;

    assertProgress(stream, "0 -");
    qemuStreamsSample(stream, 10, 100, 0, 0, false);
    assertProgress(stream, "0 0 10/100 90");
    qemuStreamBeginHydration(stream, 2);
    testSet(fix, stream, 0, 0, 100, false);
    assertProgress(stream, "2 1 0/100 100");
    testSet(fix, stream, 5, 2, 50, false);
    assertProgress(stream, "2 1 7/57 50");
    testSet(fix, stream, 10, 4, 43, true);
    assertProgress(stream, "2 2 14/57 43");
    qemuStreamsSample(stream, 12, 100, 0, 0, false);
    assertProgress(stream, "2 2 14/57 43");

    g_assert_cmpint(qemuStreamGetState(stream, &state), ==, 0);
    g_assert_cmpuint(state.offset, ==, 12);
    g_assert_cmpuint(state.size, ==, 100);

    testSet(fix, stream, 53, 4, 0, true);
    qemuStreamHydrationEvent(stream, STREAM_HYDRATION_THROUGH, NULL);
    assertProgress(stream, "3 2 57/57 0");
    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    assertProgress(stream, "-1 2 57/57 0");
}

/* The job is at its end before the worker is: all was copied, by whomever. */
static void
testJobFirst(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");

    qemuStreamBeginHydration(stream, 2);
    testSet(fix, stream, 5, 0, 20, true);
    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    assertProgress(stream, "-1 2 25/25 0");
}

/* What did not end well ends where it was. */
static void
testStopped(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");

    qemuStreamBeginHydration(stream, 2);
    testSet(fix, stream, 5, 0, 20, false);
    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    assertProgress(stream, "-1 1 5/25 20");
}

/* What one worker copied is not forgotten by the next; in between the position counts. */
static void
testInterrupted(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");

    qemuStreamHydrationEvent(stream, STREAM_HYDRATION_FAILED, "taken");
    g_assert_cmpstr(stream->hydrationReason, ==, "taken");
    qemuStreamsSample(stream, 3, 100, 0, 0, true);
    qemuStreamBeginHydration(stream, 2);
    g_assert_null(stream->hydrationReason);
    testSet(fix, stream, 30, 10, 60, true);
    qemuStreamsSample(stream, 50, 100, 0, 0, true);
    qemuStreamHydrationEvent(stream, STREAM_HYDRATION_FAILED, "lost");
    g_assert_cmpstr(stream->hydrationReason, ==, "lost");
    assertProgress(stream, "0 0 50/100 50");
    qemuStreamHydrationEvent(stream, STREAM_HYDRATION_FAILED, "still lost");
    g_assert_cmpstr(stream->hydrationReason, ==, "still lost");

    qemuStreamBeginHydration(stream, 2);
    testSet(fix, stream, 0, 0, 40, true); /* the job has copied a little meanwhile */
    assertProgress(stream, "2 2 40/80 40");
    testSet(fix, stream, 40, 0, 0, true);
    qemuStreamHydrationEvent(stream, STREAM_HYDRATION_THROUGH, NULL);
    assertProgress(stream, "3 2 80/80 0");
}

/* One that waits for its turn is told of by its position. */
static void
testHeld(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) held = streamsFixtureRun(fix, fix->dom, "vdb");

    qemuStreamBeginHydration(first, 2);
    testSet(fix, first, 5, 0, 20, true);
    qemuStreamsSample(held, 10, 100, 0, 0, false);
    assertProgress(held, "1 0 10/100 90");
}

/* Rates are of what is counted: none is known where another count begins, but the position's,
 * since it goes on. */
static void
testRates(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");

    for (guint64 i = 1; i <= 3; i++)
        qemuStreamsSample(stream, i, 100, 0, 0, true);
    g_assert_cmpuint(stream->progress.count, ==, 3);
    qemuStreamBeginHydration(stream, 2);
    g_assert_cmpuint(stream->copying.count, ==, 0);
    for (guint64 i = 4; i <= 6; i++) {
        testSet(fix, stream, i * 5, 0, 20, true);
        qemuStreamsSample(stream, i, 100, 0, 0, true);
    }
    g_assert_cmpuint(stream->copying.count, ==, 3);
    qemuStreamHydrationEvent(stream, STREAM_HYDRATION_FAILED, "lost");
    g_assert_cmpuint(stream->progress.count, ==, 1);
    g_assert_cmpuint(stream->progress.samples[0].done, ==, 6);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    streamsFixtureAdd("/qemu_streams_progress/map", false, testMap);
    streamsFixtureAdd("/qemu_streams_progress/job-first", false, testJobFirst);
    streamsFixtureAdd("/qemu_streams_progress/stopped", false, testStopped);
    streamsFixtureAdd("/qemu_streams_progress/interrupted", false, testInterrupted);
    streamsFixtureAdd("/qemu_streams_progress/held", true, testHeld);
    streamsFixtureAdd("/qemu_streams_progress/rates", false, testRates);
    return g_test_run();
}
