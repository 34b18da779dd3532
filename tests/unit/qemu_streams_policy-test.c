/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams_policy-test.c: what a domain's metadata is to keep; streams that are found with it */

#include "streams_fixture.h"

#include "qemu/qemu_turn.h"

#define LIMIT 5000000
#define POLICY(attributes) "<policy><disk target='vdb' " attributes "/></policy>"

/* Another policy is wanted, this one; it is kept, or that fails. */
static void
testKeep(streamsFixture *fix, const char *expected, bool success)
{
    char *text = NULL;
    g_autofree char *policy = NULL;

    g_assert_true(qemuStreamsPolicyWanted(fix->streams, fix->dom, &text));
    policy = text;
    g_assert_cmpstr(policy, ==, expected);
    g_assert_false(qemuStreamsPolicyWanted(fix->streams, fix->dom, &text)); /* one at a time */
    qemuStreamsPolicyKept(fix->streams, fix->dom, policy, success);
}

static void
testAssertKept(streamsFixture *fix, virDomainPtr dom)
{
    char *text;

    g_assert_false(qemuStreamsPolicyWanted(fix->streams, dom, &text));
}

/* From the moment that one waits, before its job is there, until the job has its own speed */
static void
testWait(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) held = NULL;
    const streamSettings change = { .named = STREAM_SETTINGS_HYDRATE, .paused = true };
    unsigned long long speed;

    testKeep(fix, NULL, true);
    testAssertKept(fix, fix->dom);
    held = streamsFixtureBegin(fix, fix->dom, "vdb", LIMIT);
    testAssertKept(fix, fix->other);
    testKeep(fix, POLICY("bandwidth='5000000'"), false);
    testKeep(fix, POLICY("bandwidth='5000000'"), true);
    testAssertKept(fix, fix->dom);
    qemuStreamsConfirm(fix->streams, held);

    qemuStreamsChange(fix->streams, held, &change);
    testKeep(fix, POLICY("bandwidth='5000000' hydrate='no'"), true);
    qemuStreamsEnd(fix->streams, first, VIR_DOMAIN_STREAM_DISK_COMPLETED, NULL, false);
    testAssertKept(fix, fix->dom);
    g_assert_true(qemuStreamsSpeedWanted(fix->streams, held, &speed));
    testAssertKept(fix, fix->dom);
    qemuStreamsSpeedSet(fix->streams, held, speed, true);
    testKeep(fix, POLICY("hydrate='no'"), true);
    qemuStreamsEnd(fix->streams, held, VIR_DOMAIN_STREAM_DISK_STOPPED, NULL, false);
    testKeep(fix, NULL, true);
    testAssertKept(fix, fix->dom);
}

/* A job that was refused leaves nothing. */
static void
testRefused(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first G_GNUC_UNUSED = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) refused = streamsFixtureBegin(fix, fix->dom, "vdb", LIMIT);

    testKeep(fix, POLICY("bandwidth='5000000'"), true);
    qemuStreamsForget(fix->streams, refused);
    testKeep(fix, NULL, true);
}

/* What is found there, of whatever streams, is replaced. */
static void
testFound(streamsFixture *fix, const void *opaque)
{
    qemuStreamsPolicyKept(fix->streams, fix->dom, "", true);
    testKeep(fix, NULL, true);
    testAssertKept(fix, fix->dom);
}

/* Whatever the guest brings with it when it is restored, the first stream takes it away. */
static void
testRestored(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) again = NULL;

    testKeep(fix, NULL, true);
    qemuStreamsEnd(fix->streams, first, VIR_DOMAIN_STREAM_DISK_STOPPED, NULL, false);
    qemuStreamsForgetEnded(fix->streams, fix->dom);
    testAssertKept(fix, fix->dom);
    again = streamsFixtureRun(fix, fix->dom, "vda");
    testKeep(fix, NULL, true);
    testAssertKept(fix, fix->dom);
}

/* Of a job that is found, the speed is the limit, unless a virtstreamd held it, or paced it. */
static void
testAdopt(streamsFixture *fix, const void *opaque)
{
    static char vda[] = "vda", alias[] = "";
    const domainDisk disk = { .target = vda, .alias = alias, .depth = 1 };
    static const struct {
        unsigned long long speed;
        streamSettings kept;
        guint64 limit;
    } cases[] = {
        { QEMU_TURN_HELD_SPEED, { .bandwidth = LIMIT, .paused = true }, LIMIT },
        { QEMU_TURN_HELD_SPEED, { .paused = true }, 0 },
        { 500, { .bandwidth = LIMIT, .paused = true }, 500 },
        { 0, { .bandwidth = LIMIT, .paused = true }, 0 },
        { 500, { .bandwidth = LIMIT, .paused = true, .deadline = 1 }, LIMIT },
        { 500, { .paused = true, .deadline = 1 }, 0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(qemuStream)
            stream = qemuStreamsAdopt(fix->streams, fix->dom, &disk, cases[i].speed,
                                      &(qemuStreamKept) { .settings = cases[i].kept }, true);

        g_assert_cmpuint(stream->settings.bandwidth, ==, cases[i].limit);
        g_assert_cmpint(stream->settings.deadline, ==, cases[i].kept.deadline);
        g_assert_true(stream->settings.paused);
        qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STOPPED, NULL, false);
    }
}

/* In process nobody goes on with it, and what a virtstreamd has kept is left to the next one. */
static void
testInProcess(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");

    stream->settings.paused = true;
    qemuStreamsPolicyKept(fix->streams, fix->dom, "", true);
    testAssertKept(fix, fix->dom);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    streamsFixtureAdd("/qemu_streams_policy/wait", true, testWait);
    streamsFixtureAdd("/qemu_streams_policy/refused", true, testRefused);
    streamsFixtureAdd("/qemu_streams_policy/found", true, testFound);
    streamsFixtureAdd("/qemu_streams_policy/restored", true, testRestored);
    streamsFixtureAdd("/qemu_streams_policy/adopt", true, testAdopt);
    streamsFixtureAdd("/qemu_streams_policy/in-process", false, testInProcess);
    return g_test_run();
}
