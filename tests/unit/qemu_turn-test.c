/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_turn-test.c: who gets the turn, and which speed follows */

#include "qemu/qemu_turn.h"

static void
testSpeed(void)
{
    g_assert_cmpuint(qemuTurnSpeed(false, 0), ==, 0);
    g_assert_cmpuint(qemuTurnSpeed(false, 1), ==, 1);
    g_assert_cmpuint(qemuTurnSpeed(false, G_MAXINT64), ==, G_MAXINT64);

    g_assert_cmpuint(qemuTurnSpeed(true, 0), ==, QEMU_TURN_HELD_SPEED);
    g_assert_cmpuint(qemuTurnSpeed(true, 1), ==, 1);
    g_assert_cmpuint(qemuTurnSpeed(true, QEMU_TURN_HELD_SPEED + 1), ==, QEMU_TURN_HELD_SPEED);
}

/* The turn among streams with so much left each; -1: that one has the turn */
static int
testNextOf(guint len, const int *left)
{
    g_autoptr(GPtrArray) streams = g_ptr_array_new_with_free_func(g_free);
    qemuStream *next;

    for (guint i = 0; i < len; i++) {
        qemuStream *stream = g_new0(qemuStream, 1);

        stream->held = left[i] >= 0;
        stream->progress.total = left[i] >= 0 ? (guint64) left[i] : 0;
        g_ptr_array_add(streams, stream);
    }
    next = qemuTurnNext(streams);
    for (guint i = 0; next && i < len; i++) {
        if (g_ptr_array_index(streams, i) == next)
            return (int) i;
    }
    return -1;
}

static void
testNext(void)
{
    g_assert_cmpint(testNextOf(0, NULL), ==, -1);
    g_assert_cmpint(testNextOf(1, (int[]) { 5 }), ==, 0);
    g_assert_cmpint(testNextOf(1, (int[]) { -1 }), ==, -1);
    g_assert_cmpint(testNextOf(3, (int[]) { 5, 3, 4 }), ==, 1);
    g_assert_cmpint(testNextOf(3, (int[]) { 3, 4, -1 }), ==, -1);
    g_assert_cmpint(testNextOf(3, (int[]) { -1, 3, 4 }), ==, -1);
    g_assert_cmpint(testNextOf(3, (int[]) { 4, 2, 2 }), ==, 1); /* the oldest of equals */
    g_assert_cmpint(testNextOf(2, (int[]) { 4, 0 }), ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_turn/speed", testSpeed);
    g_test_add_func("/qemu_turn/next", testNext);
    return g_test_run();
}
