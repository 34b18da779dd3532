/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_command-test.c: start, stop, other settings; what is refused, and what comes in between */

#include "qemu/qemu_command.h"

#include "expect.h"
#include "qemu/qemu_hydration.h"
#include "qemu_fixture.h"
#include "util/lock.h"

#define STARTED "metadata a -\njob_start a/vda 0\nSTARTED a/vda\n"
#define BEGIN "export_new a/vda\nworker_new a/vda\n"
#define NOTED "metadata a <policy><disk target='vda' job='paused'/></policy>\n"

static int
testStartWith(qemuFixture *fix, fakeDisk *disk, streamSettings settings)
{
    return qemuCommandStart(fix->guests, disk->guest->dom, disk->target, NULL, false, &settings);
}

/* A stream that runs; nothing is noted of it. */
static qemuStream *
testRun(qemuFixture *fix, fakeDisk *disk)
{
    g_assert_cmpint(testStartWith(fix, disk, (streamSettings) { 0 }), ==, 0);
    g_free(fakeCallTake());
    return qemuFixtureFind(fix, disk);
}

/* The same, hydrated */
static qemuStream *
testHydrate(qemuFixture *fix, fakeDisk *disk)
{
    qemuStream *stream = testRun(fix, disk);

    qemuHydrationStep(stream);
    assertHydration(stream, WORKING, NULL);
    g_free(fakeCallTake());
    return stream;
}

static int
testStopIt(qemuFixture *fix, fakeDisk *disk)
{
    return qemuCommandStop(fix->guests, disk->guest->dom, disk->target);
}

static void
testStart(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = NULL;

    g_assert_cmpint(testStartWith(fix, fix->vda, (streamSettings) { 0 }), ==, 0);
    assertCalls(STARTED);
    g_assert_nonnull(stream = qemuFixtureFind(fix, fix->vda));
    assertState(stream, RUNNING);
    g_assert_cmpuint(stream->progress.total, ==, FAKE_DISK_SIZE);

    g_assert_cmpint(qemuCommandStart(fix->guests, fix->b->dom, fix->other->source, "vda[2]", true,
                                     &(streamSettings) { .bandwidth = 7 }),
                    ==, 0);
    assertCalls("metadata b -\njob_start b/vda 7 vda[2] relative\nSTARTED b/vda\n");
}

/* What cannot be said at first is not asked for. */
static void
testStartWithoutProgress(qemuFixture *fix, const void *opaque)
{
    fakeCallFail("job_get", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(testStartWith(fix, fix->vda, (streamSettings) { 0 }), ==, 0);
    assertCalls(STARTED);
}

static void
testRefusals(qemuFixture *fix, const void *opaque)
{
    static const struct {
        const char *call;
        const char *calls;
    } cases[] = {
        { "xml a", "" },
        { "image_get a/vda", "" },
        { "metadata a", "metadata a -\nmetadata a -\n" },
        { "job_start a/vda", "metadata a -\njob_start a/vda 0\n" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) active = NULL;

        fakeCallRefuse(cases[i].call, VIR_ERR_OPERATION_FAILED, "no");
        g_assert_cmpint(testStartWith(fix, fix->vda, (streamSettings) { 0 }), ==, -1);
        expectError(VIR_ERR_OPERATION_FAILED, "no");
        fakeCallAccept(cases[i].call);
        active = qemuStreamsListAllActive(fix->guests);
        g_assert_cmpuint(active->len, ==, 0);
        if (i < 2)
            assertCalls("");
        else
            g_free(fakeCallTake());
        g_assert_false(fakeDiskHasJob(fix->vda));
    }
}

static void
testNotStreamable(qemuFixture *fix, const void *opaque)
{
    g_assert_cmpint(qemuCommandStart(fix->guests, fix->a->dom, "vdz", NULL, false,
                                     &(streamSettings) { 0 }),
                    ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "disk 'vdz' not found");
    FAKE_DISK_SET(fix->vda, depth, 0);
    g_assert_cmpint(testStartWith(fix, fix->vda, (streamSettings) { 0 }), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "no backing image");
    FAKE_DISK_SET(fix->vda, unchained, true); /* QEMU tells */
    g_assert_cmpint(testStartWith(fix, fix->vda, (streamSettings) { 0 }), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "no backing image");
    fakeGuestSetState(fix->a, FAKE_GUEST_OFF);
    g_assert_cmpint(testStartWith(fix, fix->vdb, (streamSettings) { 0 }), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "not running");
    assertCalls("");
}

static void
testStartTwice(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testRun(fix, fix->vda);

    g_assert_cmpint(testStartWith(fix, fix->vda, (streamSettings) { 0 }), ==, -1);
    expectError(VIR_ERR_OPERATION_UNSUPPORTED, "already in active block job");
    assertState(stream, RUNNING);
    assertCalls("");
}

/* A job that was aborted by others, of which no event came yet */
static void
testStartAfterUnseenEnd(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testRun(fix, fix->vda);
    g_autoptr(qemuStream) next = NULL;

    fakeDiskEndJob(fix->vda, false);
    g_assert_cmpint(testStartWith(fix, fix->vda, (streamSettings) { 0 }), ==, 0);
    assertCalls("STOPPED a/vda: the block job was aborted\njob_start a/vda 0\nSTARTED a/vda\n");
    assertState(stream, STOPPED);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_CANCELED); /* that of the first one */
    qemuFixtureSettle(fix);
    next = qemuFixtureFind(fix, fix->vda);
    assertState(next, RUNNING);
}

