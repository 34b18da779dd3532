/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_map-test.c: walks over images that are made up, in order and out of it */

#include "hydrate/hydrate_map.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define TIB (1024 * 1024 * MIB)
#define WINDOW (32 * MIB)
#define NO_MAX G_MAXUINT64

#define assertWindow(map, expectedOffset, expectedLen) \
    do { \
        guint64 offset_ = 0; \
        guint64 len_ = 0; \
        g_assert_true(hydrateMapNextWindow((map), &offset_, &len_)); \
        g_assert_cmpuint(offset_, ==, (expectedOffset)); \
        g_assert_cmpuint(len_, ==, (expectedLen)); \
    } while (0)

#define assertRange(map, max, expectedOffset, expectedLen) \
    do { \
        guint64 offset_ = 0; \
        guint64 len_ = 0; \
        g_assert_true(hydrateMapNextRange((map), (max), &offset_, &len_)); \
        g_assert_cmpuint(offset_, ==, (expectedOffset)); \
        g_assert_cmpuint(len_, ==, (expectedLen)); \
    } while (0)

/* Nothing is handed out now, and outputs stay as they are. */
#define assertNone(next, ...) \
    do { \
        guint64 offset_ = 1; \
        guint64 len_ = 2; \
        g_assert_false(next(__VA_ARGS__, &offset_, &len_)); \
        g_assert_cmpuint(offset_, ==, 1); \
        g_assert_cmpuint(len_, ==, 2); \
    } while (0)

#define assertLeft(map, expected, expectedExact) \
    do { \
        bool exact_ = !(expectedExact); \
        g_assert_cmpuint(hydrateMapLeft((map), &exact_), ==, (expected)); \
        g_assert_cmpint(exact_, ==, (expectedExact)); \
    } while (0)

/* A window is asked for and answered whole, by one extent. */
static void
testFill(hydrateMap *map, guint32 depth, bool zero)
{
    guint64 offset;
    guint64 len;

    g_assert_true(hydrateMapNextWindow(map, &offset, &len));
    hydrateMapAdd(map, offset, len, depth, zero);
    hydrateMapWindowDone(map, offset, len, len);
}

static void
testEmpty(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(0, 2);

    assertNone(hydrateMapNextWindow, map);
    assertNone(hydrateMapNextRange, map, NO_MAX);
    g_assert_true(hydrateMapIsDone(map));
    hydrateMapFree(NULL);
}

/* What is in the disk's own image, too deep or nowhere is left alone. */
static void
testDepths(void)
{
    static const guint32 deepests[] = { 0, 1, 2, 3, G_MAXUINT32 };

    for (gsize i = 0; i < G_N_ELEMENTS(deepests); i++) {
        g_autoptr(hydrateMap) map = hydrateMapNew(6 * MIB, deepests[i]);

        assertWindow(map, 0, 6 * MIB);
        for (guint32 depth = 0; depth < 5; depth++)
            hydrateMapAdd(map, depth * MIB, MIB, depth, false);
        hydrateMapAdd(map, 5 * MIB, MIB, G_MAXUINT32, false);
        hydrateMapWindowDone(map, 0, 6 * MIB, 6 * MIB);
        if (deepests[i] == 2)
            assertRange(map, NO_MAX, 2 * MIB, MIB);
        else if (deepests[i] == 3)
            assertRange(map, NO_MAX, 2 * MIB, 2 * MIB);
        else if (deepests[i] == G_MAXUINT32)
            assertRange(map, NO_MAX, 2 * MIB, 4 * MIB);
        assertNone(hydrateMapNextRange, map, NO_MAX);
        g_assert_true(hydrateMapIsDone(map));
    }
}

