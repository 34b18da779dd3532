/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams-test.c: the table: which events leave in which order, what is found, threads */

#include "streams_fixture.h"

#include "qemu/qemu_turn.h"
#include "util/libvirt_private.h"

static void
testStart(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 1000);

    g_assert_nonnull(stream);
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_STARTING);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 1000);
    g_assert_cmpuint(stream->speed, ==, 1000);
    g_assert_null(stream->base);
    assertEvents("");

    g_assert_null(streamsFixtureBegin(fix, fix->dom, "vda", 0));
    g_assert_null(streamsFixtureAdopt(fix, fix->dom, "vda", 0, true));

    qemuStreamsConfirm(fix->streams, stream);
    assertEvents("STARTED a/vda");
    qemuStreamsConfirm(fix->streams, stream);
    assertEvents("");
    g_assert_null(streamsFixtureBegin(fix, fix->dom, "vda", 0));

    qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    assertEvents("COMPLETED a/vda");
    qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, "late", true);
    qemuStreamsConfirm(fix->streams, stream);
    qemuStreamsSetStopping(fix->streams, stream, true);
    qemuStreamsSetStopping(fix->streams, stream, false);
    assertEvents("");
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED);
    g_assert_null(stream->reason);
    g_assert_false(qemuStreamsTakeEcho(fix->streams, fix->dom, "vda"));
}

static void
testBase(streamsFixture *fix, const void *opaque)
{
    char target[] = "vda";
    char alias[] = "";
    char lower[] = "/images/lower", lowest[] = "/images/lowest";
    char *layers[] = { lower, lowest, NULL };
    const domainDisk disk = { .target = target, .alias = alias, .depth = 2, .layers = layers };
    g_autoptr(qemuStream)
        stream = qemuStreamsBegin(fix->streams, fix->dom, &disk, "vda[2]", &(streamSettings) { 0 });

    g_assert_cmpstr(stream->base, ==, "vda[2]");
    qemuStreamsBeginHydration(fix->streams, stream, 1);
    g_assert_cmpstr(stream->base, ==, "vda[2]"); /* the user's word for it stays */
}

/* Of a pull of which only that is known how deep it goes */
static void
testBaseFound(streamsFixture *fix, const void *opaque)
{
    static char vda[] = "vda", vdb[] = "vdb", vdc[] = "vdc", alias[] = "";
    static char first[] = "/images/first", second[] = "vda[2]", unnamed[] = "";
    char *layers[] = { first, second, unnamed, NULL };
    const struct {
        domainDisk disk;
        guint32 deepest;
        const char *base;
    } cases[] = {
        { { .target = vda, .alias = alias, .depth = 3, .layers = layers }, 1, first },
        { { .target = vdb, .alias = alias, .depth = 3, .layers = layers }, 2, second },
        { { .target = vdc, .alias = alias, .depth = 3, .layers = layers }, 3, NULL },
        { { .target = vda, .alias = alias, .depth = 3, .layers = layers }, 4, NULL },
        { { .target = vdb, .alias = alias, .depth = 3, .layers = layers }, 9, NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(qemuStream) stream = qemuStreamsAdopt(fix->streams, fix->dom, &cases[i].disk, 0,
                                                        &(qemuStreamKept) { 0 }, true);

        qemuStreamsBeginHydration(fix->streams, stream, cases[i].deepest);
        g_assert_cmpstr(stream->base, ==, cases[i].base);
        qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    }
}

/* The end is known before the start is confirmed: the start is told first all the same. */
static void
testEndEarly(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, "gone", false);
    assertEvents("STARTED a/vda, FAILED a/vda");
    g_assert_cmpstr(stream->reason, ==, "gone");
    qemuStreamsConfirm(fix->streams, stream);
    assertEvents("");
}