static void
testTurns(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream G_GNUC_UNUSED = testRun(fix, fix->vda);

    g_assert_cmpint(testStartWith(fix, fix->vdb, (streamSettings) { 0 }), ==, 0);
    assertCalls("job_start a/vdb 1048573\nSTARTED a/vdb\n");
    g_assert_cmpint(testStopIt(fix, fix->vda), ==, 0);
    assertCalls("job_abort a/vda\nimage_flush a/vda\nSTOPPED a/vda: stopped on request\n"
                "job_set_speed a/vdb 0\n");
}

typedef struct {
    qemuFixture *fix;
    fakeDisk *disk;
    int (*func)(qemuFixture *fix, fakeDisk *disk);
} testCall;

static void *
testCallRun(void *opaque)
{
    const testCall *call = opaque;

    return GINT_TO_POINTER(call->func(call->fix, call->disk));
}

static int
testStartIt(qemuFixture *fix, fakeDisk *disk)
{
    return testStartWith(fix, disk, (streamSettings) { 0 });
}

/* The events of a short job overtake the answer to its start. */
static void
testOvertake(qemuFixture *fix, bool seen, const char *calls)
{
    testCall call = { fix, fix->vda, testStartIt };
    GThread *thread;

    fakeCallHold("job_start");
    thread = g_thread_new("start", testCallRun, &call);
    fakeCallAwaitHeld("job_start");
    if (seen)
        fakeEventJobRunning(fix->vda);
    qemuFixtureSettle(fix);
    FAKE_DISK_SET(fix->vda, depth, 0);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_COMPLETED);
    qemuFixtureSettle(fix);
    assertCalls(calls);
    fakeCallRelease("job_start");
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 0);
    assertCalls("");
}

static void
testEndsBeforeAnswer(qemuFixture *fix, const void *opaque)
{
    testOvertake(fix, false,
                 "metadata a -\njob_start a/vda 0\n"
                 "image_flush a/vda\nSTARTED a/vda\nCOMPLETED a/vda\n");
}

static void
testRunsBeforeAnswer(qemuFixture *fix, const void *opaque)
{
    fakeCallRefuse("export_new", VIR_ERR_OPERATION_FAILED, "no");
    testOvertake(fix, true,
                 "metadata a -\njob_start a/vda 0\n"
                 "STARTED a/vda\nexport_new a/vda\nimage_flush a/vda\nCOMPLETED a/vda\n");
}

static void
testStop(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testHydrate(fix, fix->vda);

    g_assert_cmpint(testStopIt(fix, fix->vda), ==, 0);
    assertState(stream, STOPPED);
    assertCalls("worker_flush a/vda\nworker_stop a/vda\nexport_free a/vda\nmetadata a -\n"
                "worker_free a/vda\njob_abort a/vda\nimage_flush a/vda\n"
                "STOPPED a/vda: stopped on request\n");
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_CANCELED); /* is known */
    qemuFixtureSettle(fix);
    assertCalls("");
    g_assert_cmpint(testStopIt(fix, fix->vda), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "does not have an active block job");
}

