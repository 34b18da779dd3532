/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams_speed-test.c: limits, speeds that others set, turns, and hydration */

#include "streams_fixture.h"

#include "qemu/qemu_turn.h"

/* Returns the limit of before. */
static guint64
testSetLimit(streamsFixture *fix, qemuStream *stream, guint64 limit)
{
    const streamSettings change = { .named = STREAM_SETTINGS_BANDWIDTH, .bandwidth = limit };

    return qemuStreamsChange(fix->streams, stream, &change).bandwidth;
}

/* A speed that somebody else gave the job is what the user wants from now on. */
static void
testSpeedForeign(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 1000);
    unsigned long long speed = 42;
    guint serial;

    g_assert_cmpuint(qemuStreamsSpeedSerial(fix->streams, stream), ==, 0);
    g_assert_cmpuint(testSetLimit(fix, stream, 3000), ==, 1000);
    g_assert_false(qemuStreamsSpeedWanted(fix->streams, stream, &speed)); /* not RUNNING yet */
    qemuStreamsConfirm(fix->streams, stream);

    serial = qemuStreamsSpeedSerial(fix->streams, stream);
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, stream, &speed));
    g_assert_cmpuint(speed, ==, 3000);
    g_assert_false(qemuStreamsSpeedWanted(fix->streams, stream, &speed)); /* one at a time */

    /* asked before the change, asked while it is made: both mean nothing */
    qemuStreamsSample(fix->streams, stream, 0, 100, 1000, serial, false);
    qemuStreamsSample(fix->streams, stream, 0, 100, 500, serial + 1, false);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 3000);
    qemuStreamsSpeedSet(fix->streams, stream, speed, true);
    g_assert_cmpuint(stream->speed, ==, 3000);
    qemuStreamsSample(fix->streams, stream, 0, 100, 1000, serial, false);
    qemuStreamsSample(fix->streams, stream, 0, 100, 500, serial + 1, false);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 3000);
    g_assert_false(qemuStreamsSpeedWanted(fix->streams, stream, &speed));

    serial = qemuStreamsSpeedSerial(fix->streams, stream);
    g_assert_cmpuint(serial % 2, ==, 0);
    qemuStreamsSample(fix->streams, stream, 0, 100, 500, serial, false);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 500);
    g_assert_cmpuint(stream->speed, ==, 500);
    g_assert_false(qemuStreamsSpeedWanted(fix->streams, stream, &speed));
}

static void
testSpeedRefused(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");
    unsigned long long speed;

    testSetLimit(fix, stream, 500);
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, stream, &speed));
    qemuStreamsSpeedSet(fix->streams, stream, speed, false);
    g_assert_cmpuint(stream->speed, ==, 0);
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, stream, &speed)); /* to be tried again */
    qemuStreamsSpeedSet(fix->streams, stream, speed, true);
    g_assert_false(qemuStreamsSpeedWanted(fix->streams, stream, &speed));
}

/* The streams of a domain that are not held, and nothing else */
static void
testAssertTurn(streamsFixture *fix, virDomainPtr dom, const char *expected)
{
    g_autoptr(GPtrArray) list = qemuStreamsListActive(fix->streams, dom);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++) {
        const qemuStream *stream = g_ptr_array_index(list, i);

        if (!stream->held)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", stream->target);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void
testTurns(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) far = streamsFixtureBegin(fix, fix->dom, "vdb", 7);
    g_autoptr(qemuStream) near = streamsFixtureAdopt(fix, fix->dom, "vdc", 0, true);
    g_autoptr(qemuStream) other G_GNUC_UNUSED = streamsFixtureRun(fix, fix->other, "vda");
    unsigned long long speed;

    testAssertTurn(fix, fix->dom, "vda");
    testAssertTurn(fix, fix->other, "vda");
    g_assert_cmpuint(first->speed, ==, 0);
    g_assert_cmpuint(far->speed, ==, 7); /* starts held, below its limit */
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, near, &speed));
    g_assert_cmpuint(speed, ==, QEMU_TURN_HELD_SPEED);
    qemuStreamsSpeedSet(fix->streams, near, speed, true);

    qemuStreamsConfirm(fix->streams, far);
    qemuStreamsSample(fix->streams, far, 10, 100, 7, 0, false);
    qemuStreamsSample(fix->streams, near, 20, 100, QEMU_TURN_HELD_SPEED, 2, false);
    qemuStreamsEnd(fix->streams, first, VIR_DOMAIN_STREAM_DISK_COMPLETED, NULL, false);
    testAssertTurn(fix, fix->dom, "vdc");
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, near, &speed));
    g_assert_cmpuint(speed, ==, 0);
    qemuStreamsSpeedSet(fix->streams, near, speed, true);

    qemuStreamsEnd(fix->streams, near, VIR_DOMAIN_STREAM_DISK_FAILED, "x", false);
    testAssertTurn(fix, fix->dom, "vdb");
    g_assert_false(qemuStreamsSpeedWanted(fix->streams, far, &speed)); /* its limit already */
    qemuStreamsEnd(fix->streams, far, VIR_DOMAIN_STREAM_DISK_STOPPED, "x", false);
    testAssertTurn(fix, fix->dom, "");
    testAssertTurn(fix, fix->other, "vda");
}

