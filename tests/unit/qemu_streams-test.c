/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams-test.c: the table: which events leave in which order, what is found, threads */

#include "streams_fixture.h"

#include "util/libvirt_private.h"
#include "util/lock.h"

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
    g_assert_null(streamsFixtureDiscover(fix, fix->dom, "vda", 0, true));

    qemuLifeRun(stream, true);
    assertEvents("STARTED a/vda");
    qemuLifeRun(stream, true);
    assertEvents("");
    g_assert_null(streamsFixtureBegin(fix, fix->dom, "vda", 0));

    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    assertEvents("COMPLETED a/vda");
    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, "late", true);
    qemuLifeRun(stream, true);
    qemuLifeSetStopping(stream, true);
    qemuLifeSetStopping(stream, false);
    assertEvents("");
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED);
    g_assert_null(stream->reason);
    g_assert_cmpuint(stream->staleEnds, ==, 0);
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
        stream = qemuStreamsBegin(fix->guest, &disk, "vda[2]", &(streamSettings) { 0 });

    g_assert_cmpstr(stream->base, ==, "vda[2]");
    qemuStreamBeginHydration(stream, 1);
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
        g_autoptr(qemuStream) stream = qemuStreamsDiscover(fix->guest, &cases[i].disk, 0,
                                                           &(qemuStreamKept) { 0 }, true);

        qemuStreamBeginHydration(stream, cases[i].deepest);
        g_assert_cmpstr(stream->base, ==, cases[i].base);
        qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    }
}

/* The end is known before the start is confirmed: the start is told first all the same. */
static void
testEndEarly(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, "gone", false);
    assertEvents("STARTED a/vda, FAILED a/vda");
    g_assert_cmpstr(stream->reason, ==, "gone");
    qemuLifeRun(stream, true);
    assertEvents("");
}

static void
testRefuse(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) refused = streamsFixtureBegin(fix, fix->dom, "vda", 0);
    g_autoptr(qemuStream) running = streamsFixtureRun(fix, fix->dom, "vdb");

    assertEvents("STARTED a/vdb");
    qemuStreamsRefuse(refused);
    g_assert_null(qemuStreamsFind(fix->guests, fix->dom, "vda"));
    qemuLifeRun(refused, true); /* by one who found it before */
    qemuStreamsEnd(refused, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    g_assert_false(qemuStreamIsActive(refused));
    qemuStreamsRefuse(running);
    g_assert_true(qemuStreamIsActive(running));

    {
        g_autoptr(qemuStream) next = streamsFixtureBegin(fix, fix->dom, "vda", 0);
        g_autoptr(qemuStream) found = NULL;

        qemuStreamsRefuse(refused); /* is not in the table any more */
        found = qemuStreamsFind(fix->guests, fix->dom, "vda");
        g_assert_true(found == next);
    }
    assertEvents("");
}

static void
testDiscoverKinds(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) loud = streamsFixtureDiscover(fix, fix->dom, "vda", 500, true);
    g_autoptr(qemuStream)
        quiet = streamsFixtureDiscover(fix, fix->dom, "vdb", QEMU_SPEED_WAITING, false);

    assertEvents("STARTED a/vda");
    g_assert_cmpint(loud->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    g_assert_cmpuint(loud->settings.bandwidth, ==, 500);
    g_assert_cmpuint(loud->speed, ==, 500);
    g_assert_cmpint(quiet->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    g_assert_cmpuint(quiet->settings.bandwidth, ==, QEMU_SPEED_WAITING); /* a daemon's to let go */
    g_assert_cmpuint(quiet->speed, ==, QEMU_SPEED_WAITING);
    g_assert_null(streamsFixtureDiscover(fix, fix->dom, "vda", 0, true));
}

static void
testStop(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");

    qemuLifeSetStopping(stream, true);
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_STOPPING);
    qemuLifeSetStopping(stream, false);
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    qemuLifeSetStopping(stream, true);
    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "aborted", false);
    g_assert_cmpstr(stream->reason, ==, "stopped on request");
    assertEvents("STARTED a/vda, STOPPED a/vda");
}