/* A stop that libvirt refuses changes nothing, and hydration goes on. */
static void
testStopFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testHydrate(fix, fix->vda);

    fakeCallFail("job_abort", VIR_ERR_OPERATION_TIMEOUT, "no");
    g_assert_cmpint(testStopIt(fix, fix->vda), ==, -1);
    expectError(VIR_ERR_OPERATION_TIMEOUT, "no");
    assertState(stream, RUNNING);
    qemuFixtureSettle(fix);
    g_free(fakeCallTake());
    qemuHydrationStep(stream);
    assertHydration(stream, WORKING, NULL);
    assertCalls(BEGIN NOTED);
}

/* While libvirt takes its time the stream is STOPPING; an end that comes then is that of the stop. */
static void
testStopHeld(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testRun(fix, fix->vda);
    testCall call = { fix, fix->vda, testStopIt };
    GThread *thread;

    fakeCallHold("job_abort");
    thread = g_thread_new("stop", testCallRun, &call);
    fakeCallAwaitHeld("job_abort");
    assertState(stream, STOPPING);
    qemuHydrationStep(stream);
    assertHydration(stream, IDLE, NULL);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_CANCELED);
    qemuFixtureSettle(fix);
    assertState(stream, STOPPED);
    fakeCallRelease("job_abort");
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 0);
    assertCalls("job_abort a/vda\nSTOPPED a/vda: stopped on request\nimage_flush a/vda\n");
}

/* The job is through before libvirt can abort it. */
static void
testStopTooLate(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testRun(fix, fix->vda);
    testCall call = { fix, fix->vda, testStopIt };
    GThread *thread;

    fakeCallHold("job_abort");
    thread = g_thread_new("stop", testCallRun, &call);
    fakeCallAwaitHeld("job_abort");
    fakeDiskEndJob(fix->vda, true);
    fakeCallRelease("job_abort");
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, -1);
    assertState(stream, RUNNING);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_COMPLETED);
    qemuFixtureSettle(fix);
    assertState(stream, COMPLETED);
    assertCalls("job_abort a/vda\nimage_flush a/vda\nCOMPLETED a/vda\n");
}

/* It is stopped all the same; what cannot be flushed is a line in the log. */
static void
testStopFlushFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testRun(fix, fix->vda);

    fakeCallFail("image_flush", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(testStopIt(fix, fix->vda), ==, 0);
    assertState(stream, STOPPED);
}

/* libvirt goes away right after the abort: its event tells the end later. */
static void
testStopAway(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testRun(fix, fix->vda);

    fakeCallFail("xml a", VIR_ERR_RPC, "away");
    g_assert_cmpint(testStopIt(fix, fix->vda), ==, 0);
    assertState(stream, STOPPING);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_CANCELED);
    qemuFixtureSettle(fix);
    assertState(stream, STOPPED);
}

static void
testSet(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testHydrate(fix, fix->vda);
    streamSettings change = { .named = STREAM_SETTINGS_BANDWIDTH, .bandwidth = 1000 };

    g_assert_cmpint(qemuCommandSet(fix->guests, fix->a->dom, "vda", &change), ==, 0);
    assertCalls("job_set_speed a/vda 1000\nworker_set a/vda 1000\n");
    change = (streamSettings) { .named = STREAM_SETTINGS_HYDRATE, .paused = true };
    g_assert_cmpint(qemuCommandSet(fix->guests, fix->a->dom, "vda", &change), ==, 0);
    assertHydration(stream, IDLE, "paused");
    g_assert_cmpuint(stream->settings.bandwidth, ==, 1000);
}

static void
testSetRefused(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testHydrate(fix, fix->vda);
    const streamSettings change = {
        .named = STREAM_SETTINGS_BANDWIDTH | STREAM_SETTINGS_REGARD,
        .bandwidth = 1000,
        .guestLatency.fast = true,
    };

    fakeCallFail("job_set_speed", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(qemuCommandSet(fix->guests, fix->a->dom, "vda", &change), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "no");
    g_mutex_lock(&stream->guest->lock);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 0);
    g_assert_false(stream->settings.guestLatency.fast);
    g_mutex_unlock(&stream->guest->lock);
    g_assert_cmpuint(fakeDiskGetBandwidth(fix->vda), ==, 0);
    qemuHydrationApply(stream->guest);
    g_assert_cmpuint(fakeWorkerGetSettings(fix->vda).bandwidth, ==, 0);
    g_assert_false(fakeWorkerGetSettings(fix->vda).guestLatency.fast);
}