/* One whose job was refused gives the turn up. */
static void
testTurnsForget(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureBegin(fix, fix->dom, "vda", 0);
    g_autoptr(qemuStream) second G_GNUC_UNUSED = streamsFixtureRun(fix, fix->dom, "vdb");

    testAssertTurn(fix, fix->dom, "vda");
    qemuStreamsForget(fix->streams, first);
    testAssertTurn(fix, fix->dom, "vdb");
}

/* The user's limit of one that is held comes into force with the turn. */
static void
testTurnsLimit(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) held = streamsFixtureRun(fix, fix->dom, "vdb");
    unsigned long long speed;

    g_assert_cmpuint(held->speed, ==, QEMU_TURN_HELD_SPEED);
    testSetLimit(fix, held, 2 * QEMU_TURN_HELD_SPEED);
    g_assert_false(qemuStreamsSpeedWanted(fix->streams, held, &speed));
    qemuStreamsSample(fix->streams, held, 0, 100, 3 * QEMU_TURN_HELD_SPEED, 0, false);
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, held, &speed));
    g_assert_cmpuint(speed, ==, QEMU_TURN_HELD_SPEED);
    qemuStreamsSpeedSet(fix->streams, held, speed, true);
    qemuStreamsEnd(fix->streams, first, VIR_DOMAIN_STREAM_DISK_STOPPED, NULL, false);
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, held, &speed));
    g_assert_cmpuint(speed, ==, 3 * QEMU_TURN_HELD_SPEED);
}

/* One that a daemon before held has no limit, and waits again. */
static void
testTurnsFound(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureAdopt(fix, fix->dom, "vda", 500, false);
    g_autoptr(qemuStream)
        held = streamsFixtureAdopt(fix, fix->dom, "vdb", QEMU_TURN_HELD_SPEED, false);
    unsigned long long speed;

    g_assert_cmpuint(first->settings.bandwidth, ==, 500);
    g_assert_cmpuint(held->settings.bandwidth, ==, 0);
    testAssertTurn(fix, fix->dom, "vda");
    g_assert_false(qemuStreamsSpeedWanted(fix->streams, held, &speed));
}

static void
testNoTurns(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) second = streamsFixtureAdopt(fix, fix->dom, "vdb", 0, true);

    first->began = second->began - 1;
    testAssertTurn(fix, fix->dom, "vda vdb");
}

static void
testAssertNeeds(streamsFixture *fix, qemuStream *stream, bool wanted, guint64 bandwidth)
{
    qemuStreamHydrationNeeds needs = qemuStreamsGetHydrationNeeds(fix->streams, stream);

    g_assert_cmpint(needs.wanted, ==, wanted);
    g_assert_cmpuint(needs.settings.bandwidth, ==, bandwidth);
}

/* Only who runs and has the turn is hydrated. */
static void
testHydration(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 100);
    g_autoptr(qemuStream) held = streamsFixtureRun(fix, fix->dom, "vdb");

    testAssertNeeds(fix, stream, false, 100);
    testAssertNeeds(fix, held, false, 0);
    qemuStreamsConfirm(fix->streams, stream);
    testAssertNeeds(fix, stream, true, 100);

    qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STOPPED, NULL, false);
    testAssertNeeds(fix, stream, false, 100);
    testAssertNeeds(fix, held, true, 0);
}