static void
testForget(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) refused = streamsFixtureBegin(fix, fix->dom, "vda", 0);
    g_autoptr(qemuStream) running = streamsFixtureRun(fix, fix->dom, "vdb");

    assertEvents("STARTED a/vdb");
    qemuStreamsForget(fix->streams, refused);
    g_assert_null(qemuStreamsFind(fix->streams, fix->dom, "vda"));
    qemuStreamsConfirm(fix->streams, refused); /* by one who found it before */
    qemuStreamsEnd(fix->streams, refused, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    g_assert_false(qemuStreamsIsActive(fix->streams, refused));
    qemuStreamsForget(fix->streams, running);
    g_assert_true(qemuStreamsIsActive(fix->streams, running));

    {
        g_autoptr(qemuStream) next = streamsFixtureBegin(fix, fix->dom, "vda", 0);
        g_autoptr(qemuStream) found = NULL;

        qemuStreamsForget(fix->streams, refused); /* is not in the table any more */
        found = qemuStreamsFind(fix->streams, fix->dom, "vda");
        g_assert_true(found == next);
    }
    assertEvents("");
}

static void
testAdoptKinds(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) loud = streamsFixtureAdopt(fix, fix->dom, "vda", 500, true);
    g_autoptr(qemuStream)
        quiet = streamsFixtureAdopt(fix, fix->dom, "vdb", QEMU_TURN_HELD_SPEED, false);

    assertEvents("STARTED a/vda");
    g_assert_cmpint(loud->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    g_assert_cmpuint(loud->settings.bandwidth, ==, 500);
    g_assert_cmpuint(loud->speed, ==, 500);
    g_assert_cmpint(quiet->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    g_assert_cmpuint(quiet->settings.bandwidth, ==,
                     QEMU_TURN_HELD_SPEED); /* a daemon's to let go */
    g_assert_cmpuint(quiet->speed, ==, QEMU_TURN_HELD_SPEED);
    g_assert_null(streamsFixtureAdopt(fix, fix->dom, "vda", 0, true));
}

static void
testStop(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");

    qemuStreamsSetStopping(fix->streams, stream, true);
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_STOPPING);
    qemuStreamsSetStopping(fix->streams, stream, false);
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    qemuStreamsSetStopping(fix->streams, stream, true);
    qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "aborted", false);
    g_assert_cmpstr(stream->reason, ==, "stopped on request");
    assertEvents("STARTED a/vda, STOPPED a/vda");
}

/* A stop that fails while the start is still asked for must not look like its success: the
 * start may yet be refused. */
static void
testStopWhileStarting(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    qemuStreamsSetStopping(fix->streams, stream, true);
    qemuStreamsSetStopping(fix->streams, stream, false);
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_STARTING);
    assertEvents("");
    qemuStreamsForget(fix->streams, stream);
    g_assert_null(qemuStreamsFind(fix->streams, fix->dom, "vda"));
}

static void
testReasons(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stopped = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) failed = streamsFixtureRun(fix, fix->dom, "vdb");
    g_autoptr(qemuStream) completed = streamsFixtureRun(fix, fix->dom, "vdc");

    qemuStreamsEnd(fix->streams, stopped, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "aborted", false);
    g_assert_cmpstr(stopped->reason, ==, "aborted");

    qemuStreamsSetStopping(fix->streams, failed, true);
    qemuStreamsSetError(fix->streams, failed, "Input/output error");
    qemuStreamsSetError(fix->streams, failed, "another");
    qemuStreamsEnd(fix->streams, failed, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, "gone", false);
    g_assert_cmpstr(failed->reason, ==, "Input/output error");

    qemuStreamsSample(fix->streams, completed, 10, 100, 0, 0, false);
    qemuStreamsEnd(fix->streams, completed, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    g_assert_null(completed->reason);
    g_assert_cmpuint(completed->progress.done, ==, 100);
}

