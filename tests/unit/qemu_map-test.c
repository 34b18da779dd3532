/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_map-test.c: walks over images that are made up, in order and out of it */

#include "qemu/qemu_map.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define TIB (1024 * 1024 * MIB)
#define WINDOW (32 * MIB)
#define NO_MAX G_MAXUINT64

#define assertWindow(map, expectedOffset, expectedLen) \
    do { \
        guint64 offset_ = 0; \
        guint64 len_ = 0; \
        g_assert_true(qemuMapNextWindow((map), &offset_, &len_)); \
        g_assert_cmpuint(offset_, ==, (expectedOffset)); \
        g_assert_cmpuint(len_, ==, (expectedLen)); \
    } while (0)

#define assertRange(map, max, expectedOffset, expectedLen) \
    do { \
        guint64 offset_ = 0; \
        guint64 len_ = 0; \
        g_assert_true(qemuMapNextRange((map), (max), &offset_, &len_)); \
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

G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuMap, qemuMapFree)

/* A window is asked for and answered whole, by one extent. */
static void
testFill(qemuMap *map, guint32 depth, bool zero)
{
    guint64 offset;
    guint64 len;

    g_assert_true(qemuMapNextWindow(map, &offset, &len));
    qemuMapAdd(map, offset, len, depth, zero);
    qemuMapWindowDone(map, offset, len, len);
}

static void
testEmpty(void)
{
    g_autoptr(qemuMap) map = qemuMapNew(0, 2);

    assertNone(qemuMapNextWindow, map);
    assertNone(qemuMapNextRange, map, NO_MAX);
    g_assert_true(qemuMapIsDone(map));
    qemuMapFree(NULL);
}

/* What is in the disk's own image, too deep or nowhere is left alone. */
static void
testDepths(void)
{
    static const guint32 deepests[] = { 0, 1, 2, 3, G_MAXUINT32 };

    for (gsize i = 0; i < G_N_ELEMENTS(deepests); i++) {
        g_autoptr(qemuMap) map = qemuMapNew(6 * MIB, deepests[i]);

        assertWindow(map, 0, 6 * MIB);
        for (guint32 depth = 0; depth < 5; depth++)
            qemuMapAdd(map, depth * MIB, MIB, depth, false);
        qemuMapAdd(map, 5 * MIB, MIB, G_MAXUINT32, false);
        qemuMapWindowDone(map, 0, 6 * MIB, 6 * MIB);
        if (deepests[i] == 2)
            assertRange(map, NO_MAX, 2 * MIB, MIB);
        else if (deepests[i] == 3)
            assertRange(map, NO_MAX, 2 * MIB, 2 * MIB);
        else if (deepests[i] == G_MAXUINT32)
            assertRange(map, NO_MAX, 2 * MIB, 4 * MIB);
        assertNone(qemuMapNextRange, map, NO_MAX);
        g_assert_true(qemuMapIsDone(map));
    }
}

/* Neighbours become one range, across windows too, and ranges are cut to the maximum. */
static void
testRanges(void)
{
    g_autoptr(qemuMap) map = qemuMapNew(2 * WINDOW, 3);

    assertWindow(map, 0, WINDOW);
    qemuMapAdd(map, 0, 0, 2, false);
    qemuMapAdd(map, WINDOW - 3 * MIB, MIB, 2, false);
    qemuMapAdd(map, WINDOW - 2 * MIB, 2 * MIB, 3, false);
    qemuMapWindowDone(map, 0, WINDOW, WINDOW);
    testFill(map, 2, false);
    g_assert_cmpuint(qemuMapKnown(map), ==, 35 * MIB);

    assertRange(map, 2 * MIB, 29 * MIB, 2 * MIB);
    assertRange(map, 64 * KIB, 31 * MIB, 64 * KIB);
    g_assert_cmpuint(qemuMapKnown(map), ==, 33 * MIB - 64 * KIB);
    g_assert_false(qemuMapIsDone(map));
    assertRange(map, NO_MAX, 31 * MIB + 64 * KIB, 33 * MIB - 64 * KIB);
    g_assert_true(qemuMapIsDone(map));
}