/* Neighbours become one range, across windows too, and ranges are cut to the maximum. */
static void
testRanges(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(2 * WINDOW, 3);

    assertWindow(map, 0, WINDOW);
    hydrateMapAdd(map, 0, 0, 2, false);
    hydrateMapAdd(map, WINDOW - 3 * MIB, MIB, 2, false);
    hydrateMapAdd(map, WINDOW - 2 * MIB, 2 * MIB, 3, false);
    hydrateMapWindowDone(map, 0, WINDOW, WINDOW);
    testFill(map, 2, false);
    assertLeft(map, 35 * MIB, true);

    assertRange(map, 2 * MIB, 29 * MIB, 2 * MIB);
    assertRange(map, 64 * KIB, 31 * MIB, 64 * KIB);
    assertLeft(map, 33 * MIB - 64 * KIB, true);
    g_assert_false(hydrateMapIsDone(map));
    assertRange(map, NO_MAX, 31 * MIB + 64 * KIB, 33 * MIB - 64 * KIB);
    g_assert_true(hydrateMapIsDone(map));
}

/* What QEMU did not tell of is asked for again, before anything new. */
static void
testPartly(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(WINDOW + MIB, 2);

    assertWindow(map, 0, WINDOW);
    hydrateMapAdd(map, 0, 5 * MIB, 2, false);
    hydrateMapWindowDone(map, 0, WINDOW, 5 * MIB);
    assertWindow(map, 5 * MIB, WINDOW - 5 * MIB);
    hydrateMapWindowDone(map, 5 * MIB, WINDOW - 5 * MIB, WINDOW - 6 * MIB);
    assertWindow(map, WINDOW - MIB, MIB);
    hydrateMapWindowDone(map, WINDOW - MIB, MIB, MIB);
    assertWindow(map, WINDOW, MIB);
    assertRange(map, NO_MAX, 0, 5 * MIB);
    g_assert_false(hydrateMapIsDone(map));
    hydrateMapWindowDone(map, WINDOW, MIB, MIB);
    g_assert_true(hydrateMapIsDone(map));
}

/* All data first, then what reads as zeroes, in ranges eight times as long, of 32 MiB at most. */
static void
testZeroes(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(4 * WINDOW, 2);

    testFill(map, 2, true);
    testFill(map, 2, false);
    testFill(map, 2, true);
    assertRange(map, NO_MAX, WINDOW, WINDOW);
    assertNone(hydrateMapNextRange, map, NO_MAX); /* there may be data yet */
    testFill(map, 2, false);
    assertRange(map, NO_MAX, 3 * WINDOW, WINDOW);
    assertRange(map, 64 * KIB, 0, 512 * KIB);
    assertRange(map, 8 * MIB, 512 * KIB, WINDOW - 512 * KIB);
    g_assert_false(hydrateMapIsDone(map));
    assertRange(map, NO_MAX, 2 * WINDOW, WINDOW);
    g_assert_true(hydrateMapIsDone(map));
    assertNone(hydrateMapNextWindow, map);
}

/* Zeroes are merged beside data that lies between them, and cut like data to the maximum. */
static void
testZeroesApart(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(2 * WINDOW, 2);

    testFill(map, 2, true);
    testFill(map, 2, true);
    assertRange(map, NO_MAX, 0, WINDOW);
    assertRange(map, MIB, WINDOW, 8 * MIB);
    assertRange(map, 4 * MIB, WINDOW + 8 * MIB, WINDOW - 8 * MIB);
    g_assert_true(hydrateMapIsDone(map));
}