static void
testEcho(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) second = NULL;
    g_autoptr(qemuStream) third = NULL;

    g_assert_false(qemuStreamsTakeEcho(fix->streams, fix->dom, "vda"));
    g_assert_false(qemuStreamsTakeEcho(fix->streams, fix->dom, "vdz"));
    g_assert_false(qemuStreamsAwaitsEcho(fix->streams, fix->dom, "vda"));
    g_assert_false(qemuStreamsAwaitsEcho(fix->streams, fix->dom, "vdz"));

    qemuStreamsEnd(fix->streams, first, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, true);
    second = streamsFixtureRun(fix, fix->dom, "vda");
    qemuStreamsEnd(fix->streams, second, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, true);
    third = streamsFixtureRun(fix, fix->dom, "vda");
    g_assert_false(qemuStreamsTakeEcho(fix->streams, fix->other, "vda"));
    g_assert_true(qemuStreamsTakeEcho(fix->streams, fix->dom, "vda"));
    g_assert_true(qemuStreamsAwaitsEcho(fix->streams, fix->dom, "vda"));
    g_assert_true(qemuStreamsTakeEcho(fix->streams, fix->dom, "vda"));
    g_assert_false(qemuStreamsAwaitsEcho(fix->streams, fix->dom, "vda"));
    g_assert_false(qemuStreamsTakeEcho(fix->streams, fix->dom, "vda"));

    qemuStreamsEnd(fix->streams, third, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, true);
    qemuStreamsForgetEchoes(fix->streams);
    g_assert_false(qemuStreamsTakeEcho(fix->streams, fix->dom, "vda"));
}

static void
testSample(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);
    virDomainStreamDiskState state;

    qemuStreamsSample(fix->streams, stream, 10, 100, 0, 0, true); /* not RUNNING yet */
    assertEvents("");
    qemuStreamsConfirm(fix->streams, stream);
    qemuStreamsSample(fix->streams, stream, 20, 100, 0, 0, false);
    assertEvents("STARTED a/vda");
    qemuStreamsSample(fix->streams, stream, 30, 100, 0, 0, true);
    assertEvents("PROGRESS a/vda");
    g_assert_cmpuint(stream->progress.count, ==, 1);

    g_assert_cmpint(qemuStreamsGetState(fix->streams, stream, &state), ==, 0);
    g_assert_cmpstr(state.alias, ==, "alias-vda");
    g_assert_cmpstr(state.target, ==, "vda");
    g_assert_cmpuint(state.offset, ==, 30);
    g_assert_cmpuint(state.size, ==, 100);

    g_assert_cmpuint(qemuStreamsMissed(fix->streams, stream), ==, 1);
    g_assert_cmpuint(qemuStreamsMissed(fix->streams, stream), ==, 2);
    qemuStreamsSample(fix->streams, stream, 40, 100, 0, 0, false);
    g_assert_cmpuint(qemuStreamsMissed(fix->streams, stream), ==, 1);

    qemuStreamsSetStopping(fix->streams, stream, true);
    qemuStreamsSample(fix->streams, stream, 50, 100, 0, 0, true);
    assertEvents("");
    qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    qemuStreamsSample(fix->streams, stream, 60, 100, 7, 0, true);
    assertEvents("STOPPED a/vda");
    g_assert_cmpuint(stream->progress.done, ==, 50);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 0);
}

static void
testEntry(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 1000);
    g_autoptr(streamRecord) entry = qemuStreamsGetEntry(fix->streams, stream);
    unsigned long long value;

    g_assert_cmpstr(entry->name, ==, "a");
    g_assert_cmpstr(entry->disk, ==, "vda");
    g_assert_cmpint(virTypedParamsGetULLong(entry->params, entry->nparams,
                                            VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, &value),
                    ==, 1);
    g_assert_cmpuint(value, ==, 1000);
}

static void
testFind(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) other = streamsFixtureRun(fix, fix->other, "vda");
    g_autoptr(qemuStream) by_target = qemuStreamsFind(fix->streams, fix->dom, "vda");
    g_autoptr(qemuStream) by_path = qemuStreamsFindActive(fix->streams, fix->dom, "/images/vda");
    g_autoptr(qemuStream) by_other = qemuStreamsFind(fix->streams, fix->other, "/images/vda");
    g_autoptr(qemuStream) ended = NULL;

    g_assert_true(by_target == stream);
    g_assert_true(by_path == stream);
    g_assert_true(by_other == other);
    g_assert_null(qemuStreamsFind(fix->streams, fix->dom, "vdb"));
    g_assert_null(qemuStreamsFind(fix->streams, fix->dom, "/images/vdb"));
    g_assert_null(qemuStreamsFindActive(fix->streams, fix->dom, "vdb"));
    g_assert_null(qemuStreamsFind(fix->streams, fix->dom, ""));

    qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    g_assert_null(qemuStreamsFindActive(fix->streams, fix->dom, "vda"));
    g_assert_null(qemuStreamsFindActive(fix->streams, fix->dom, "/images/vda"));
    ended = qemuStreamsFind(fix->streams, fix->dom, "vda");
    g_assert_true(ended == stream);
    g_assert_true(qemuStreamsIsActive(fix->streams, other));
    assertEvents("STARTED a/vda, STARTED b/vda, COMPLETED a/vda");
}

