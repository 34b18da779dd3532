/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_bucket-test.c: a spender that waits as it is told, by a clock of its own */

#include "qemu/qemu_bucket.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define MIB (1024 * 1024ULL)

/* Spends ranges of @size until @end; returns how many bytes. */
static guint64
testSpend(qemuBucket *bucket, gint64 *now, gint64 end, guint64 size)
{
    guint64 spent = 0;

    while (*now < end) {
        gint64 wait = qemuBucketWait(bucket, *now);

        g_assert_cmpint(wait, >=, 0);
        if (wait == 0) {
            qemuBucketSpend(bucket, size);
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
            qemuBucket bucket = { 0 };
            gint64 now = 1000 * SECOND;
            guint64 due = 10 * rates[r];
            guint64 spent;

            qemuBucketSetRate(&bucket, rates[r], now);
            spent = testSpend(&bucket, &now, now + 10 * SECOND, sizes[s]);
            g_assert_cmpuint(spent, <=, due + sizes[s] + rates[r] / 10);
            g_assert_cmpuint(spent, >=, due - due / 100);
        }
    }
}

static void
testNoRate(void)
{
    qemuBucket bucket = { 0 };

    g_assert_cmpint(qemuBucketWait(&bucket, 0), ==, 0);
    qemuBucketSpend(&bucket, G_MAXUINT64);
    g_assert_cmpint(qemuBucketWait(&bucket, 0), ==, 0);

    /* and nothing of that is owed later */
    qemuBucketSetRate(&bucket, 1000, SECOND);
    g_assert_cmpint(qemuBucketWait(&bucket, SECOND + 1), ==, 0);
}

/* It does not save up: after an hour of rest a tenth of a second's worth may be spent at once. */
static void
testRest(void)
{
    qemuBucket bucket = { 0 };

    qemuBucketSetRate(&bucket, 1000, 0);
    g_assert_cmpint(qemuBucketWait(&bucket, 3600 * SECOND), ==, 0);
    qemuBucketSpend(&bucket, 99);
    g_assert_cmpint(qemuBucketWait(&bucket, 3600 * SECOND), ==, 0);
    qemuBucketSpend(&bucket, 1);
    g_assert_cmpint(qemuBucketWait(&bucket, 3600 * SECOND), >, 0);
}

/* What is spent in advance is waited for, no longer and no shorter. */
static void
testAdvance(void)
{
    qemuBucket bucket = { 0 };

    qemuBucketSetRate(&bucket, MIB, 0);
    g_assert_cmpint(qemuBucketWait(&bucket, SECOND), ==, 0);
    qemuBucketSpend(&bucket, 32 * MIB);
    g_assert_cmpint(ABS(qemuBucketWait(&bucket, SECOND) - 31900000), <=, 1);
    g_assert_cmpint(ABS(qemuBucketWait(&bucket, 32 * SECOND) - 900000), <=, 1);
    g_assert_cmpint(qemuBucketWait(&bucket, 32900001), ==, 0);
}

/* Another rate counts from its moment; what is owed is kept, and paid at the new rate. */
static void
testChange(void)
{
    qemuBucket bucket = { 0 };
    gint64 now = 0;
    guint64 spent;

    qemuBucketSetRate(&bucket, 1, now);
    g_assert_cmpint(qemuBucketWait(&bucket, SECOND), ==, 0);
    qemuBucketSpend(&bucket, 10 * MIB);
    g_assert_cmpint(qemuBucketWait(&bucket, SECOND), >, 1000 * SECOND);
    qemuBucketSetRate(&bucket, MIB, SECOND);
    g_assert_cmpint(qemuBucketWait(&bucket, SECOND), <, 11 * SECOND);
    g_assert_cmpint(qemuBucketWait(&bucket, 10 * SECOND), >, 0);
    g_assert_cmpint(qemuBucketWait(&bucket, 12 * SECOND), ==, 0);

    /* up and down every second: the mean holds */
    now = 12 * SECOND;
    spent = 0;
    for (gint64 i = 0; i < 100; i++) {
        qemuBucketSetRate(&bucket, i % 2 ? 3 * MIB : MIB, now);
        spent += testSpend(&bucket, &now, (13 + i) * SECOND, 64 * 1024);
    }
    g_assert_cmpuint(spent, >, 198 * MIB);
    g_assert_cmpuint(spent, <, 202 * MIB);

    /* without a rate nothing is waited for, and after it as before */
    qemuBucketSpend(&bucket, 100 * MIB);
    qemuBucketSetRate(&bucket, 0, now);
    g_assert_cmpint(qemuBucketWait(&bucket, now), ==, 0);
    qemuBucketSetRate(&bucket, MIB, now);
    g_assert_cmpint(qemuBucketWait(&bucket, now), >, 90 * SECOND);
}

static void
testPortion(void)
{
    static const struct {
        guint64 rate;
        guint64 portion;
    } cases[] = {
        { 1, 64 * 1024 }, { 10 * 64 * 1024, 64 * 1024 }, { 20 * 64 * 1024, 128 * 1024 },
        { 20 * 64 * 1024 - 10, 64 * 1024 }, { 50 * MIB, 4 * MIB }, { 0, 1ULL << 63 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        qemuBucket bucket = { .rate = cases[i].rate };

        g_assert_cmpuint(qemuBucketPortion(&bucket, 64 * 1024), ==, cases[i].portion);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_bucket/rate", testRate);
    g_test_add_func("/qemu_bucket/no-rate", testNoRate);
    g_test_add_func("/qemu_bucket/rest", testRest);
    g_test_add_func("/qemu_bucket/advance", testAdvance);
    g_test_add_func("/qemu_bucket/change", testChange);
    g_test_add_func("/qemu_bucket/portion", testPortion);
    return g_test_run();
}