/* What is left: what is known, and of the rest as much as the part that is known lets expect */
static void
testLeft(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(4 * WINDOW, 3);

    assertLeft(map, 4 * WINDOW, false);
    assertWindow(map, 0, WINDOW);
    assertLeft(map, 4 * WINDOW, false);
    hydrateMapAdd(map, 0, 4 * MIB, 2, false);
    hydrateMapAdd(map, 4 * MIB, 4 * MIB, 3, true);
    hydrateMapAdd(map, 8 * MIB, 4 * MIB, 4, false);
    hydrateMapAdd(map, 12 * MIB, 4 * MIB, 1, false);
    hydrateMapWindowDone(map, 0, WINDOW, WINDOW / 2); /* half of that half is to be copied */
    assertLeft(map, 8 * MIB + 7 * WINDOW / 4, false);
    assertWindow(map, WINDOW / 2, WINDOW / 2);
    hydrateMapAdd(map, WINDOW / 2, WINDOW / 2, 0, true);
    hydrateMapWindowDone(map, WINDOW / 2, WINDOW / 2, WINDOW / 2);
    assertLeft(map, 8 * MIB + 3 * WINDOW / 4, false);
    assertRange(map, MIB, 0, MIB);
    assertLeft(map, 7 * MIB + 3 * WINDOW / 4, false);
    testFill(map, 0, true);
    testFill(map, 1, false);
    testFill(map, 2, true);
    assertLeft(map, 7 * MIB + WINDOW, true);
    assertRange(map, NO_MAX, MIB, 3 * MIB);
    assertRange(map, NO_MAX, 4 * MIB, 4 * MIB);
    assertLeft(map, WINDOW, true);
    assertRange(map, NO_MAX, 3 * WINDOW, WINDOW);
    assertLeft(map, 0, true);
}

/* In whatever order windows are answered, it is the order of offsets that counts. */
static void
testOrder(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(2 * WINDOW, 2);

    assertWindow(map, 0, WINDOW);
    assertWindow(map, WINDOW, WINDOW);
    hydrateMapAdd(map, WINDOW, WINDOW, 2, false);
    hydrateMapWindowDone(map, WINDOW, WINDOW, WINDOW);
    hydrateMapAdd(map, 0, 2 * MIB, 2, false);
    hydrateMapAdd(map, 3 * MIB, MIB, 2, false);
    hydrateMapWindowDone(map, 0, WINDOW, WINDOW);
    g_assert_cmpuint(hydrateMapPass(map, MIB), ==, MIB);
    assertRange(map, NO_MAX, MIB, MIB);
    assertRange(map, NO_MAX, 3 * MIB, MIB);
    assertRange(map, NO_MAX, WINDOW, WINDOW);
    g_assert_true(hydrateMapIsDone(map));
}

/* The job has been there: that is neither copied nor asked for any more. */
static void
testPass(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(4 * WINDOW + MIB, 2);

    testFill(map, 2, false);
    assertWindow(map, WINDOW, WINDOW);
    g_assert_cmpuint(hydrateMapPass(map, 0), ==, 0);
    g_assert_cmpuint(hydrateMapPass(map, 5 * MIB), ==, 5 * MIB);
    g_assert_cmpuint(hydrateMapPass(map, 4 * MIB), ==, 0);
    assertRange(map, MIB, 5 * MIB, MIB);
    g_assert_cmpuint(hydrateMapPass(map, 3 * WINDOW), ==, WINDOW - 6 * MIB);
    assertNone(hydrateMapNextRange, map, NO_MAX);
    assertWindow(map, 3 * WINDOW, WINDOW);
    hydrateMapAdd(map, 3 * WINDOW, MIB, 2, true);
    hydrateMapAdd(map, 3 * WINDOW + MIB, MIB, 2, false);
    hydrateMapWindowDone(map, 3 * WINDOW, WINDOW, WINDOW);
    hydrateMapWindowDone(map, WINDOW, WINDOW, WINDOW);
    testFill(map, 0, true);
    assertLeft(map, 2 * MIB, true);
    g_assert_cmpuint(hydrateMapPass(map, 3 * WINDOW + MIB + KIB), ==, MIB + KIB);
    assertRange(map, NO_MAX, 3 * WINDOW + MIB + KIB, MIB - KIB);
    g_assert_true(hydrateMapIsDone(map));
    g_assert_cmpuint(hydrateMapPass(map, NO_MAX), ==, 0);
    assertLeft(map, 0, true);
}

static void
testPassAll(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(10 * TIB, 2);

    g_assert_cmpuint(hydrateMapPass(map, NO_MAX), ==, 0);
    assertNone(hydrateMapNextWindow, map);
    g_assert_true(hydrateMapIsDone(map));
}