/* The guest's iotune bounds hydration, and the job if it is ours; a lower bandwidth holds. */
static void
testIotune(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) own = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) foreign = streamsFixtureAdopt(fix, fix->other, "vda", 0, true);
    unsigned long long speed;

    qemuStreamsTune(fix->streams, own, 100);
    qemuStreamsTune(fix->streams, foreign, 100);
    testAssertNeeds(fix, own, true, 100);
    testAssertNeeds(fix, foreign, true, 100);
    g_assert_false(qemuStreamsSpeedWanted(fix->streams, foreign, &speed));
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, own, &speed));
    g_assert_cmpuint(speed, ==, 100);
    qemuStreamsSpeedSet(fix->streams, own, speed, true);

    testSetLimit(fix, own, 50);
    testAssertNeeds(fix, own, true, 50);
    testSetLimit(fix, own, 200);
    testAssertNeeds(fix, own, true, 100);
    g_assert_false(qemuStreamsSpeedWanted(fix->streams, own, &speed));
    qemuStreamsTune(fix->streams, own, 0);
    testAssertNeeds(fix, own, true, 200);
}

static void
testPaused(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");
    streamSettings change = { .named = STREAM_SETTINGS_HYDRATE, .paused = true };

    g_assert_false(qemuStreamsChange(fix->streams, stream, &change).paused);
    testAssertNeeds(fix, stream, false, 0);
    change.paused = false;
    g_assert_true(qemuStreamsChange(fix->streams, stream, &change).paused);
    testAssertNeeds(fix, stream, true, 0);
}

/* The plan to a deadline bounds the job and its hydrator, and counts those that wait for them;
 * behind it there is no regard for the guest. */
static void
testDeadline(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) held = streamsFixtureRun(fix, fix->dom, "vdb");
    streamSettings change = {
        .named = STREAM_SETTINGS_DEADLINE | STREAM_SETTINGS_REGARD,
        .regard = { .factor = 3 },
        .deadline = g_get_monotonic_time() + 1002 * (gint64) G_USEC_PER_SEC,
    };
    streamSettings needs;
    unsigned long long speed;

    qemuStreamsChange(fix->streams, stream, &change);
    testAssertNeeds(fix, stream, false, 0); /* before there is a plan */
    qemuStreamsSample(fix->streams, held, 0, 500 << 20, QEMU_TURN_HELD_SPEED, 0, true);
    qemuStreamsSample(fix->streams, stream, 0, 500 << 20, 0, 0, true);
    needs = qemuStreamsGetHydrationNeeds(fix->streams, stream).settings;
    testAssertNeeds(fix, stream, true, needs.bandwidth);
    g_assert_cmpuint(needs.bandwidth, >=, 1 << 20);
    g_assert_cmpuint(needs.bandwidth, <, 5 << 18);
    g_assert_cmpfloat(needs.regard.factor, ==, 3);
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, stream, &speed));
    g_assert_cmpuint(speed, ==, needs.bandwidth);
    qemuStreamsSpeedSet(fix->streams, stream, speed, true);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 0);

    change.deadline = g_get_monotonic_time();
    qemuStreamsChange(fix->streams, stream, &change);
    qemuStreamsSample(fix->streams, stream, 0, 500 << 20, speed, 2, true);
    needs = qemuStreamsGetHydrationNeeds(fix->streams, stream).settings;
    g_assert_cmpuint(needs.bandwidth, ==, 0);
    g_assert_true(needs.regard.fast);
    g_assert_cmpfloat(stream->settings.regard.factor, ==, 3);
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, stream, &speed));
    g_assert_cmpuint(speed, ==, 0);

    change.deadline = 0;
    qemuStreamsChange(fix->streams, stream, &change);
    qemuStreamsSample(fix->streams, stream, 0, 500 << 20, 0, 3, true);
    needs = qemuStreamsGetHydrationNeeds(fix->streams, stream).settings;
    g_assert_false(needs.regard.fast);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    streamsFixtureAdd("/qemu_streams_speed/foreign", false, testSpeedForeign);
    streamsFixtureAdd("/qemu_streams_speed/refused", false, testSpeedRefused);
    streamsFixtureAdd("/qemu_streams_speed/turns", true, testTurns);
    streamsFixtureAdd("/qemu_streams_speed/turns-forget", true, testTurnsForget);
    streamsFixtureAdd("/qemu_streams_speed/turns-limit", true, testTurnsLimit);
    streamsFixtureAdd("/qemu_streams_speed/turns-found", true, testTurnsFound);
    streamsFixtureAdd("/qemu_streams_speed/no-turns", false, testNoTurns);
    streamsFixtureAdd("/qemu_streams_speed/hydration", true, testHydration);
    streamsFixtureAdd("/qemu_streams_speed/iotune", false, testIotune);
    streamsFixtureAdd("/qemu_streams_speed/paused", false, testPaused);
    streamsFixtureAdd("/qemu_streams_speed/deadline", true, testDeadline);
    return g_test_run();
}
