/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_bucket-test.c: a spender that waits as it is told, by a clock of its own */

#include "hydrate/hydrate_bucket.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define MIB (1024 * 1024ULL)

/* Spends ranges of @size until @end; returns how many bytes. */
static guint64
testSpend(hydrateBucket *bucket, gint64 *now, gint64 end, guint64 size)
{
    guint64 spent = 0;

    while (*now < end) {
        gint64 wait = hydrateBucketWait(bucket, *now);

        g_assert_cmpint(wait, >=, 0);
        if (wait == 0) {
            hydrateBucketSpend(bucket, size);
            spent += size;
        }
        *now += wait;
    }
    return spent;
}

/* On average the rate holds, whatever the size of the ranges: at most one of them more, and the
 * tenth of a second that the bucket holds */
static void
testRate(void)
{
    static const guint64 rates[] = { 1000, 64 * 1024, MIB, 100 * MIB + 1 };
    static const guint64 sizes[] = { 512, 64 * 1024, 4 * MIB, 32 * MIB };

    for (gsize r = 0; r < G_N_ELEMENTS(rates); r++) {
        for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++) {
            hydrateBucket bucket = { 0 };
            gint64 now = 1000 * SECOND;
            guint64 due = 10 * rates[r];
            guint64 spent;

            hydrateBucketSetRate(&bucket, rates[r], now);
            spent = testSpend(&bucket, &now, now + 10 * SECOND, sizes[s]);
            g_assert_cmpuint(spent, <=, due + sizes[s] + rates[r] / 10);
            g_assert_cmpuint(spent, >=, due - due / 100);
        }
    }
}

static void
testNoRate(void)
{
    hydrateBucket bucket = { 0 };

    g_assert_cmpint(hydrateBucketWait(&bucket, 0), ==, 0);
    hydrateBucketSpend(&bucket, G_MAXUINT64);
    g_assert_cmpint(hydrateBucketWait(&bucket, 0), ==, 0);

    /* and nothing of that is owed later */
    hydrateBucketSetRate(&bucket, 1000, SECOND);
    g_assert_cmpint(hydrateBucketWait(&bucket, SECOND + 1), ==, 0);
}

/* It does not save up: after an hour of rest a tenth of a second's worth may be spent at once. */
static void
testRest(void)
{
    hydrateBucket bucket = { 0 };

    hydrateBucketSetRate(&bucket, 1000, 0);
    g_assert_cmpint(hydrateBucketWait(&bucket, 3600 * SECOND), ==, 0);
    hydrateBucketSpend(&bucket, 99);
    g_assert_cmpint(hydrateBucketWait(&bucket, 3600 * SECOND), ==, 0);
    hydrateBucketSpend(&bucket, 1);
    g_assert_cmpint(hydrateBucketWait(&bucket, 3600 * SECOND), >, 0);
}

/* What is spent in advance is waited for, no longer and no shorter. */
static void
testAdvance(void)
{
    hydrateBucket bucket = { 0 };

    hydrateBucketSetRate(&bucket, MIB, 0);
    g_assert_cmpint(hydrateBucketWait(&bucket, SECOND), ==, 0);
    hydrateBucketSpend(&bucket, 32 * MIB);
    g_assert_cmpint(ABS(hydrateBucketWait(&bucket, SECOND) - 31900000), <=, 1);
    g_assert_cmpint(ABS(hydrateBucketWait(&bucket, 32 * SECOND) - 900000), <=, 1);
    g_assert_cmpint(hydrateBucketWait(&bucket, 32900001), ==, 0);
}

/* Another rate counts from its moment; what is owed is kept, and paid at the new rate. */
static void
testChange(void)
{
    hydrateBucket bucket = { 0 };
    gint64 now = 0;
    guint64 spent;

    hydrateBucketSetRate(&bucket, 1, now);
    g_assert_cmpint(hydrateBucketWait(&bucket, SECOND), ==, 0);
    hydrateBucketSpend(&bucket, 10 * MIB);
    g_assert_cmpint(hydrateBucketWait(&bucket, SECOND), >, 1000 * SECOND);
    hydrateBucketSetRate(&bucket, MIB, SECOND);
    g_assert_cmpint(hydrateBucketWait(&bucket, SECOND), <, 11 * SECOND);
    g_assert_cmpint(hydrateBucketWait(&bucket, 10 * SECOND), >, 0);
    g_assert_cmpint(hydrateBucketWait(&bucket, 12 * SECOND), ==, 0);

    /* up and down every second: the mean holds */
    now = 12 * SECOND;
    spent = 0;
    for (gint64 i = 0; i < 100; i++) {
        hydrateBucketSetRate(&bucket, i % 2 ? 3 * MIB : MIB, now);
        spent += testSpend(&bucket, &now, (13 + i) * SECOND, 64 * 1024);
    }
    g_assert_cmpuint(spent, >, 198 * MIB);
    g_assert_cmpuint(spent, <, 202 * MIB);

    /* without a rate nothing is waited for, and after it as before */
    hydrateBucketSpend(&bucket, 100 * MIB);
    hydrateBucketSetRate(&bucket, 0, now);
    g_assert_cmpint(hydrateBucketWait(&bucket, now), ==, 0);
    hydrateBucketSetRate(&bucket, MIB, now);
    g_assert_cmpint(hydrateBucketWait(&bucket, now), >, 90 * SECOND);
}

static void
testPortion(void)
{
    static const struct {
        guint64 rate;
        guint64 portion;
    } cases[] = {
        { 1, 64 * 1024 },
        { 10 * 64 * 1024, 64 * 1024 },
        { 20 * 64 * 1024, 128 * 1024 },
        { 20 * 64 * 1024 - 10, 64 * 1024 },
        { 50 * MIB, 4 * MIB },
        { 0, 1ULL << 63 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        hydrateBucket bucket = { .rate = cases[i].rate };

        g_assert_cmpuint(hydrateBucketPortion(&bucket, 64 * 1024), ==, cases[i].portion);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hydrate_bucket/rate", testRate);
    g_test_add_func("/hydrate_bucket/no-rate", testNoRate);
    g_test_add_func("/hydrate_bucket/rest", testRest);
    g_test_add_func("/hydrate_bucket/advance", testAdvance);
    g_test_add_func("/hydrate_bucket/change", testChange);
    g_test_add_func("/hydrate_bucket/portion", testPortion);
    return g_test_run();
}