static void
testAssertList(streamsFixture *fix, virDomainPtr dom, const char *expected)
{
    g_autoptr(GPtrArray) list = qemuStreamsListActive(fix->streams, dom);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++) {
        const qemuStream *stream = g_ptr_array_index(list, i);

        g_string_append_printf(text, "%s%s/%s", i > 0 ? " " : "", virDomainGetName(stream->dom),
                               stream->target);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void
testList(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) third = streamsFixtureRun(fix, fix->dom, "vdc");
    g_autoptr(qemuStream) other = streamsFixtureRun(fix, fix->other, "vda");
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) second = streamsFixtureRun(fix, fix->dom, "vdb");

    first->began = 1;
    second->began = 2;
    third->began = 3;
    other->began = 4;
    testAssertList(fix, fix->dom, "a/vda a/vdb a/vdc");
    testAssertList(fix, fix->other, "b/vda");
    testAssertList(fix, NULL, "a/vda a/vdb a/vdc b/vda");

    qemuStreamsEnd(fix->streams, second, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    qemuStreamsEnd(fix->streams, other, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    testAssertList(fix, fix->dom, "a/vda a/vdc");
    testAssertList(fix, fix->other, "");
}

/* libvirtd is back: the stream is the same, its domain one of the new connection. */
static void
testDomain(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) found = NULL;
    virConnectPtr conn = virConnectOpen("test:///default");
    unsigned char uuid[VIR_UUID_BUFLEN];
    virDomainPtr again;
    virDomainPtr held;

    g_assert_cmpint(virDomainGetUUID(fix->dom, uuid), ==, 0);
    again = libvirtPrivateGet()->getDomain(conn, "a", uuid, 7);
    held = qemuStreamsGetDomain(fix->streams, stream);
    g_assert_true(held == fix->dom);
    qemuStreamsSetDomain(fix->streams, stream, again);
    virDomainFree(held);

    held = qemuStreamsGetDomain(fix->streams, stream);
    g_assert_true(held == again);
    found = qemuStreamsFind(fix->streams, fix->dom, "vda");
    g_assert_true(found == stream);
    virDomainFree(held);
    virDomainFree(again);
    qemuStreamsSetDomain(fix->streams, stream, fix->dom);
    g_assert_cmpint(virConnectClose(conn), ==, 0); /* the stream has let go of it */
}

static void
testForgetEnded(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) ended = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) running = streamsFixtureRun(fix, fix->dom, "vdb");
    g_autoptr(qemuStream) other = streamsFixtureRun(fix, fix->other, "vda");
    g_autoptr(qemuStream) kept = NULL;

    qemuStreamsEnd(fix->streams, ended, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    qemuStreamsEnd(fix->streams, other, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    qemuStreamsForgetEnded(fix->streams, fix->dom);
    g_assert_null(qemuStreamsFind(fix->streams, fix->dom, "vda"));
    g_assert_true(qemuStreamsIsActive(fix->streams, running));
    kept = qemuStreamsFind(fix->streams, fix->other, "vda");
    g_assert_true(kept == other);
}

#define THREADS 4
#define ROUNDS 2000

typedef struct {
    streamsFixture *fix;
    guint32 seed;
} testWorker;

/* One step of what the driver's threads do to a stream */
static void
testWorkerStep(streamsFixture *fix, virDomainPtr dom, const char *target, guint step)
{
    g_autoptr(qemuStream) stream = qemuStreamsFindActive(fix->streams, dom, target);
    unsigned long long speed;

    if (!stream) {
        stream = step % 2 ? streamsFixtureBegin(fix, dom, target, 0)
                          : streamsFixtureAdopt(fix, dom, target, 0, true);
        if (stream && step % 5 == 0)
            qemuStreamsForget(fix->streams, stream);
        else if (stream)
            qemuStreamsConfirm(fix->streams, stream);
        return;
    }
    switch (step) {
    case 0:
        qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "x", true);
        qemuStreamsTakeEcho(fix->streams, dom, target);
        break;
    case 1:
        qemuStreamsSetError(fix->streams, stream, "y");
        qemuStreamsEnd(fix->streams, stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, NULL, false);
        qemuStreamsForgetEnded(fix->streams, dom);
        break;
    case 2: qemuStreamsSetStopping(fix->streams, stream, true); break;
    case 3: qemuStreamsSetStopping(fix->streams, stream, false); break;
    case 4:
        if (qemuStreamsSpeedWanted(fix->streams, stream, &speed))
            qemuStreamsSpeedSet(fix->streams, stream, speed, true);
        break;
    case 5:
        streamRecordFree(qemuStreamsGetEntry(fix->streams, stream));
        qemuStreamsMissed(fix->streams, stream);
        break;
    case 6:
        qemuStreamsSetDomain(fix->streams, stream, dom);
        virDomainFree(qemuStreamsGetDomain(fix->streams, stream));
        break;
    default:
        qemuStreamsSample(fix->streams, stream, step, 100, step,
                          qemuStreamsSpeedSerial(fix->streams, stream), true);
    }
}

