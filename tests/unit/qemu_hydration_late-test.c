/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_hydration_late-test.c: what comes too late, or in between */

#include "qemu/qemu_hydration.h"

#include "qemu_fixture.h"
#include "util/lock.h"

#define AWAY_REASON "QEMU's NBD server is left to others"

/* The guest's lines */
#define BEGIN "export_new a/vda\nworker_new a/vda\n"
#define NOTED "metadata a <policy><disk target='vda' job='paused'/></policy>\n"
#define FREE "worker_free a/vda\n"
#define UNNOTED "metadata a -\n"

static void *
testStepThread(void *opaque)
{
    qemuHydrationStep(opaque);
    return NULL;
}

/* The job ends while the export is being made: no request is sent, all is given back. */
static void
testCutWhileBeginning(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    GThread *thread;

    fakeCallHold("export_new");
    thread = g_thread_new("step", testStepThread, stream);
    fakeCallAwaitHeld("export_new");
    qemuHydrationCut(stream);
    assertHydration(stream, OFF, NULL);
    fakeCallRelease("export_new");
    g_thread_join(thread);
    qemuFixtureSettle(fix);
    assertHydration(stream, OFF, NULL);
    assertCalls(BEGIN "worker_stop a/vda\n" NOTED
                      "worker_flush a/vda\nexport_free a/vda\n" UNNOTED FREE);
    qemuHydrationStep(stream);
    assertCalls("");
}

static void
testGate(void *opaque)
{
    fakeCallAsk("gate");
}

/* Nothing more is given back, until fakeCallRelease("gate"). */
static void
testHoldCleanup(qemuStream *stream)
{
    fakeCallHold("gate");
    taskQueuePush(stream->guest->cleanup, testGate, NULL, NULL);
    fakeCallAwaitHeld("gate");
}

static void
testYieldThenStop(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    testHoldCleanup(stream);
    qemuHydrationYield(stream, "QEMU's NBD server is left to others");
    qemuHydrationStop(stream, NULL);
    assertHydration(stream, RESTING, AWAY_REASON);
    assertCalls("worker_stop a/vda\nworker_flush a/vda\nexport_free a/vda\n" UNNOTED FREE);
    fakeCallRelease("gate");
    qemuFixtureSettle(fix);
    assertHydration(stream, RESTING, AWAY_REASON);
    assertCalls("");
}

/* Nor one that has ended meanwhile. */
static void
testPauseTooLate(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    fakeCallHold("job_pause");
    fakeCallFail("job_pause", VIR_ERR_OPERATION_FAILED, "no");
    fakeWorkerNearEnd(fix->vda);
    fakeCallAwaitHeld("job_pause");
    qemuHydrationCut(stream);
    fakeCallRelease("job_pause");
    qemuFixtureSettle(fix);
    assertHydration(stream, DONE, NULL);
    assertCalls(
        "job_pause a/vda\nworker_stop a/vda\nworker_flush a/vda\nexport_free a/vda\n" UNNOTED FREE);
}

static void *
testApplyThread(void *opaque)
{
    qemuHydrationApply(opaque);
    return NULL;
}

static void
testLimit(qemuStream *stream, guint64 bandwidth)
{
    LOCK_SCOPE(&stream->guest->lock);

    stream->settings.bandwidth = bandwidth;
}

/* Another thread is the one that pauses it: the worker goes on at the step after that. */
static void
testPausedByOther(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);
    GThread *thread;

    testLimit(stream, 5);
    fakeCallHold("job_set_speed");
    fakeCallHold("job_pause");
    fakeWorkerNearEnd(fix->vda);
    fakeCallAwaitHeld("job_set_speed");
    thread = g_thread_new("apply", testApplyThread, stream->guest);
    fakeCallAwaitHeld("job_pause");
    fakeCallRelease("job_set_speed");
    taskQueuePoolDrain(qemuGuestTableGetCleanup(fix->guests), G_MAXINT64);
    g_assert_false(fakeCallIsNoted("worker_let_end"));
    fakeCallRelease("job_pause");
    g_thread_join(thread); /* which steps, too */
    g_assert_true(fakeCallIsNoted("worker_let_end"));
}