/* Whoever asked hears why, though hydration begins in the same step. */
static void
testSetErrorKept(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream G_GNUC_UNUSED = testRun(fix, fix->vda);
    const streamSettings change = { .named = STREAM_SETTINGS_BANDWIDTH, .bandwidth = 1000 };

    fakeCallFail("job_set_speed", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(qemuCommandSet(fix->guests, fix->a->dom, "vda", &change), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "no");
}

static void
testFind(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = NULL;

    g_assert_null(qemuCommandFind(fix->guests, fix->a->dom, "vdz"));
    expectError(VIR_ERR_INVALID_ARG, "not found");
    g_assert_null(qemuCommandFind(fix->guests, fix->a->dom, "vda"));
    expectError(VIR_ERR_INVALID_ARG, "disk vda does not have an active block job");
    fakeDiskSetJob(fix->vda, VIR_DOMAIN_BLOCK_JOB_TYPE_COPY);
    g_assert_null(qemuCommandFind(fix->guests, fix->a->dom, "vda"));
    expectError(VIR_ERR_OPERATION_INVALID, "not a stream");
    fakeDiskEndJob(fix->vda, false);
    g_assert_nonnull(stream = testRun(fix, fix->vda));
    qemuStreamUnref(qemuCommandFind(fix->guests, fix->a->dom, fix->vda->source));
    fakeGuestSetState(fix->a, FAKE_GUEST_OFF);
    g_assert_null(qemuCommandFind(fix->guests, fix->a->dom, "vdb"));
    expectError(VIR_ERR_OPERATION_INVALID, "not running");
}

/* In process: the streams are asked for, and there is one at a time. */
static void
testPassing(qemuFixture *fix, const void *opaque)
{
    qemuConn *conn = qemuConnOpen(fakeGuestGetConnect());
    g_autoptr(qemuStream) stream = NULL;

    fakeDiskBeginJob(fix->vda, 5);
    g_assert_nonnull(stream = qemuCommandFind(qemuConnGetGuests(conn), fix->a->dom, "vda"));
    g_assert_cmpuint(stream->settings.bandwidth, ==, 5);
    g_assert_cmpint(qemuCommandStart(qemuConnGetGuests(conn), fix->a->dom, "vdb", NULL, false,
                                     &(streamSettings) { 0 }),
                    ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "one disk of a domain at a time");
    g_assert_cmpint(qemuCommandStart(qemuConnGetGuests(conn), fix->b->dom, "vda", NULL, false,
                                     &(streamSettings) { 0 }),
                    ==, 0);
    assertCalls("job_start b/vda 0\nSTARTED b/vda\n"); /* and keeps no metadata */
    g_assert_cmpint(qemuCommandStop(qemuConnGetGuests(conn), fix->a->dom, "vda"), ==, 0);
    assertCalls("job_abort a/vda\nimage_flush a/vda\nSTOPPED a/vda: stopped on request\n");
    g_clear_pointer(&stream, qemuStreamUnref);
    qemuConnUnref(conn);
}

static void
testPassingFails(qemuFixture *fix, const void *opaque)
{
    qemuConn *conn = qemuConnOpen(fakeGuestGetConnect());

    fakeGuestSetState(fix->a, FAKE_GUEST_OFF);
    g_assert_null(qemuCommandFind(qemuConnGetGuests(conn), fix->a->dom, "vda"));
    expectError(VIR_ERR_OPERATION_INVALID, "not running");
    qemuConnUnref(conn);
}

/* The guest stands still until it reads zeroes there. */
static void
testTail(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = NULL;

    fakeDiskSetTail(fix->vda, 4096);
    g_assert_cmpint(testStartWith(fix, fix->vda, (streamSettings) { 0 }), ==, 0);
    assertCalls("metadata a -\n"
                "metadata a <policy><disk target='vda' guest='suspended'/></policy>\n"
                "suspend a\njob_start a/vda 0\n"
                "export_new a/vda\nnbd_cache a/vda 1073737728 4096\nexport_free a/vda\n"
                "resume a\nmetadata a -\nSTARTED a/vda\n" BEGIN NOTED);
    stream = qemuFixtureFind(fix, fix->vda);
    assertFlag(stream, tailFilled, true);
    assertFlag(stream, tailOpen, false);
}

static void
testTailRefused(qemuFixture *fix, const void *opaque)
{
    const streamSettings settings = { .named = STREAM_SETTINGS_STANDSTILL };

    fakeDiskSetTail(fix->vda, 4096);
    g_assert_cmpint(testStartWith(fix, fix->vda, settings), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "stand still");
    assertCalls("metadata a -\n");
    g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_RUNS);
    g_assert_null(qemuFixtureFind(fix, fix->vda));
}