/* A stop that fails while the start is still asked for must not look like its success: the
 * start may yet be refused. */
static void
testStopWhileStarting(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    qemuLifeSetStopping(stream, true);
    qemuLifeSetStopping(stream, false);
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_STARTING);
    assertEvents("");
    qemuStreamsRefuse(stream);
    g_assert_null(qemuStreamsFind(fix->guests, fix->dom, "vda"));
}

static void
testReasons(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stopped = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) failed = streamsFixtureRun(fix, fix->dom, "vdb");
    g_autoptr(qemuStream) completed = streamsFixtureRun(fix, fix->dom, "vdc");

    qemuStreamsEnd(stopped, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "aborted", false);
    g_assert_cmpstr(stopped->reason, ==, "aborted");

    qemuLifeSetStopping(failed, true);
    failed->error = g_strdup("Input/output error");
    qemuStreamsEnd(failed, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, "gone", false);
    g_assert_cmpstr(failed->reason, ==, "Input/output error");

    qemuStreamsSample(completed, 10, 100, 0, 0, false);
    qemuStreamsEnd(completed, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    g_assert_null(completed->reason);
    g_assert_cmpuint(completed->progress.done, ==, 100);
}

/* Ends whose events are still to come are counted for the disk, whatever streams it. */
static void
testStaleEnds(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) second = NULL;
    g_autoptr(qemuStream) other = streamsFixtureRun(fix, fix->other, "vda");

    qemuStreamsEnd(first, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, true);
    qemuStreamsEnd(first, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, true); /* it has ended */
    g_assert_cmpuint(first->staleEnds, ==, 1);
    second = streamsFixtureRun(fix, fix->dom, "vda");
    g_assert_cmpuint(second->staleEnds, ==, 1);
    qemuStreamsEnd(second, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, true);
    g_assert_cmpuint(second->staleEnds, ==, 2);
    g_assert_cmpuint(other->staleEnds, ==, 0);
    qemuStreamsForgetStaleEnds(fix->guest);
    g_assert_cmpuint(second->staleEnds, ==, 0);
}

static void
testSample(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);
    virDomainStreamDiskState state;

    qemuStreamsSample(stream, 10, 100, 0, 0, true); /* not RUNNING yet */
    assertEvents("");
    qemuLifeRun(stream, true);
    qemuStreamsSample(stream, 20, 100, 0, 0, false);
    assertEvents("STARTED a/vda");
    qemuStreamsSample(stream, 30, 100, 0, 0, true);
    assertEvents("PROGRESS a/vda");
    g_assert_cmpuint(stream->progress.count, ==, 1);

    g_assert_cmpint(qemuStreamGetState(stream, &state), ==, 0);
    g_assert_cmpstr(state.alias, ==, "alias-vda");
    g_assert_cmpstr(state.target, ==, "vda");
    g_assert_cmpuint(state.offset, ==, 30);
    g_assert_cmpuint(state.size, ==, 100);

    stream->noJobCount = 2;
    qemuStreamsSample(stream, 40, 100, 0, 0, false);
    g_assert_cmpuint(stream->noJobCount, ==, 0);

    qemuLifeSetStopping(stream, true);
    qemuStreamsSample(stream, 50, 100, 0, 0, true);
    assertEvents("");
    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    qemuStreamsSample(stream, 60, 100, 7, 0, true);
    assertEvents("STOPPED a/vda");
    g_assert_cmpuint(stream->progress.done, ==, 50);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 0);
}