/* All of 10 TiB is one range, known long before it is copied. */
static void
testHuge(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(10 * TIB, 2);

    for (guint64 i = 0; i < 10 * TIB / WINDOW; i++)
        testFill(map, 2, false);
    assertNone(hydrateMapNextWindow, map);
    assertLeft(map, 10 * TIB, true);
    assertRange(map, NO_MAX, 0, 10 * TIB);
    g_assert_true(hydrateMapIsDone(map));
}

/* Asks and answers until there is no more room; returns how many windows that took. */
static guint
testFillUp(hydrateMap *map, bool zero)
{
    guint64 offset;
    guint64 len;
    guint windows = 0;

    for (; hydrateMapNextWindow(map, &offset, &len); windows++) {
        for (guint64 at = 0; at < len; at += 128 * KIB)
            hydrateMapAdd(map, offset + at, 64 * KIB, 2, zero);
        hydrateMapWindowDone(map, offset, len, len);
    }
    return windows;
}

/* Of 10 TiB in clusters of 64 KiB, every second one to be copied, little is held: 16384 ranges,
 * of which a window of 32 MiB has 256. */
static void
testBounds(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(10 * TIB, 2);

    g_assert_cmpuint(testFillUp(map, false), ==, 64);
    assertLeft(map, 5 * TIB, false);
    assertRange(map, NO_MAX, 0, 64 * KIB);
    assertWindow(map, 64 * WINDOW, WINDOW);
}

/* Where there is no room for more zeroes, they are handed out before all data is known. */
static void
testBoundsOfZeroes(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(10 * TIB, 2);

    g_assert_cmpuint(testFillUp(map, true), ==, 64);
    assertRange(map, NO_MAX, 0, 64 * KIB);
    assertNone(hydrateMapNextRange, map, NO_MAX);
    testFill(map, 2, false);
    assertRange(map, NO_MAX, 64 * WINDOW, WINDOW);
    assertNone(hydrateMapNextRange, map, NO_MAX);
    g_assert_cmpuint(testFillUp(map, true), ==, 1);
    assertRange(map, NO_MAX, 128 * KIB, 64 * KIB);
}

/* As many windows at once as are useful, and no more ranges than have their place */
static void
testScattered(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(10 * TIB, 2);
    guint64 offset;
    guint64 len;

    for (guint64 i = 0; i < 4; i++)
        assertWindow(map, i * WINDOW, WINDOW);
    assertNone(hydrateMapNextWindow, map);
    for (guint64 at = 0; at < WINDOW; at += 2 * KIB)
        hydrateMapAdd(map, at, KIB, 2, at % 4096 == 0);
    hydrateMapWindowDone(map, 0, WINDOW, WINDOW);
    assertNone(hydrateMapNextWindow, map);
    g_assert_true(hydrateMapNextRange(map, NO_MAX, &offset, &len));
    assertWindow(map, 4 * WINDOW, WINDOW);
}

/* --- random images against a naive model --- */

#define UNIT (64 * KIB)

typedef struct {
    guint units;
    guint32 deepest;
    guint8 *depth; /* of each unit */
    bool *zero;
    guint *copied;  /* how often */
    GArray *asked;  /* of guint64: offset, len, of windows that are not answered */
    guint64 passed; /* the job's position */
} testImage;

static void
testImageInit(testImage *image)
{
    guint8 depth = 0;
    bool zero = false;

    image->units = (guint) g_test_rand_int_range(1, 4000);
    image->deepest = (guint32) g_test_rand_int_range(0, 6);
    image->depth = g_new(guint8, image->units);
    image->zero = g_new(bool, image->units);
    image->copied = g_new0(guint, image->units);
    image->asked = g_array_new(FALSE, FALSE, sizeof(guint64));
    image->passed = 0;
    for (guint i = 0; i < image->units; i++) {
        if (g_test_rand_int_range(0, 8) == 0) {
            depth = (guint8) g_test_rand_int_range(0, 6);
            zero = g_test_rand_bit();
        }
        image->depth[i] = depth;
        image->zero[i] = zero;
    }
}