/* One guest is silent: the other is streamed meanwhile. */
static void
testSilence(qemuFixture *fix, const void *opaque)
{
    testCall call = { fix, fix->vda, testStartIt };
    GThread *thread;

    fakeCallHold("job_start a");
    thread = g_thread_new("start", testCallRun, &call);
    fakeCallAwaitHeld("job_start a");
    g_assert_cmpint(testStartIt(fix, fix->other), ==, 0);
    g_assert_cmpint(testStopIt(fix, fix->other), ==, 0);
    fakeCallRelease("job_start a");
    g_thread_join(thread);
}

/* A start that libvirt has not answered yet is no stream whose job is gone. */
static void
testStartWhileStarting(qemuFixture *fix, const void *opaque)
{
    testCall call = { fix, fix->vda, testStartIt };
    GThread *thread;

    fakeCallHoldNext("job_start");
    thread = g_thread_new("start", testCallRun, &call);
    fakeCallAwaitHeld("job_start");
    g_assert_cmpint(testStartIt(fix, fix->vda), ==, -1);
    expectError(VIR_ERR_OPERATION_UNSUPPORTED, "already in active block job");
    fakeCallRelease("job_start");
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 0);
    assertCalls(STARTED);
}

/* The end of a stopped job is told late, when the next one is hydrated: nothing is sent for a while,
 * since it could be of this one. */
static void
testStaleEnding(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first G_GNUC_UNUSED = testRun(fix, fix->vda);
    g_autoptr(qemuStream) second = NULL;

    g_assert_cmpint(testStopIt(fix, fix->vda), ==, 0);
    second = testHydrate(fix, fix->vda);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_CANCELED);
    qemuFixtureSettle(fix);
    assertState(second, RUNNING);
    assertHydration(second, RESTING, "a job of the disk has just ended");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAddResident("/qemu_command/start", testStart);
    qemuFixtureAddResident("/qemu_command/start-without-progress", testStartWithoutProgress);
    qemuFixtureAddResident("/qemu_command/refusals", testRefusals);
    qemuFixtureAddResident("/qemu_command/not-streamable", testNotStreamable);
    qemuFixtureAddResident("/qemu_command/start-twice", testStartTwice);
    qemuFixtureAddResident("/qemu_command/start-after-unseen-end", testStartAfterUnseenEnd);
    qemuFixtureAddResident("/qemu_command/turns", testTurns);
    qemuFixtureAddResident("/qemu_command/ends-before-answer", testEndsBeforeAnswer);
    qemuFixtureAddResident("/qemu_command/runs-before-answer", testRunsBeforeAnswer);
    qemuFixtureAddResident("/qemu_command/stop", testStop);
    qemuFixtureAddResident("/qemu_command/stop-fails", testStopFails);
    qemuFixtureAddResident("/qemu_command/stop-held", testStopHeld);
    qemuFixtureAddResident("/qemu_command/stop-too-late", testStopTooLate);
    qemuFixtureAddResident("/qemu_command/stop-flush-fails", testStopFlushFails);
    qemuFixtureAddResident("/qemu_command/stop-away", testStopAway);
    qemuFixtureAddResident("/qemu_command/set", testSet);
    qemuFixtureAddResident("/qemu_command/set-refused", testSetRefused);
    qemuFixtureAddResident("/qemu_command/find", testFind);
    qemuFixtureAddBare("/qemu_command/passing", testPassing);
    qemuFixtureAddBare("/qemu_command/passing-fails", testPassingFails);
    qemuFixtureAddResident("/qemu_command/tail", testTail);
    qemuFixtureAddResident("/qemu_command/tail-refused", testTailRefused);
    qemuFixtureAddResident("/qemu_command/silence", testSilence);
    qemuFixtureAddResident("/qemu_command/set-error-kept", testSetErrorKept);
    qemuFixtureAddResident("/qemu_command/start-while-starting", testStartWhileStarting);
    qemuFixtureAddResident("/qemu_command/stale-ending", testStaleEnding);
    return g_test_run();
}