static void
testRecord(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 1000);
    g_autoptr(streamRecord) entry = qemuStreamGetRecord(stream, g_get_monotonic_time());
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
    g_autoptr(qemuStream) by_target = qemuStreamsFind(fix->guests, fix->dom, "vda");
    g_autoptr(qemuStream) by_path = qemuStreamsFindActive(fix->guests, fix->dom, "/images/vda");
    g_autoptr(qemuStream) by_other = qemuStreamsFind(fix->guests, fix->other, "/images/vda");
    g_autoptr(qemuStream) ended = NULL;

    g_assert_true(by_target == stream);
    g_assert_true(by_path == stream);
    g_assert_true(by_other == other);
    g_assert_null(qemuStreamsFind(fix->guests, fix->dom, "vdb"));
    g_assert_null(qemuStreamsFind(fix->guests, fix->dom, "/images/vdb"));
    g_assert_null(qemuStreamsFindActive(fix->guests, fix->dom, "vdb"));
    g_assert_null(qemuStreamsFind(fix->guests, fix->dom, ""));

    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    g_assert_null(qemuStreamsFindActive(fix->guests, fix->dom, "vda"));
    g_assert_null(qemuStreamsFindActive(fix->guests, fix->dom, "/images/vda"));
    ended = qemuStreamsFind(fix->guests, fix->dom, "vda");
    g_assert_true(ended == stream);
    g_assert_true(qemuStreamIsActive(other));
    assertEvents("STARTED a/vda, STARTED b/vda, COMPLETED a/vda");
}

static void
testAssertList(GPtrArray *taken, const char *expected)
{
    g_autoptr(GPtrArray) list = taken;
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++) {
        const qemuStream *stream = g_ptr_array_index(list, i);

        g_string_append_printf(text, "%s%s/%s", i > 0 ? " " : "",
                               virDomainGetName(stream->guest->dom), stream->target);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void
testList(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) other = streamsFixtureRun(fix, fix->other, "vda");
    g_autoptr(qemuStream) second = streamsFixtureRun(fix, fix->dom, "vdb");
    g_autoptr(qemuStream) third = streamsFixtureRun(fix, fix->dom, "vdc");

    first->began = 1;
    second->began = 2;
    third->began = 3;
    other->began = 4;
    testAssertList(qemuStreamsGetActive(fix->guest), "a/vda a/vdb a/vdc");
    testAssertList(qemuStreamsGetActive(other->guest), "b/vda");
    testAssertList(qemuStreamsListAllActive(fix->guests), "a/vda a/vdb a/vdc b/vda");

    qemuStreamsEnd(second, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    qemuStreamsEnd(other, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    testAssertList(qemuStreamsGetActive(fix->guest), "a/vda a/vdc");
    testAssertList(qemuStreamsListAllActive(fix->guests), "a/vda a/vdc");
}

/* libvirtd is back: the guest is the same, its domain one of the new connection. */
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
    held = qemuGuestGetDomain(fix->guest);
    g_assert_true(held == fix->dom);
    qemuGuestSetDomain(fix->guest, again);
    virDomainFree(held);

    held = qemuGuestGetDomain(fix->guest);
    g_assert_true(held == again);
    found = qemuStreamsFind(fix->guests, fix->dom, "vda");
    g_assert_true(found == stream);
    virDomainFree(held);
    virDomainFree(again);
    qemuGuestSetDomain(fix->guest, fix->dom);
    g_assert_cmpint(virConnectClose(conn), ==, 0); /* the guest has let go of it */
}

static void
testForgetEnded(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) ended = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) running = streamsFixtureRun(fix, fix->dom, "vdb");
    g_autoptr(qemuStream) other = streamsFixtureRun(fix, fix->other, "vda");
    g_autoptr(qemuStream) kept = NULL;

    qemuStreamsEnd(ended, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    qemuStreamsEnd(other, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    qemuStreamsForgetEnded(fix->guest);
    g_assert_null(qemuStreamsFind(fix->guests, fix->dom, "vda"));
    g_assert_true(qemuStreamIsActive(running));
    kept = qemuStreamsFind(fix->guests, fix->other, "vda");
    g_assert_true(kept == other);
}

#define THREADS 4
#define ROUNDS 2000

typedef struct {
    streamsFixture *fix;
    guint32 seed;
} testWorker;

/* One step of what the driver's threads do to a stream of a guest that has none. Under its lock. */
static void
testWorkerBegin(streamsFixture *fix, virDomainPtr dom, const char *target, guint step)
{
    g_autoptr(qemuStream) stream = step % 2 ? streamsFixtureBegin(fix, dom, target, 0)
                                            : streamsFixtureDiscover(fix, dom, target, 0, true);

    if (step % 5 == 0)
        qemuStreamsRefuse(stream);
    else
        qemuLifeRun(stream, true);
}

/* The same of one that streams. Under its lock. */
static void
testWorkerChange(qemuStream *stream, guint step)
{
    unsigned long long speed;

    switch (step) {
    case 0: qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "x", true); break;
    case 1:
        qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, NULL, false);
        qemuStreamsForgetEnded(stream->guest);
        break;
    case 2: qemuLifeSetStopping(stream, true); break;
    case 3: qemuLifeSetStopping(stream, false); break;
    case 4:
        if (qemuSpeedWanted(stream, &speed))
            qemuSpeedTold(stream, speed, true);
        break;
    case 5: streamRecordFree(qemuStreamGetRecord(stream, g_get_monotonic_time())); break;
    default: qemuStreamsSample(stream, step, 100, step, stream->speedSerial, true);
    }
}