static void
testImageClear(testImage *image)
{
    g_free(image->depth);
    g_free(image->zero);
    g_free(image->copied);
    g_array_unref(image->asked);
}

static bool
testIsWanted(const testImage *image, guint unit)
{
    return image->depth[unit] >= 2 && image->depth[unit] <= image->deepest;
}

/* Answers one of the windows, whichever, and not always whole; what was handed out is as before,
 * since it may be still in flight. */
static void
testAnswer(testImage *image, hydrateMap *map)
{
    guint pick = (guint) g_test_rand_int_range(0, (gint32) image->asked->len / 2) * 2;
    guint64 offset = g_array_index(image->asked, guint64, pick);
    guint64 len = g_array_index(image->asked, guint64, pick + 1);
    guint first = (guint) (offset / UNIT);
    guint units = (guint) (len / UNIT);

    g_array_remove_range(image->asked, pick, 2);
    if (g_test_rand_bit())
        units = (guint) g_test_rand_int_range(1, (gint32) units + 1);
    for (guint i = first; i < first + units; i++)
        hydrateMapAdd(map, i * UNIT, UNIT, image->depth[i], image->zero[i]);
    hydrateMapWindowDone(map, offset, len, units * UNIT);
}

/* Takes a range, checks and copies it. */
static void
testTake(testImage *image, hydrateMap *map)
{
    guint64 max = UNIT << g_test_rand_int_range(0, 7);
    bool exact;
    guint64 left = hydrateMapLeft(map, &exact);
    guint64 offset;
    guint64 len;

    if (!hydrateMapNextRange(map, max, &offset, &len)) {
        g_assert_true(left == 0 || !exact);
        return;
    }
    g_assert_cmpuint(len, >, 0);
    g_assert_cmpuint(hydrateMapLeft(map, &exact), ==, left - len);
    g_assert_cmpuint(len, <=, image->zero[offset / UNIT] ? 8 * max : max);
    for (guint64 i = offset / UNIT; i < (offset + len) / UNIT; i++) {
        g_assert_true(testIsWanted(image, (guint) i));
        g_assert_true(image->zero[i] == image->zero[offset / UNIT]);
        image->copied[i]++;
    }
}

/* The job goes on, over whatever is there. */
static void
testGoOn(testImage *image, hydrateMap *map)
{
    image->passed += (guint64) g_test_rand_int_range(0, 64) * UNIT;
    hydrateMapPass(map, image->passed);
}

/* What is told of while the job is not there before is copied once, and the rest at most once. */
static void
testRandom(void)
{
    for (guint round = 0; round < 400; round++) {
        testImage image;
        g_autoptr(hydrateMap) map = NULL;
        guint64 window[2];
        bool exact;

        testImageInit(&image);
        map = hydrateMapNew(image.units * UNIT, image.deepest);
        while (!hydrateMapIsDone(map)) {
            if (g_test_rand_bit() && hydrateMapNextWindow(map, &window[0], &window[1]))
                g_array_append_vals(image.asked, window, 2);
            if (g_test_rand_bit() && image.asked->len > 0)
                testAnswer(&image, map);
            if (g_test_rand_bit())
                testTake(&image, map);
            if (round % 4 == 3)
                testGoOn(&image, map);
        }
        g_assert_cmpuint(image.asked->len, ==, 0);
        g_assert_cmpuint(hydrateMapLeft(map, &exact), ==, 0);
        g_assert_true(exact);
        for (guint i = 0; i < image.units; i++) {
            if (i * UNIT >= image.passed)
                g_assert_cmpuint(image.copied[i], ==, testIsWanted(&image, i));
            else
                g_assert_cmpuint(image.copied[i], <=, testIsWanted(&image, i));
        }
        testImageClear(&image);
    }
}

