/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_speed-test.c: what a job should have, what it is told, and what is seen of it */

#include "qemu/qemu_speed.h"

#define FAST (8 * QEMU_SPEED_WAITING)

static void
testGet(void)
{
    static const struct {
        guint64 bandwidth;
        guint64 iotune;
        double plan;
        bool own;
        bool held;
        unsigned long long speed;
    } cases[] = {
        { 0, 0, 0, true, false, 0 },
        { FAST, 0, 0, true, false, FAST },
        { 0, FAST, 0, true, false, FAST },
        { 0, FAST, 0, false, false, 0 }, /* stock libvirt would not slow it down, either */
        { FAST, 0, 5000, true, false, 5000 },
        { 4000, 0, 5000, true, false, 4000 },
        { FAST, 0, 0, true, true, QEMU_SPEED_WAITING },
        { 0, 0, 5000, false, true, 5000 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const qemuStream stream = {
            .settings.bandwidth = cases[i].bandwidth,
            .iotune = cases[i].iotune,
            .plan.rate = cases[i].plan,
            .startedByUs = cases[i].own,
            .waitingTurn = cases[i].held,
        };

        g_assert_cmpuint(qemuSpeedGet(&stream), ==, cases[i].speed);
    }
}

/* The speed that a job is found with is its limit, unless a virtstreamd held it, or paced it. */
static void
testFound(void)
{
    static const struct {
        unsigned long long speed;
        gint64 deadline;
        bool turns;
        guint64 bandwidth;
    } cases[] = {
        { 500, 0, true, 500 },
        { 0, 0, true, 0 },
        { 500, 1, true, 42 },
        { QEMU_SPEED_WAITING, 0, true, 42 },
        { QEMU_SPEED_WAITING, 0, false, QEMU_SPEED_WAITING },
        { 500, 1, false, 500 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const qemuGuestConfig config = { .turns = cases[i].turns };
        qemuGuest guest = { .config = &config };
        qemuStream stream = {
            .guest = &guest,
            .settings = { .bandwidth = 42, .deadline = cases[i].deadline },
        };

        qemuSpeedFound(&stream, cases[i].speed);
        g_assert_cmpuint(stream.speed, ==, cases[i].speed);
        g_assert_cmpuint(stream.settings.bandwidth, ==, cases[i].bandwidth);
    }
}

/* One at a time tells the job; what fails is to be told again. */
static void
testTold(void)
{
    qemuStream stream = { .settings.bandwidth = 1000, .speed = 500 };
    unsigned long long speed = 42;

    g_assert_false(qemuSpeedWanted(&stream, &speed)); /* not RUNNING yet */
    g_assert_cmpuint(speed, ==, 42);
    stream.state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
    g_assert_true(qemuSpeedWanted(&stream, &speed));
    g_assert_cmpuint(speed, ==, 1000);
    g_assert_false(qemuSpeedWanted(&stream, &speed));
    qemuSpeedTold(&stream, speed, false);
    g_assert_cmpuint(stream.speed, ==, 500);
    g_assert_true(qemuSpeedWanted(&stream, &speed));
    qemuSpeedTold(&stream, speed, true);
    g_assert_cmpuint(stream.speed, ==, 1000);
    g_assert_false(qemuSpeedWanted(&stream, &speed));
}

/* Only an answer that no change of ours can have crossed tells what others did. */
static void
testSeen(void)
{
    qemuStream stream = {
        .state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING,
        .settings.bandwidth = 1000,
        .speed = 500,
    };
    unsigned long long speed;

    g_assert_true(qemuSpeedWanted(&stream, &speed));
    qemuSpeedSeen(&stream, 7, 0);
    qemuSpeedSeen(&stream, 7, 1);
    qemuSpeedTold(&stream, speed, true);
    qemuSpeedSeen(&stream, 7, 0);
    qemuSpeedSeen(&stream, 7, 1);
    qemuSpeedSeen(&stream, 1000, 2);
    g_assert_cmpuint(stream.settings.bandwidth, ==, 1000);
    g_assert_cmpuint(stream.speed, ==, 1000);
    qemuSpeedSeen(&stream, 7, 2);
    g_assert_cmpuint(stream.settings.bandwidth, ==, 7);
    g_assert_cmpuint(stream.speed, ==, 7);
    g_assert_false(qemuSpeedWanted(&stream, &speed));
}

/* The turn among streams with so much left each; -1: that one has the turn */
static int
testNextTurnOf(guint len, const int *left)
{
    g_autoptr(GPtrArray) streams = g_ptr_array_new_with_free_func(g_free);
    qemuStream *next;

    for (guint i = 0; i < len; i++) {
        qemuStream *stream = g_new0(qemuStream, 1);

        stream->waitingTurn = left[i] >= 0;
        stream->progress.total = left[i] >= 0 ? (guint64) left[i] : 0;
        g_ptr_array_add(streams, stream);
    }
    next = qemuSpeedNextTurn(streams);
    for (guint i = 0; next && i < len; i++) {
        if (g_ptr_array_index(streams, i) == next)
            return (int) i;
    }
    return -1;
}

static void
testNextTurn(void)
{
    g_assert_cmpint(testNextTurnOf(0, NULL), ==, -1);
    g_assert_cmpint(testNextTurnOf(1, (int[]) { 5 }), ==, 0);
    g_assert_cmpint(testNextTurnOf(1, (int[]) { -1 }), ==, -1);
    g_assert_cmpint(testNextTurnOf(3, (int[]) { 5, 3, 4 }), ==, 1);
    g_assert_cmpint(testNextTurnOf(3, (int[]) { 3, 4, -1 }), ==, -1);
    g_assert_cmpint(testNextTurnOf(3, (int[]) { -1, 3, 4 }), ==, -1);
    g_assert_cmpint(testNextTurnOf(3, (int[]) { 4, 2, 2 }), ==, 1); /* the oldest of equals */
    g_assert_cmpint(testNextTurnOf(2, (int[]) { 4, 0 }), ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_speed/next-turn", testNextTurn);
    g_test_add_func("/qemu_speed/get", testGet);
    g_test_add_func("/qemu_speed/found", testFound);
    g_test_add_func("/qemu_speed/told", testTold);
    g_test_add_func("/qemu_speed/seen", testSeen);
    return g_test_run();
}