static void
testWorkerStep(streamsFixture *fix, virDomainPtr dom, const char *target, guint step)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, dom);
    g_autoptr(qemuStream) stream = qemuStreamsFindActive(fix->guests, dom, target);

    if (step == 8) {
        qemuGuestSetDomain(guest, dom);
        virDomainFree(qemuGuestGetDomain(guest));
        return;
    }
    LOCK_SCOPE(&guest->lock);

    if (stream && qemuStreamIsActive(stream))
        testWorkerChange(stream, step);
    else if (!qemuStreamsGet(guest, target) || !qemuStreamIsActive(qemuStreamsGet(guest, target)))
        testWorkerBegin(fix, dom, target, step);
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
testAssertOneTurn(streamsFixture *fix, virDomainPtr dom)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, dom);
    g_autoptr(GPtrArray) list = qemuStreamsGetActive(guest);
    guint turns = 0;

    for (guint i = 0; i < list->len; i++)
        turns += !((qemuStream *) g_ptr_array_index(list, i))->waitingTurn;
    g_assert_cmpuint(turns, ==, list->len > 0 ? 1 : 0);
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

    testAssertOneTurn(fix, fix->dom);
    testAssertOneTurn(fix, fix->other);
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
    streamsFixtureAdd("/qemu_streams/refuse", false, testRefuse);
    streamsFixtureAdd("/qemu_streams/discover", false, testDiscoverKinds);
    streamsFixtureAdd("/qemu_streams/stop", false, testStop);
    streamsFixtureAdd("/qemu_streams/stop-while-starting", false, testStopWhileStarting);
    streamsFixtureAdd("/qemu_streams/reasons", false, testReasons);
    streamsFixtureAdd("/qemu_streams/stale-ends", false, testStaleEnds);
    streamsFixtureAdd("/qemu_streams/sample", false, testSample);
    streamsFixtureAdd("/qemu_streams/record", false, testRecord);
    streamsFixtureAdd("/qemu_streams/find", false, testFind);
    streamsFixtureAdd("/qemu_streams/list", false, testList);
    streamsFixtureAdd("/qemu_streams/domain", false, testDomain);
    streamsFixtureAdd("/qemu_streams/forget-ended", false, testForgetEnded);
    streamsFixtureAdd("/qemu_streams/threads", true, testThreads);
    return g_test_run();
}