/* Beyond the end of the image below: all that is not the disk's own, in whole pieces. */
static void
testTail(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNewTail(5 * 1024 * MIB, 512);
    const guint64 window = 1024 * MIB;
    guint64 offset;
    guint64 len;

    assertWindow(map, 512, window);
    hydrateMapAdd(map, 512, MIB, 2, true);
    hydrateMapAdd(map, 512 + MIB, MIB, 1, false);
    hydrateMapAdd(map, 512 + 2 * MIB, window - 2 * MIB, 0, false);
    hydrateMapWindowDone(map, 512, window, window);
    assertNone(hydrateMapNextZeroes, map, NO_MAX); /* the map is not complete */
    while (hydrateMapNextWindow(map, &offset, &len)) {
        hydrateMapAdd(map, offset, len, 2, true);
        hydrateMapWindowDone(map, offset, len, len);
    }
    g_assert_false(hydrateMapIsDone(map));
    g_assert_true(hydrateMapNextZeroes(map, NO_MAX, &offset, &len));
    g_assert_cmpuint(offset, ==, 512);
    g_assert_cmpuint(len, ==, MIB);
    g_assert_true(hydrateMapNextZeroes(map, 2 * window, &offset, &len));
    g_assert_cmpuint(offset, ==, 512 + 2 * MIB);
    g_assert_cmpuint(len, ==, 2 * window);
    g_assert_true(hydrateMapNextZeroes(map, NO_MAX, &offset, &len));
    g_assert_cmpuint(offset + len, ==, 5 * window);
    g_assert_true(hydrateMapIsDone(map));
    assertNone(hydrateMapNextZeroes, map, NO_MAX);
}

static void
testTailOfNothing(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNewTail(MIB, 2 * MIB);

    g_assert_true(hydrateMapIsDone(map));
    assertNone(hydrateMapNextWindow, map);
}

/* The last range is known as soon as the map is complete, and its limit reaches it. */
static void
testIsLast(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(2 * WINDOW, 2);
    guint64 offset;
    guint64 len;

    g_assert_false(hydrateMapIsLast(map, NO_MAX));
    testFill(map, 2, false);
    g_assert_false(hydrateMapIsLast(map, NO_MAX));
    testFill(map, 1, false);
    g_assert_true(hydrateMapIsLast(map, WINDOW));
    g_assert_false(hydrateMapIsLast(map, WINDOW - 1));
    g_assert_true(hydrateMapNextRange(map, WINDOW, &offset, &len));
    g_assert_false(hydrateMapIsLast(map, NO_MAX)); /* there is none */
}

/* Zeroes come in one piece where data does not. */
static void
testIsLastZeroes(void)
{
    g_autoptr(hydrateMap) map = hydrateMapNew(MIB, 2);

    testFill(map, 2, true);
    g_assert_true(hydrateMapIsLast(map, MIB / 8));
    g_assert_false(hydrateMapIsLast(map, MIB / 16));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hydrate_map/empty", testEmpty);
    g_test_add_func("/hydrate_map/depths", testDepths);
    g_test_add_func("/hydrate_map/ranges", testRanges);
    g_test_add_func("/hydrate_map/partly", testPartly);
    g_test_add_func("/hydrate_map/zeroes", testZeroes);
    g_test_add_func("/hydrate_map/zeroes-apart", testZeroesApart);
    g_test_add_func("/hydrate_map/left", testLeft);
    g_test_add_func("/hydrate_map/order", testOrder);
    g_test_add_func("/hydrate_map/pass", testPass);
    g_test_add_func("/hydrate_map/pass-all", testPassAll);
    g_test_add_func("/hydrate_map/huge", testHuge);
    g_test_add_func("/hydrate_map/bounds", testBounds);
    g_test_add_func("/hydrate_map/bounds/zeroes", testBoundsOfZeroes);
    g_test_add_func("/hydrate_map/scattered", testScattered);
    g_test_add_func("/hydrate_map/random", testRandom);
    g_test_add_func("/hydrate_map/tail", testTail);
    g_test_add_func("/hydrate_map/tail/nothing", testTailOfNothing);
    g_test_add_func("/hydrate_map/is-last", testIsLast);
    g_test_add_func("/hydrate_map/is-last/zeroes", testIsLastZeroes);
    return g_test_run();
}
