/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_progress-test.c: a copy that is stepped through time */

#include "stream/stream_progress.h"

#define SECOND G_USEC_PER_SEC
#define MIB (1024 * 1024)

/* One sample a second, of a copy of 1000 MiB that is @rate MiB/s fast */
static void
testCopy(streamProgress *progress, gint64 *now, int seconds, guint64 rate)
{
    for (int i = 0; i < seconds; i++) {
        *now += SECOND;
        streamProgressSet(progress, progress->done + rate * MIB, 1000 * (guint64) MIB);
        streamProgressMark(progress, *now);
    }
}

static void
testAssertRate(const streamProgress *progress, guint64 expected)
{
    guint64 rate;

    g_assert_true(streamProgressRate(progress, &rate));
    g_assert_cmpuint(rate, ==, expected);
}

static void
testAssertUnknown(const streamProgress *progress)
{
    guint64 untouched = 42;

    g_assert_false(streamProgressRate(progress, &untouched));
    g_assert_false(streamProgressRemaining(progress, &untouched));
    g_assert_cmpuint(untouched, ==, 42);
}

static void
testBegin(void)
{
    streamProgress progress = { 0 };
    gint64 now = 100 * (gint64) SECOND;

    g_assert_cmpuint(streamProgressLeft(&progress), ==, 0);
    testAssertUnknown(&progress);

    streamProgressSet(&progress, 0, 100);
    g_assert_cmpuint(streamProgressLeft(&progress), ==, 100);
    testAssertUnknown(&progress);

    testCopy(&progress, &now, 1, 5);
    testAssertUnknown(&progress);

    testCopy(&progress, &now, 1, 5);
    testAssertRate(&progress, 5 * MIB);
}

static void
testSteady(void)
{
    streamProgress progress = { 0 };
    gint64 now = 0;
    guint64 ms;

    for (int i = 0; i < 100; i++) {
        testCopy(&progress, &now, 1, 5);
        if (i > 0)
            testAssertRate(&progress, 5 * MIB);
    }
    g_assert_cmpuint(streamProgressLeft(&progress), ==, 500 * (guint64) MIB);
    g_assert_true(streamProgressRemaining(&progress, &ms));
    g_assert_cmpuint(ms, ==, 100 * 1000);
}

/* Ten samples span nine seconds: after these the rate is the new one altogether. */
static void
testWindow(void)
{
    streamProgress progress = { 0 };
    gint64 now = 0;

    testCopy(&progress, &now, 25, 9);
    for (int i = 1; i <= 8; i++) {
        testCopy(&progress, &now, 1, 18);
        testAssertRate(&progress, (9 + (guint64) i) * MIB);
    }
    testCopy(&progress, &now, 1, 18);
    testAssertRate(&progress, 18 * MIB);
}

static void
testStall(void)
{
    streamProgress progress = { 0 };
    gint64 now = 0;
    guint64 untouched = 42;

    testCopy(&progress, &now, 5, 5);
    testCopy(&progress, &now, STREAM_PROGRESS_SAMPLES, 0);
    testAssertRate(&progress, 0);
    g_assert_false(streamProgressRemaining(&progress, &untouched));
    g_assert_cmpuint(untouched, ==, 42);
}

/* A look in between moves the position, not the rate. */
static void
testLook(void)
{
    streamProgress progress = { 0 };
    gint64 now = 0;

    testCopy(&progress, &now, 3, 5);
    streamProgressSet(&progress, 16 * MIB, 100 * MIB);
    g_assert_cmpuint(streamProgressLeft(&progress), ==, 84 * MIB);
    testAssertRate(&progress, 5 * MIB);
}

/* From here on only what comes counts. */
static void
testRestart(void)
{
    streamProgress progress = { 0 };
    gint64 now = 0;

    streamProgressRestart(&progress);
    testAssertUnknown(&progress);
    testCopy(&progress, &now, 13, 5);
    streamProgressRestart(&progress);
    testAssertUnknown(&progress);
    g_assert_cmpuint(progress.done, ==, 65 * MIB);
    testCopy(&progress, &now, 1, 4); /* at the pace before, for part of the time */
    testAssertUnknown(&progress);
    testCopy(&progress, &now, 1, 3);
    testAssertRate(&progress, 3 * MIB);
    testCopy(&progress, &now, 1, 1);
    testAssertRate(&progress, 2 * MIB);
    testCopy(&progress, &now, STREAM_PROGRESS_SAMPLES, 7);
    testAssertRate(&progress, 7 * MIB);
}