/* What QEMU did not tell of is asked for again, before anything new. */
static void
testPartly(void)
{
    g_autoptr(qemuMap) map = qemuMapNew(WINDOW + MIB, 2);

    assertWindow(map, 0, WINDOW);
    qemuMapAdd(map, 0, 5 * MIB, 2, false);
    qemuMapWindowDone(map, 0, WINDOW, 5 * MIB);
    assertWindow(map, 5 * MIB, WINDOW - 5 * MIB);
    qemuMapWindowDone(map, 5 * MIB, WINDOW - 5 * MIB, WINDOW - 6 * MIB);
    assertWindow(map, WINDOW - MIB, MIB);
    qemuMapWindowDone(map, WINDOW - MIB, MIB, MIB);
    assertWindow(map, WINDOW, MIB);
    assertRange(map, NO_MAX, 0, 5 * MIB);
    g_assert_false(qemuMapIsDone(map));
    qemuMapWindowDone(map, WINDOW, MIB, MIB);
    g_assert_true(qemuMapIsDone(map));
}

/* All data first; then what reads as zeroes, in ranges of 32 MiB whatever the maximum. */
static void
testZeroes(void)
{
    g_autoptr(qemuMap) map = qemuMapNew(2 * WINDOW, 2);

    testFill(map, 2, true);
    testFill(map, 2, false);
    g_assert_cmpuint(qemuMapKnown(map), ==, WINDOW);
    assertNone(qemuMapNextWindow, map);
    assertRange(map, NO_MAX, WINDOW, WINDOW);
    g_assert_false(qemuMapIsDone(map));

    /* data that still seems to be missing is in flight */
    testFill(map, 2, true);
    testFill(map, 2, false);
    assertRange(map, 64 * KIB, 0, WINDOW);
    g_assert_true(qemuMapIsDone(map));
    assertNone(qemuMapNextWindow, map);
}

/* Zeroes that are nowhere, or too deep, are no reason for a second walk. */
static void
testNoZeroes(void)
{
    g_autoptr(qemuMap) map = qemuMapNew(2 * WINDOW, 2);

    testFill(map, 0, true);
    testFill(map, 3, true);
    g_assert_true(qemuMapIsDone(map));
    assertNone(qemuMapNextWindow, map);
}

/* The second walk waits for the last answer, which may have more for the first. */
static void
testTurn(void)
{
    g_autoptr(qemuMap) map = qemuMapNew(2 * WINDOW, 2);

    testFill(map, 2, true);
    assertWindow(map, WINDOW, WINDOW);
    assertNone(qemuMapNextWindow, map);
    qemuMapWindowDone(map, WINDOW, WINDOW, MIB);
    assertWindow(map, WINDOW + MIB, WINDOW - MIB);
    qemuMapAdd(map, WINDOW + MIB, MIB, 2, false);
    qemuMapWindowDone(map, WINDOW + MIB, WINDOW - MIB, WINDOW - MIB);
    assertNone(qemuMapNextWindow, map);
    assertRange(map, NO_MAX, WINDOW + MIB, MIB);
    assertWindow(map, 0, WINDOW);
}

/* Of 10 TiB in clusters of 64 KiB, every second one to be copied, little is held. */
static void
testBounds(void)
{
    g_autoptr(qemuMap) map = qemuMapNew(10 * TIB, 2);
    guint64 offset;
    guint64 len;
    guint windows = 0;

    while (qemuMapNextWindow(map, &offset, &len)) {
        for (guint64 at = 0; at < len; at += 128 * KIB)
            qemuMapAdd(map, offset + at, 64 * KIB, 2, false);
        qemuMapWindowDone(map, offset, len, len);
        windows++;
    }
    g_assert_cmpuint(windows, ==, 32); /* 32 MiB each, of them half to be copied, up to 512 MiB */
    g_assert_cmpuint(qemuMapKnown(map), ==, 512 * MIB);
    assertRange(map, NO_MAX, 0, 64 * KIB);
    assertWindow(map, 32 * WINDOW, WINDOW);
}