static void *
testWorkerRun(void *opaque)
{
    testWorker *worker = opaque;
    g_autoptr(GRand) rand = g_rand_new_with_seed(worker->seed);

    for (int i = 0; i < ROUNDS; i++)
        testWorkerStep(worker->fix, g_rand_boolean(rand) ? worker->fix->dom : worker->fix->other,
                       g_rand_boolean(rand) ? "vda" : "vdb", (guint) g_rand_int_range(rand, 0, 9));
    return NULL;
}

static void
testAssertOneUnheld(streamsFixture *fix, virDomainPtr dom)
{
    g_autoptr(GPtrArray) list = qemuStreamsListActive(fix->streams, dom);
    guint unheld = 0;

    for (guint i = 0; i < list->len; i++)
        unheld += !((qemuStream *) g_ptr_array_index(list, i))->held;
    g_assert_cmpuint(unheld, ==, list->len > 0 ? 1 : 0);
}

/* The fixture checks the order of the events. */
static void
testThreads(streamsFixture *fix, const void *opaque)
{
    testWorker workers[THREADS];
    GThread *threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (testWorker) { .fix = fix, .seed = (guint32) g_test_rand_int() };
        threads[i] = g_thread_new("worker", testWorkerRun, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);

    testAssertOneUnheld(fix, fix->dom);
    testAssertOneUnheld(fix, fix->other);
    g_assert_cmpint(streamsFixtureEnds(), >, ROUNDS / 100);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    streamsFixtureAdd("/qemu_streams/start", false, testStart);
    streamsFixtureAdd("/qemu_streams/base", false, testBase);
    streamsFixtureAdd("/qemu_streams/base-found", false, testBaseFound);
    streamsFixtureAdd("/qemu_streams/end-early", false, testEndEarly);
    streamsFixtureAdd("/qemu_streams/forget", false, testForget);
    streamsFixtureAdd("/qemu_streams/adopt", false, testAdoptKinds);
    streamsFixtureAdd("/qemu_streams/stop", false, testStop);
    streamsFixtureAdd("/qemu_streams/stop-while-starting", false, testStopWhileStarting);
    streamsFixtureAdd("/qemu_streams/reasons", false, testReasons);
    streamsFixtureAdd("/qemu_streams/echo", false, testEcho);
    streamsFixtureAdd("/qemu_streams/sample", false, testSample);
    streamsFixtureAdd("/qemu_streams/entry", false, testEntry);
    streamsFixtureAdd("/qemu_streams/find", false, testFind);
    streamsFixtureAdd("/qemu_streams/list", false, testList);
    streamsFixtureAdd("/qemu_streams/domain", false, testDomain);
    streamsFixtureAdd("/qemu_streams/forget-ended", false, testForgetEnded);
    streamsFixtureAdd("/qemu_streams/threads", true, testThreads);
    return g_test_run();
}
