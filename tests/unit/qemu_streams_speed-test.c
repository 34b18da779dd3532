/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams_speed-test.c: limits, speeds that others set, turns, and hydration */

#include "streams_fixture.h"

/* Returns the limit of before. */
static guint64
testSetLimit(streamsFixture *fix, qemuStream *stream, guint64 limit)
{
    const streamSettings change = { .named = STREAM_SETTINGS_BANDWIDTH, .bandwidth = limit };

    guint64 before = stream->settings.bandwidth;

    streamSettingsMerge(&stream->settings, &change);
    return before;
}

/* A speed that somebody else gave the job is what the user wants from now on. */
static void
testSpeedForeign(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 1000);
    unsigned long long speed = 42;
    guint serial;

    g_assert_cmpuint(stream->speedSerial, ==, 0);
    g_assert_cmpuint(testSetLimit(fix, stream, 3000), ==, 1000);
    g_assert_false(qemuSpeedWanted(stream, &speed)); /* not RUNNING yet */
    qemuLifeRun(stream, true);

    serial = stream->speedSerial;
    g_assert_true(qemuSpeedWanted(stream, &speed));
    g_assert_cmpuint(speed, ==, 3000);
    g_assert_false(qemuSpeedWanted(stream, &speed)); /* one at a time */

    /* asked before the change, asked while it is made: both mean nothing */
    qemuStreamsSample(stream, 0, 100, 1000, serial, false);
    qemuStreamsSample(stream, 0, 100, 500, serial + 1, false);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 3000);
    qemuSpeedTold(stream, speed, true);
    g_assert_cmpuint(stream->speed, ==, 3000);
    qemuStreamsSample(stream, 0, 100, 1000, serial, false);
    qemuStreamsSample(stream, 0, 100, 500, serial + 1, false);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 3000);
    g_assert_false(qemuSpeedWanted(stream, &speed));

    serial = stream->speedSerial;
    g_assert_cmpuint(serial % 2, ==, 0);
    qemuStreamsSample(stream, 0, 100, 500, serial, false);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 500);
    g_assert_cmpuint(stream->speed, ==, 500);
    g_assert_false(qemuSpeedWanted(stream, &speed));
}

static void
testSpeedRefused(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");
    unsigned long long speed;

    testSetLimit(fix, stream, 500);
    g_assert_true(qemuSpeedWanted(stream, &speed));
    qemuSpeedTold(stream, speed, false);
    g_assert_cmpuint(stream->speed, ==, 0);
    g_assert_true(qemuSpeedWanted(stream, &speed)); /* to be tried again */
    qemuSpeedTold(stream, speed, true);
    g_assert_false(qemuSpeedWanted(stream, &speed));
}

/* The streams of a domain that are not held, and nothing else */
static void
testAssertTurn(streamsFixture *fix, virDomainPtr dom, const char *expected)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, dom);
    g_autoptr(GPtrArray) list = qemuStreamsGetActive(guest);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++) {
        const qemuStream *stream = g_ptr_array_index(list, i);

        if (!stream->waitingTurn)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", stream->target);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void
testTurns(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) far = streamsFixtureBegin(fix, fix->dom, "vdb", 7);
    g_autoptr(qemuStream) near = streamsFixtureDiscover(fix, fix->dom, "vdc", 0, true);
    g_autoptr(qemuStream) other G_GNUC_UNUSED = streamsFixtureRun(fix, fix->other, "vda");
    unsigned long long speed;

    testAssertTurn(fix, fix->dom, "vda");
    testAssertTurn(fix, fix->other, "vda");
    g_assert_cmpuint(first->speed, ==, 0);
    g_assert_cmpuint(far->speed, ==, 7); /* starts held, below its limit */
    g_assert_true(qemuSpeedWanted(near, &speed));
    g_assert_cmpuint(speed, ==, QEMU_SPEED_WAITING);
    qemuSpeedTold(near, speed, true);

    qemuLifeRun(far, true);
    qemuStreamsSample(far, 10, 100, 7, 0, false);
    qemuStreamsSample(near, 20, 100, QEMU_SPEED_WAITING, 2, false);
    qemuStreamsEnd(first, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    testAssertTurn(fix, fix->dom, "vdc");
    g_assert_true(qemuSpeedWanted(near, &speed));
    g_assert_cmpuint(speed, ==, 0);
    qemuSpeedTold(near, speed, true);

    qemuStreamsEnd(near, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, "x", false);
    testAssertTurn(fix, fix->dom, "vdb");
    g_assert_false(qemuSpeedWanted(far, &speed)); /* its limit already */
    qemuStreamsEnd(far, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "x", false);
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
    qemuStreamsRefuse(first);
    testAssertTurn(fix, fix->dom, "vdb");
}

/* The user's limit of one that is held comes into force with the turn. */
static void
testTurnsLimit(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) held = streamsFixtureRun(fix, fix->dom, "vdb");
    unsigned long long speed;

    g_assert_cmpuint(held->speed, ==, QEMU_SPEED_WAITING);
    testSetLimit(fix, held, 2 * QEMU_SPEED_WAITING);
    g_assert_false(qemuSpeedWanted(held, &speed));
    qemuStreamsSample(held, 0, 100, 3 * QEMU_SPEED_WAITING, 0, false);
    g_assert_true(qemuSpeedWanted(held, &speed));
    g_assert_cmpuint(speed, ==, QEMU_SPEED_WAITING);
    qemuSpeedTold(held, speed, true);
    qemuStreamsEnd(first, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    g_assert_true(qemuSpeedWanted(held, &speed));
    g_assert_cmpuint(speed, ==, 3 * QEMU_SPEED_WAITING);
}

/* One that a daemon before held has no limit, and waits again. */
static void
testTurnsFound(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureDiscover(fix, fix->dom, "vda", 500, false);
    g_autoptr(qemuStream)
        held = streamsFixtureDiscover(fix, fix->dom, "vdb", QEMU_SPEED_WAITING, false);
    unsigned long long speed;

    g_assert_cmpuint(first->settings.bandwidth, ==, 500);
    g_assert_cmpuint(held->settings.bandwidth, ==, 0);
    testAssertTurn(fix, fix->dom, "vda");
    g_assert_false(qemuSpeedWanted(held, &speed));
}

static void
testNoTurns(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) second = streamsFixtureDiscover(fix, fix->dom, "vdb", 0, true);

    first->began = second->began - 1;
    testAssertTurn(fix, fix->dom, "vda vdb");
}

