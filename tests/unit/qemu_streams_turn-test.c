/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams_turn-test.c: which streams a guest has, and whose turn it is */

#include "streams_fixture.h"

/* Of the image /images/NAME; no reference */
static qemuStream *
testAdd(streamsFixture *fix, const char *target, const char *name)
{
    g_autofree char *disk = g_strdup(target);
    g_autofree char *source = g_strconcat("/images/", name, NULL);
    g_autofree char *alias = g_strconcat("alias-", target, NULL);
    qemuStream *stream = qemuStreamsBegin(fix->guest,
                                          &(domainDisk) {
                                              .target = disk, .alias = alias, .source = source },
                                          NULL, &(streamSettings) { 0 });

    qemuStreamUnref(stream);
    return stream;
}

static void
testEnd(qemuStream *stream, bool staleEnd)
{
    g_autofree char *told = NULL;

    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "x", staleEnd);
    told = streamsFixtureTakeEvents();
}

/* The active ones, "*" with the turn */
static void
testAssertActive(streamsFixture *fix, const char *expected)
{
    g_autoptr(GPtrArray) list = qemuStreamsListActive(fix->guest);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++) {
        const qemuStream *stream = g_ptr_array_index(list, i);

        g_string_append_printf(text, "%s%s%s", i > 0 ? " " : "", stream->target,
                               stream->waitingTurn ? "" : "*");
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void
testAssertFound(streamsFixture *fix, const char *disk, const qemuStream *expected)
{
    g_autoptr(qemuStream) found = qemuStreamsFind(fix->guests, fix->dom, disk);

    g_assert_true(found == expected);
}

static void
testFind(streamsFixture *fix, const void *opaque)
{
    qemuStream *first = testAdd(fix, "vda", "a");
    qemuStream *second = testAdd(fix, "vdb", "b");

    testAssertFound(fix, "vda", first);
    testAssertFound(fix, "/images/b", second);
    testAssertFound(fix, "alias-vdb", second);
    testAssertFound(fix, "vdc", NULL);
    testAssertFound(fix, "/images/c", NULL);
    testAssertFound(fix, "", NULL);
    g_assert_null(qemuStreamsGet(fix->guest, "alias-vdb"));

    /* the image is another disk's by now */
    testEnd(first, false);
    second = testAdd(fix, "vdc", "a");
    testAssertFound(fix, "/images/a", second);
    testAssertFound(fix, "vda", first);

    /* a target comes before an alias */
    testAdd(fix, "alias-vdc", "d");
    testAssertFound(fix, "alias-vdc", qemuStreamsGet(fix->guest, "alias-vdc"));
}

/* One for each disk; the next one takes the place of what ended, and its stale ends. */
static void
testPlace(streamsFixture *fix, const void *opaque)
{
    qemuStream *stream = testAdd(fix, "vda", "a");

    g_assert_false(stream->waitingTurn);
    g_assert_null(testAdd(fix, "vda", "b"));
    testAdd(fix, "vdb", "b");
    testAssertActive(fix, "vda* vdb*");
    testEnd(stream, true);
    testAssertActive(fix, "vdb*");
    stream = testAdd(fix, "vda", "a");
    testAssertActive(fix, "vdb* vda*");
    g_assert_cmpuint(stream->staleEnds, ==, 1);
    testEnd(stream, false);
    stream = testAdd(fix, "vda", "a");
    g_assert_cmpuint(stream->staleEnds, ==, 1);
    qemuStreamsForgetStaleEnds(fix->guest);
    g_assert_cmpuint(stream->staleEnds, ==, 0);
}

static void
testTurn(streamsFixture *fix, const void *opaque)
{
    qemuStream *first = testAdd(fix, "vda", "a");
    qemuStream *far = testAdd(fix, "vdb", "b");
    qemuStream *near = testAdd(fix, "vdc", "c");

    testAssertActive(fix, "vda* vdb vdc");
    streamProgressSet(&far->progress, 10, 100);
    streamProgressSet(&near->progress, 20, 100);
    qemuStreamsRefuse(first);
    testAssertActive(fix, "vdb vdc*");
    g_assert_null(qemuStreamsGet(fix->guest, "vda"));
    testEnd(near, false);
    testAssertActive(fix, "vdb*");
    testEnd(far, false);
    testAssertActive(fix, "");
}

/* A deadline is also that of those who wait for the turn. */
static void
testDeadline(streamsFixture *fix, const void *opaque)
{
    const gint64 now = g_get_monotonic_time();
    qemuStream *stream = testAdd(fix, "vda", "a");
    qemuStream *waiting = testAdd(fix, "vdb", "b");

    stream->settings.deadline = waiting->settings.deadline = now + 902 * (gint64) G_USEC_PER_SEC;
    qemuStreamsSample(stream, 0, 500, 0, 0, true); /* nothing is to be told of it so far */
    g_assert_cmpuint(stream->progress.count, ==, 0);
    qemuLifeRun(stream, true);
    qemuLifeRun(waiting, true);
    qemuStreamsSample(waiting, 0, 700, QEMU_SPEED_WAITING, 0, true);
    qemuStreamsSample(stream, 0, 500, 0, 0, true);
    g_assert_cmpuint(stream->progress.count, ==, 1);
    g_assert_cmpuint(stream->copying.count, ==, 1);
    g_assert_cmpuint(waiting->progress.count, ==, 1);
    g_assert_cmpfloat_with_epsilon(stream->plan.rate, 1200.0 / 800, 0.02);
    g_assert_cmpint(waiting->plan.deadline, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    streamsFixtureAdd("/qemu_streams_turn/find", false, testFind);
    streamsFixtureAdd("/qemu_streams_turn/place", false, testPlace);
    streamsFixtureAdd("/qemu_streams_turn/turn", true, testTurn);
    streamsFixtureAdd("/qemu_streams_turn/deadline", true, testDeadline);
    return g_test_run();
}
