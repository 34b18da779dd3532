/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_deadline-test.c: copying by a clock of its own, as fast as it may or as it can */

#include "stream/stream_deadline.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define MIB (1024 * 1024ULL)

/* How a copying went */
typedef struct {
    gint64 end;   /* 0: not within an hour */
    guint64 most; /* in one second */
    guint behind; /* seconds */
} testRun;

/* Copies @total bytes by a deadline after @seconds: each second what the pace allows, but not
 * more than @gently with regard for the guest, and @fast without. */
static testRun
testCopy(guint64 total, gint64 seconds, guint64 gently, guint64 fast)
{
    streamDeadline pace = { 0 };
    testRun run = { 0 };
    guint64 left = total;

    for (gint64 now = 0; now < 3600 * SECOND; now += SECOND) {
        guint64 copied;

        if (left == 0) {
            run.end = now;
            break;
        }
        streamDeadlineStep(&pace, seconds * SECOND, left, now);
        copied = MIN(streamDeadlineLimit(&pace, pace.behind ? fast : gently), left);
        run.most = MAX(run.most, copied);
        run.behind += pace.behind;
        left -= copied;
    }
    return run;
}

/* Where nothing is in the way, it ends a little before its time, at about one rate. */
static void
testSteady(void)
{
    static const gint64 times[] = { 20, 60, 600, 3000 };

    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        testRun run = testCopy(6000 * MIB, times[i], 1000 * MIB, 1000 * MIB);

        g_assert_cmpint(run.end, >, times[i] * SECOND * 3 / 4);
        g_assert_cmpint(run.end, <=, times[i] * SECOND);
        g_assert_cmpuint(run.most, <, 6000 * MIB / (guint64) (times[i] - 2) * 5 / 4);
        g_assert_cmpuint(run.behind, ==, 0);
    }
}

/* With regard for the guest it would be late: then, and only then, there is none. */
static void
testBehind(void)
{
    testRun late = testCopy(6000 * MIB, 600, 8 * MIB, 100 * MIB);
    testRun timely = testCopy(6000 * MIB, 600, 12 * MIB, 100 * MIB);

    g_assert_cmpint(late.end, <=, 600 * SECOND);
    g_assert_cmpint(late.end, >, 450 * SECOND);
    g_assert_cmpuint(late.behind, >, 0);
    g_assert_cmpuint(late.behind, <, 60);
    g_assert_cmpint(timely.end, <=, 600 * SECOND);
    g_assert_cmpuint(timely.behind, ==, 0);
}

/* What cannot be had is tried: all the time, and after the deadline, too. */
static void
testHopeless(void)
{
    testRun run = testCopy(6000 * MIB, 10, MIB, 10 * MIB);

    g_assert_cmpuint(run.most, ==, 10 * MIB);
    g_assert_cmpint(run.end, >=, 600 * SECOND);
    g_assert_cmpint(run.end, <, 605 * SECOND);
}

/* The lower limit wins; without a plan, and behind it, there is only the user's. */
static void
testLimit(void)
{
    streamDeadline pace = { 0 };

    g_assert_cmpuint(streamDeadlineLimit(&pace, 0), ==, 0);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 7), ==, 7);
    streamDeadlineStep(&pace, 102 * SECOND, 800, 0);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 0), ==, 9);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 8), ==, 8);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 10), ==, 9);
    streamDeadlineStep(&pace, 102 * SECOND, 800, 50 * SECOND);
    g_assert_true(pace.behind);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 0), ==, 0);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 8), ==, 8);
    streamDeadlineStep(&pace, 102 * SECOND, 400, 50 * SECOND + 1);
    g_assert_true(pace.behind); /* the reserve is still used up */
    streamDeadlineStep(&pace, 102 * SECOND, 340, 51 * SECOND);
    g_assert_false(pace.behind);

    /* so little, in so long a time: more than nothing */
    streamDeadlineStep(&pace, 1000000 * SECOND, 1, 0);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 0), ==, 1);
}

static void
testUnknown(void)
{
    streamDeadline pace = { 0 };

    streamDeadlineStep(&pace, 100 * SECOND, G_MAXUINT64, 0);
    g_assert_true(pace.behind);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 0), ==, 0);
    streamDeadlineStep(&pace, 100 * SECOND, 1000, 2 * SECOND);
    g_assert_false(pace.behind);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 0), >, 0);
}

/* Less is left than it was thought: a gentler plan. More: behind. */
static void
testFound(void)
{
    streamDeadline pace = { 0 };
    guint64 before;

    streamDeadlineStep(&pace, 100 * SECOND, 1000 * MIB, 0);
    before = streamDeadlineLimit(&pace, 0);
    streamDeadlineStep(&pace, 100 * SECOND, 400 * MIB, SECOND);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 0), <, before / 2);
    streamDeadlineStep(&pace, 100 * SECOND, 500 * MIB, SECOND);
    g_assert_true(pace.behind);
    streamDeadlineStep(&pace, 100 * SECOND, 0, SECOND);
    g_assert_false(pace.behind);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 0), ==, 0);
}

/* Another deadline is another plan, and none is none. */
static void
testChange(void)
{
    streamDeadline pace = { 0 };
    guint64 before;

    streamDeadlineStep(&pace, 10 * SECOND, 1000, 0);
    before = streamDeadlineLimit(&pace, 0);
    streamDeadlineStep(&pace, 10 * SECOND, 1000, 9 * SECOND);
    g_assert_true(pace.behind);
    streamDeadlineStep(&pace, 100 * SECOND, 1000, 9 * SECOND);
    g_assert_false(pace.behind);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 0), <, before);
    streamDeadlineStep(&pace, 0, 1000, 10 * SECOND);
    g_assert_false(pace.behind);
    g_assert_cmpuint(streamDeadlineLimit(&pace, 0), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream_deadline/steady", testSteady);
    g_test_add_func("/stream_deadline/behind", testBehind);
    g_test_add_func("/stream_deadline/hopeless", testHopeless);
    g_test_add_func("/stream_deadline/limit", testLimit);
    g_test_add_func("/stream_deadline/unknown", testUnknown);
    g_test_add_func("/stream_deadline/found", testFound);
    g_test_add_func("/stream_deadline/change", testChange);
    return g_test_run();
}