static void
testAssertNeeds(streamsFixture *fix, qemuStream *stream, bool wanted, guint64 bandwidth)
{
    qemuStreamHydrationNeeds needs = qemuStreamGetHydrationNeeds(stream);

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
    qemuLifeRun(stream, true);
    testAssertNeeds(fix, stream, true, 100);

    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    testAssertNeeds(fix, stream, false, 100);
    testAssertNeeds(fix, held, true, 0);
}

/* The guest's iotune bounds hydration, and the job if it is ours; a lower bandwidth holds. */
static void
testIotune(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) own = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) foreign = streamsFixtureDiscover(fix, fix->other, "vda", 0, true);
    unsigned long long speed;

    own->iotune = 100;
    foreign->iotune = 100;
    testAssertNeeds(fix, own, true, 100);
    testAssertNeeds(fix, foreign, true, 100);
    g_assert_false(qemuSpeedWanted(foreign, &speed));
    g_assert_true(qemuSpeedWanted(own, &speed));
    g_assert_cmpuint(speed, ==, 100);
    qemuSpeedTold(own, speed, true);

    testSetLimit(fix, own, 50);
    testAssertNeeds(fix, own, true, 50);
    testSetLimit(fix, own, 200);
    testAssertNeeds(fix, own, true, 100);
    g_assert_false(qemuSpeedWanted(own, &speed));
    own->iotune = 0;
    testAssertNeeds(fix, own, true, 200);
}

static void
testPaused(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");
    streamSettings change = { .named = STREAM_SETTINGS_HYDRATE, .paused = true };

    streamSettingsMerge(&stream->settings, &change);
    testAssertNeeds(fix, stream, false, 0);
    change.paused = false;
    streamSettingsMerge(&stream->settings, &change);
    testAssertNeeds(fix, stream, true, 0);
}

/* The plan to a deadline bounds the job and its worker, and counts those that wait for them;
 * behind it there is no regard for the guest. */
static void
testDeadline(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) held = streamsFixtureRun(fix, fix->dom, "vdb");
    streamSettings change = {
        .named = STREAM_SETTINGS_DEADLINE | STREAM_SETTINGS_REGARD,
        .guestLatency = { .factor = 3 },
        .deadline = g_get_monotonic_time() + 1002 * (gint64) G_USEC_PER_SEC,
    };
    streamSettings needs;
    unsigned long long speed;

    streamSettingsMerge(&stream->settings, &change);
    testAssertNeeds(fix, stream, false, 0); /* before there is a plan */
    qemuStreamsSample(held, 0, 500 << 20, QEMU_SPEED_WAITING, 0, true);
    qemuStreamsSample(stream, 0, 500 << 20, 0, 0, true);
    needs = qemuStreamGetHydrationNeeds(stream).settings;
    testAssertNeeds(fix, stream, true, needs.bandwidth);
    g_assert_cmpuint(needs.bandwidth, >=, 1 << 20);
    g_assert_cmpuint(needs.bandwidth, <, 5 << 18);
    g_assert_cmpfloat(needs.guestLatency.factor, ==, 3);
    g_assert_true(qemuSpeedWanted(stream, &speed));
    g_assert_cmpuint(speed, ==, needs.bandwidth);
    qemuSpeedTold(stream, speed, true);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 0);

    change.deadline = g_get_monotonic_time();
    streamSettingsMerge(&stream->settings, &change);
    qemuStreamsSample(stream, 0, 500 << 20, speed, 2, true);
    needs = qemuStreamGetHydrationNeeds(stream).settings;
    g_assert_cmpuint(needs.bandwidth, ==, 0);
    g_assert_true(needs.guestLatency.fast);
    g_assert_cmpfloat(stream->settings.guestLatency.factor, ==, 3);
    g_assert_true(qemuSpeedWanted(stream, &speed));
    g_assert_cmpuint(speed, ==, 0);

    change.deadline = 0;
    streamSettingsMerge(&stream->settings, &change);
    qemuStreamsSample(stream, 0, 500 << 20, 0, 3, true);
    needs = qemuStreamGetHydrationNeeds(stream).settings;
    g_assert_false(needs.guestLatency.fast);
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