/* The last range is near, but nobody hydrates any more. */
static void
testNearEndStopped(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    testHoldCleanup(stream);
    fakeWorkerNearEnd(fix->vda);
    qemuHydrationStop(stream, NULL);
    g_free(fakeCallTake());
    fakeCallRelease("gate");
    qemuFixtureSettle(fix);
    assertCalls("");
    g_assert_false(fakeDiskIsPaused(fix->vda));
}

static void *
testStopThread(void *opaque)
{
    qemuHydrationStop(opaque, NULL);
    return NULL;
}

/* A QEMU that flushes for long holds up no other guest; nor what is told at once. */
static void
testSilence(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);
    g_autoptr(qemuStream) other = qemuFixtureRun(fix, fix->other);
    GThread *thread;

    fakeCallHold("worker_flush a/vda");
    thread = g_thread_new("stop", testStopThread, stream);
    fakeCallAwaitHeld("worker_flush a/vda");
    qemuHydrationCut(stream);
    qemuHydrationCut(other);
    qemuHydrationYield(other, "QEMU's NBD server is left to others");
    fakeCallRelease("worker_flush a/vda");
    g_thread_join(thread);
    qemuFixtureSettle(fix);
    assertHydration(stream, DONE, NULL);
    assertHydration(other, OFF, NULL);
}

/* A worker that was stopped tells its end late, when the next one works. */
static void
testStaleEnd(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    testHoldCleanup(stream);
    qemuHydrationStop(stream, NULL);
    qemuHydrationStep(stream);
    g_free(fakeCallTake());
    fakeCallRelease("gate");
    qemuFixtureSettle(fix);
    assertHydration(stream, WORKING, NULL);
    assertCalls("");
}

/* It was near its end; the next one is not. */
static void
testStaleNearEnd(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    testHoldCleanup(stream);
    fakeWorkerNearEnd(fix->vda);
    qemuHydrationStop(stream, NULL);
    qemuHydrationStep(stream);
    g_free(fakeCallTake());
    fakeCallRelease("gate");
    qemuFixtureSettle(fix);
    assertCalls("");
}

/* Somebody wants the server while it is being given back for another reason. */
static void
testYieldWhileStopping(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);
    GThread *thread;

    fakeCallHold("worker_flush");
    thread = g_thread_new("stop", testStopThread, stream);
    fakeCallAwaitHeld("worker_flush");
    qemuHydrationYield(stream, "QEMU's NBD server is left to others");
    fakeCallRelease("worker_flush");
    g_thread_join(thread);
    qemuFixtureSettle(fix);
    assertHydration(stream, RESTING, AWAY_REASON);
}

/* Who is stopped meanwhile leaves the server to others for as long. */
static void
testYieldStopBegin(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    testHoldCleanup(stream);
    qemuHydrationYield(stream, "QEMU's NBD server is left to others");
    qemuHydrationStop(stream, NULL);
    qemuHydrationStep(stream);
    assertHydration(stream, RESTING, AWAY_REASON);
    fakeCallRelease("gate");
    qemuFixtureSettle(fix);
    assertHydration(stream, RESTING, AWAY_REASON);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAdd("/qemu_hydration_late/cut-while-beginning", testCutWhileBeginning);
    qemuFixtureAdd("/qemu_hydration_late/yield-then-stop", testYieldThenStop);
    qemuFixtureAdd("/qemu_hydration_late/pause-too-late", testPauseTooLate);
    qemuFixtureAdd("/qemu_hydration_late/paused-by-other", testPausedByOther);
    qemuFixtureAdd("/qemu_hydration_late/near-end-stopped", testNearEndStopped);
    qemuFixtureAdd("/qemu_hydration_late/silence", testSilence);
    qemuFixtureAdd("/qemu_hydration_late/stale-end", testStaleEnd);
    qemuFixtureAdd("/qemu_hydration_late/stale-near-end", testStaleNearEnd);
    qemuFixtureAdd("/qemu_hydration_late/yield-while-stopping", testYieldWhileStopping);
    qemuFixtureAdd("/qemu_hydration_late/yield-stop-begin", testYieldStopBegin);
    return g_test_run();
}
