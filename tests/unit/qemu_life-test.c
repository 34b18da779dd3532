/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_life-test.c: what each change makes of a stream in each state, and what is told of it */

#include "qemu/qemu_life.h"

#include "streams_fixture.h"

#define STATES (VIR_DOMAIN_STREAM_DISK_STATE_FAILED + 1)

/* A stream that has become @state, all of which was told */
static qemuStream *
testIn(streamsFixture *fix, int state)
{
    static int disks;
    g_autofree char *target = g_strdup_printf("vd%d", disks++);
    qemuStream *stream = streamsFixtureBegin(fix, fix->dom, target, 0);
    g_autofree char *told = NULL;

    g_assert_nonnull(stream);
    if (state == VIR_DOMAIN_STREAM_DISK_STATE_RUNNING ||
        state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPING)
        qemuLifeRun(stream, true);
    if (state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPING)
        qemuLifeSetStopping(stream, true);
    if (state >= VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
        qemuLifeEnd(stream, (virDomainStreamDiskStateType) state, "before");
    g_assert_cmpint(stream->state, ==, state);
    told = streamsFixtureTakeEvents();
    return stream;
}

static void
testRun(qemuStream *stream)
{
    qemuLifeRun(stream, true);
}

static void
testRunUnheard(qemuStream *stream)
{
    qemuLifeRun(stream, false);
}

static void
testStop(qemuStream *stream)
{
    qemuLifeSetStopping(stream, true);
}

static void
testStopFails(qemuStream *stream)
{
    qemuLifeSetStopping(stream, false);
}

static void
testComplete(qemuStream *stream)
{
    qemuLifeEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL);
}

static void
testAbort(qemuStream *stream)
{
    qemuLifeEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "aborted");
}

static void
testFail(qemuStream *stream)
{
    qemuLifeEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, "lost");
}

/* A column for each state before; +: the beginning is told, !: the end, *: both */
static const struct {
    void (*change)(qemuStream *stream);
    const char *after;
    const char *told;
} testChanges[] = {
    /* before:        sRPCSF */
    { testRun, "RRPCSF", "+-----" },      { testRunUnheard, "RRPCSF", "------" },
    { testStop, "sPPCSF", "------" },     { testStopFails, "sRRCSF", "------" },
    { testComplete, "CCCCSF", "*!!---" }, { testAbort, "SSSCSF", "*!!---" },
    { testFail, "FFFCSF", "*!!---" },
};

static const char *
testEndName(virDomainStreamDiskStateType state)
{
    static const char *const names[] = { "COMPLETED", "STOPPED", "FAILED" };

    return names[state - VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED];
}

static void
testTable(streamsFixture *fix, const void *opaque)
{
    for (gsize i = 0; i < G_N_ELEMENTS(testChanges); i++) {
        for (int before = 0; before < STATES; before++) {
            g_autoptr(qemuStream) stream = testIn(fix, before);
            g_autoptr(GString) events = g_string_new(NULL);
            char told = testChanges[i].told[before];

            testChanges[i].change(stream);
            g_assert_cmpint((guchar) "sRPCSF"[stream->state], ==,
                            (guchar) testChanges[i].after[before]);
            if (told == '+' || told == '*')
                g_string_append_printf(events, "STARTED a/%s", stream->target);
            if (told == '*')
                g_string_append(events, ", ");
            if (told == '!' || told == '*')
                g_string_append_printf(events, "%s a/%s", testEndName(stream->state),
                                       stream->target);
            assertEvents(events->str);
        }
    }
}

static void
testTick(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testIn(fix, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    g_autofree char *told = NULL;

    qemuLifeTick(stream);
    told = streamsFixtureTakeEvents();
    g_assert_true(g_str_has_prefix(told, "PROGRESS a/"));
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
}

/* QEMU's word, the user's, or whatever is known; none of what completed */
static void
testReason(streamsFixture *fix, const void *opaque)
{
    static const struct {
        int before;
        const char *error;
        virDomainStreamDiskStateType state;
        const char *reason;
    } cases[] = {
        { VIR_DOMAIN_STREAM_DISK_STATE_RUNNING, NULL, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
          "given" },
        { VIR_DOMAIN_STREAM_DISK_STATE_RUNNING, NULL, VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
          "given" },
        { VIR_DOMAIN_STREAM_DISK_STATE_RUNNING, "QEMU's", VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
          "QEMU's" },
        { VIR_DOMAIN_STREAM_DISK_STATE_STOPPING, NULL, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
          "stopped on request" },
        { VIR_DOMAIN_STREAM_DISK_STATE_STOPPING, NULL, VIR_DOMAIN_STREAM_DISK_STATE_FAILED,
          "given" },
        { VIR_DOMAIN_STREAM_DISK_STATE_STOPPING, "QEMU's", VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED,
          NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(qemuStream) stream = testIn(fix, cases[i].before);

        stream->error = g_strdup(cases[i].error);
        stream->waitingTurn = true;
        streamProgressSet(&stream->progress, 10, 100);
        qemuLifeEnd(stream, cases[i].state, "given");
        g_assert_cmpstr(stream->reason, ==, cases[i].reason);
        g_assert_false(stream->waitingTurn);
        g_assert_cmpuint(stream->progress.done, ==,
                         cases[i].state == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED ? 100 : 10);
    }
}

static void
testRefused(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testIn(fix, VIR_DOMAIN_STREAM_DISK_STATE_STARTING);

    qemuLifeRefuse(stream);
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_FAILED);
    g_assert_null(stream->reason);
    assertEvents("");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    streamsFixtureAdd("/qemu_life/table", false, testTable);
    streamsFixtureAdd("/qemu_life/tick", false, testTick);
    streamsFixtureAdd("/qemu_life/reason", false, testReason);
    streamsFixtureAdd("/qemu_life/refused", false, testRefused);
    return g_test_run();
}
