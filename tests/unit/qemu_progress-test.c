/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_progress-test.c: a copy that is stepped through time */

#include "qemu/qemu_progress.h"

#define SECOND G_USEC_PER_SEC
#define MIB (1024 * 1024)

/* One sample a second, of a copy of 1000 MiB that is @rate MiB/s fast */
static void
testCopy(qemuProgress *progress, gint64 *now, int seconds, guint64 rate)
{
    for (int i = 0; i < seconds; i++) {
        *now += SECOND;
        qemuProgressSet(progress, progress->done + rate * MIB, 1000 * (guint64) MIB);
        qemuProgressMark(progress, *now);
    }
}

static void
testAssertRate(const qemuProgress *progress, guint64 expected)
{
    guint64 rate;

    g_assert_true(qemuProgressRate(progress, &rate));
    g_assert_cmpuint(rate, ==, expected);
}

static void
testAssertUnknown(const qemuProgress *progress)
{
    guint64 untouched = 42;

    g_assert_false(qemuProgressRate(progress, &untouched));
    g_assert_false(qemuProgressRemaining(progress, &untouched));
    g_assert_cmpuint(untouched, ==, 42);
}

static void
testBegin(void)
{
    qemuProgress progress = { 0 };
    gint64 now = 100 * (gint64) SECOND;

    g_assert_cmpuint(qemuProgressLeft(&progress), ==, 0);
    testAssertUnknown(&progress);

    qemuProgressSet(&progress, 0, 100);
    g_assert_cmpuint(qemuProgressLeft(&progress), ==, 100);
    testAssertUnknown(&progress);

    testCopy(&progress, &now, 1, 5);
    testAssertUnknown(&progress);

    testCopy(&progress, &now, 1, 5);
    testAssertRate(&progress, 5 * MIB);
}

static void
testSteady(void)
{
    qemuProgress progress = { 0 };
    gint64 now = 0;
    guint64 ms;

    for (int i = 0; i < 100; i++) {
        testCopy(&progress, &now, 1, 5);
        if (i > 0)
            testAssertRate(&progress, 5 * MIB);
    }
    g_assert_cmpuint(qemuProgressLeft(&progress), ==, 500 * (guint64) MIB);
    g_assert_true(qemuProgressRemaining(&progress, &ms));
    g_assert_cmpuint(ms, ==, 100 * 1000);
}

/* Ten samples span nine seconds: after these the rate is the new one altogether. */
static void
testWindow(void)
{
    qemuProgress progress = { 0 };
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
    qemuProgress progress = { 0 };
    gint64 now = 0;
    guint64 untouched = 42;

    testCopy(&progress, &now, 5, 5);
    testCopy(&progress, &now, QEMU_PROGRESS_SAMPLES, 0);
    testAssertRate(&progress, 0);
    g_assert_false(qemuProgressRemaining(&progress, &untouched));
    g_assert_cmpuint(untouched, ==, 42);
}

/* A look in between moves the position, not the rate. */
static void
testLook(void)
{
    qemuProgress progress = { 0 };
    gint64 now = 0;

    testCopy(&progress, &now, 3, 5);
    qemuProgressSet(&progress, 16 * MIB, 100 * MIB);
    g_assert_cmpuint(qemuProgressLeft(&progress), ==, 84 * MIB);
    testAssertRate(&progress, 5 * MIB);
}

/* From here on only what comes counts, seen from the latest sample. */
static void
testRestart(void)
{
    qemuProgress progress = { 0 };
    gint64 now = 0;

    qemuProgressRestart(&progress);
    testAssertUnknown(&progress);
    testCopy(&progress, &now, 13, 5);
    qemuProgressRestart(&progress);
    testAssertUnknown(&progress);
    g_assert_cmpuint(progress.done, ==, 65 * MIB);
    testCopy(&progress, &now, 1, 3);
    testAssertRate(&progress, 3 * MIB);
    testCopy(&progress, &now, 1, 1);
    testAssertRate(&progress, 2 * MIB);
}

static void
testBack(void)
{
    qemuProgress progress = { 0 };
    gint64 now = 0;

    testCopy(&progress, &now, 30, 5);
    qemuProgressSet(&progress, 10 * MIB, 100 * MIB);
    testAssertUnknown(&progress);
    g_assert_cmpuint(qemuProgressLeft(&progress), ==, 90 * MIB);

    testCopy(&progress, &now, 1, 3);
    testAssertUnknown(&progress);
    testCopy(&progress, &now, 1, 3);
    testAssertRate(&progress, 3 * MIB);
}

static void
testNoTime(void)
{
    qemuProgress progress = { 0 };

    qemuProgressSet(&progress, 1, 100);
    qemuProgressMark(&progress, 7);
    qemuProgressSet(&progress, 2, 100);
    qemuProgressMark(&progress, 7);
    testAssertUnknown(&progress);
    qemuProgressMark(&progress, 6);
    testAssertUnknown(&progress);
    qemuProgressMark(&progress, 8);
    testAssertRate(&progress, SECOND);
}

static void
testEnd(void)
{
    qemuProgress progress = { 0 };
    gint64 now = 0;
    guint64 ms;

    testCopy(&progress, &now, 10, 100);
    g_assert_cmpuint(qemuProgressLeft(&progress), ==, 0);
    g_assert_true(qemuProgressRemaining(&progress, &ms));
    g_assert_cmpuint(ms, ==, 0);
}

/* The end is never before the position. */
static void
testBeyond(void)
{
    qemuProgress progress = { 0 };

    qemuProgressSet(&progress, 200, 100);
    g_assert_cmpuint(progress.total, ==, 200);
    g_assert_cmpuint(qemuProgressLeft(&progress), ==, 0);
}

static void
testHuge(void)
{
    qemuProgress progress = { 0 };
    guint64 value;

    qemuProgressMark(&progress, 0);
    qemuProgressSet(&progress, 1, G_MAXUINT64);
    qemuProgressMark(&progress, SECOND);
    testAssertRate(&progress, 1);
    g_assert_true(qemuProgressRemaining(&progress, &value));
    g_assert_cmpuint(value, >=, G_MAXUINT64 / 1000);

    qemuProgressSet(&progress, G_MAXUINT64, G_MAXUINT64);
    qemuProgressMark(&progress, SECOND + 1);
    g_assert_true(qemuProgressRate(&progress, &value));
    g_assert_cmpuint(value, >=, G_MAXUINT64 / 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_progress/begin", testBegin);
    g_test_add_func("/qemu_progress/steady", testSteady);
    g_test_add_func("/qemu_progress/window", testWindow);
    g_test_add_func("/qemu_progress/stall", testStall);
    g_test_add_func("/qemu_progress/look", testLook);
    g_test_add_func("/qemu_progress/restart", testRestart);
    g_test_add_func("/qemu_progress/back", testBack);
    g_test_add_func("/qemu_progress/no-time", testNoTime);
    g_test_add_func("/qemu_progress/end", testEnd);
    g_test_add_func("/qemu_progress/beyond", testBeyond);
    g_test_add_func("/qemu_progress/huge", testHuge);
    return g_test_run();
}