/* As many windows at once as are useful, and no more ranges than have their place */
static void
testScattered(void)
{
    g_autoptr(qemuMap) map = qemuMapNew(10 * TIB, 2);
    guint64 offset;
    guint64 len;

    for (guint64 i = 0; i < 4; i++)
        assertWindow(map, i * WINDOW, WINDOW);
    assertNone(qemuMapNextWindow, map);
    for (guint64 at = 0; at < WINDOW; at += 4 * KIB)
        qemuMapAdd(map, at, 2 * KIB, 2, false);
    qemuMapWindowDone(map, 0, WINDOW, WINDOW);
    assertNone(qemuMapNextWindow, map);
    g_assert_cmpuint(qemuMapKnown(map), ==, WINDOW / 2);
    g_assert_true(qemuMapNextRange(map, NO_MAX, &offset, &len));
    assertWindow(map, 4 * WINDOW, WINDOW);
}

/* --- random images against a naive model --- */

#define UNIT (64 * KIB)

typedef struct {
    guint units;
    guint32 deepest;
    guint8 *depth;  /* of each unit */
    bool *zero;
    guint *copied;  /* how often */
    GArray *asked;  /* of guint64: offset, len, of windows that are not answered */
    bool zeroes;    /* some of them were handed out */
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
    image->zeroes = false;
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
testAnswer(testImage *image, qemuMap *map)
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
        qemuMapAdd(map, i * UNIT, UNIT, image->depth[i], image->zero[i]);
    qemuMapWindowDone(map, offset, len, units * UNIT);
}

/* Takes a range, checks and copies it. */
static void
testTake(testImage *image, qemuMap *map)
{
    guint64 max = UNIT << g_test_rand_int_range(0, 7);
    guint64 known = qemuMapKnown(map);
    guint64 offset;
    guint64 len;

    if (!qemuMapNextRange(map, max, &offset, &len)) {
        g_assert_cmpuint(known, ==, 0);
        return;
    }
    g_assert_cmpuint(len, >, 0);
    g_assert_cmpuint(qemuMapKnown(map), ==, known - len);
    image->zeroes |= image->zero[offset / UNIT];
    g_assert_cmpuint(len, <=, image->zeroes ? 32 * MIB : max);
    for (guint64 i = offset / UNIT; i < (offset + len) / UNIT; i++) {
        g_assert_true(testIsWanted(image, (guint) i));
        g_assert_true(image->zero[i] == image->zeroes);
        image->copied[i]++;
    }
}

static void
testRandom(void)
{
    for (guint round = 0; round < 300; round++) {
        testImage image;
        g_autoptr(qemuMap) map = NULL;
        guint64 window[2];

        testImageInit(&image);
        map = qemuMapNew(image.units * UNIT, image.deepest);
        while (!qemuMapIsDone(map)) {
            if (g_test_rand_bit() && qemuMapNextWindow(map, &window[0], &window[1]))
                g_array_append_vals(image.asked, window, 2);
            if (g_test_rand_bit() && image.asked->len > 0)
                testAnswer(&image, map);
            if (g_test_rand_bit())
                testTake(&image, map);
        }
        g_assert_cmpuint(image.asked->len, ==, 0);
        for (guint i = 0; i < image.units; i++)
            g_assert_cmpuint(image.copied[i], ==, testIsWanted(&image, i));
        testImageClear(&image);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_map/empty", testEmpty);
    g_test_add_func("/qemu_map/depths", testDepths);
    g_test_add_func("/qemu_map/ranges", testRanges);
    g_test_add_func("/qemu_map/partly", testPartly);
    g_test_add_func("/qemu_map/zeroes", testZeroes);
    g_test_add_func("/qemu_map/no-zeroes", testNoZeroes);
    g_test_add_func("/qemu_map/turn", testTurn);
    g_test_add_func("/qemu_map/bounds", testBounds);
    g_test_add_func("/qemu_map/scattered", testScattered);
    g_test_add_func("/qemu_map/random", testRandom);
    return g_test_run();
}