/* The estimate is of the new limit, at the first moment that there is one, whatever was in flight. */
static void
testLimit(void)
{
    streamProgress progress = { 0 };
    gint64 now = 0;
    guint64 ms;

    streamProgressSetLimit(&progress, 40 * MIB);
    testCopy(&progress, &now, 20, 40);
    streamProgressSetLimit(&progress, 40 * MIB);
    testAssertRate(&progress, 40 * MIB);

    streamProgressSetLimit(&progress, MIB / 4);
    testAssertUnknown(&progress);
    testCopy(&progress, &now, 1, 40);
    testAssertUnknown(&progress);
    testCopy(&progress, &now, 1, 10);
    testAssertRate(&progress, 10 * MIB);
    g_assert_true(streamProgressRemaining(&progress, &ms));
    g_assert_cmpuint(ms, ==, 150 * 4 * 1000);

    streamProgressSetLimit(&progress, 0);
    testAssertUnknown(&progress);
    testCopy(&progress, &now, 2, 50);
    g_assert_true(streamProgressRemaining(&progress, &ms));
    g_assert_cmpuint(ms, ==, 1000);
}

/* Whoever goes slower than the limit takes as long as that takes. */
static void
testLimitUnused(void)
{
    streamProgress progress = { 0 };
    gint64 now = 0;
    guint64 ms;

    streamProgressSetLimit(&progress, 40 * MIB);
    testCopy(&progress, &now, 2, 10);
    g_assert_true(streamProgressRemaining(&progress, &ms));
    g_assert_cmpuint(ms, ==, 98 * 1000);
}

static void
testBack(void)
{
    streamProgress progress = { 0 };
    gint64 now = 0;

    testCopy(&progress, &now, 30, 5);
    streamProgressSet(&progress, 10 * MIB, 100 * MIB);
    testAssertUnknown(&progress);
    g_assert_cmpuint(streamProgressLeft(&progress), ==, 90 * MIB);

    testCopy(&progress, &now, 1, 3);
    testAssertUnknown(&progress);
    testCopy(&progress, &now, 1, 3);
    testAssertRate(&progress, 3 * MIB);
}

static void
testNoTime(void)
{
    streamProgress progress = { 0 };

    streamProgressSet(&progress, 1, 100);
    streamProgressMark(&progress, 7);
    streamProgressSet(&progress, 2, 100);
    streamProgressMark(&progress, 7);
    testAssertUnknown(&progress);
    streamProgressMark(&progress, 6);
    testAssertUnknown(&progress);
    streamProgressMark(&progress, 8);
    testAssertRate(&progress, SECOND);
}

static void
testEnd(void)
{
    streamProgress progress = { 0 };
    gint64 now = 0;
    guint64 ms;

    testCopy(&progress, &now, 10, 100);
    g_assert_cmpuint(streamProgressLeft(&progress), ==, 0);
    g_assert_true(streamProgressRemaining(&progress, &ms));
    g_assert_cmpuint(ms, ==, 0);
}

/* The end is never before the position. */
static void
testBeyond(void)
{
    streamProgress progress = { 0 };

    streamProgressSet(&progress, 200, 100);
    g_assert_cmpuint(progress.total, ==, 200);
    g_assert_cmpuint(streamProgressLeft(&progress), ==, 0);
}

static void
testHuge(void)
{
    streamProgress progress = { 0 };
    guint64 value;

    streamProgressMark(&progress, 0);
    streamProgressSet(&progress, 1, G_MAXUINT64);
    streamProgressMark(&progress, SECOND);
    testAssertRate(&progress, 1);
    g_assert_true(streamProgressRemaining(&progress, &value));
    g_assert_cmpuint(value, >=, G_MAXUINT64 / 1000);

    streamProgressSet(&progress, G_MAXUINT64, G_MAXUINT64);
    streamProgressMark(&progress, SECOND + 1);
    g_assert_true(streamProgressRate(&progress, &value));
    g_assert_cmpuint(value, >=, G_MAXUINT64 / 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream_progress/begin", testBegin);
    g_test_add_func("/stream_progress/steady", testSteady);
    g_test_add_func("/stream_progress/window", testWindow);
    g_test_add_func("/stream_progress/stall", testStall);
    g_test_add_func("/stream_progress/look", testLook);
    g_test_add_func("/stream_progress/restart", testRestart);
    g_test_add_func("/stream_progress/limit", testLimit);
    g_test_add_func("/stream_progress/limit-unused", testLimitUnused);
    g_test_add_func("/stream_progress/back", testBack);
    g_test_add_func("/stream_progress/no-time", testNoTime);
    g_test_add_func("/stream_progress/end", testEnd);
    g_test_add_func("/stream_progress/beyond", testBeyond);
    g_test_add_func("/stream_progress/huge", testHuge);
    return g_test_run();
}
