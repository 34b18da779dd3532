/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_hydration-test.c: what is taken and given back, and in which order */

#include "qemu/qemu_hydration.h"

#include "expect.h"
#include "qemu_fixture.h"
#include "util/lock.h"

#define AWAY_REASON "QEMU's NBD server is left to others"

/* The guest's lines */
#define BEGIN "export_new a/vda\nworker_new a/vda\n"
#define NOTED "metadata a <policy><disk target='vda' job='paused'/></policy>\n"
#define STOP "worker_flush a/vda\nworker_stop a/vda\nexport_free a/vda\n"
#define FREE "worker_free a/vda\n"
#define UNNOTED "metadata a -\n"

/* It begins, and is stopped before the job is ended. */
static void
testBeginStop(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    qemuHydrationStep(stream);
    assertHydration(stream, WORKING, NULL);
    assertCalls(BEGIN NOTED);
    qemuHydrationStep(stream); /* it only tells its worker */
    assertCalls("");
    g_assert_cmpstr(stream->base, ==, NULL);

    qemuHydrationStop(stream, "for a reason");
    assertHydration(stream, IDLE, "for a reason");
    assertCalls(STOP UNNOTED FREE);
    qemuFixtureSettle(fix);
    assertHydration(stream, IDLE, "for a reason");

    qemuHydrationStep(stream);
    assertHydration(stream, WORKING, NULL);
}

/* What cannot begin is tried again in five seconds; what was taken is given back. */
static void
testBeginFails(qemuFixture *fix, const void *opaque)
{
    static const struct {
        const char *call;
        const char *calls;
    } cases[] = {
        { "image_get", "" },
        { "version", "" },
        { "export_new", "export_new a/vda\n" },
        { "job_get", "export_new a/vda\nexport_free a/vda\n" },
        { "export_connect", "export_new a/vda\nexport_free a/vda\n" },
        { "worker_new", "export_new a/vda\nworker_new a/vda\nexport_free a/vda\n" },
    };
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        fakeCallFail(cases[i].call, VIR_ERR_OPERATION_FAILED, "no");
        qemuHydrationStep(stream);
        assertHydration(stream, RESTING, "operation failed: no");
        assertCalls(cases[i].calls);
        qemuHydrationStep(stream);
        assertCalls("");
        fakeTimeSkip(5 * G_USEC_PER_SEC);
    }
    qemuHydrationStep(stream);
    assertHydration(stream, WORKING, NULL);
}

/* The job has ended since it was seen. */
static void
testBeginWithoutJob(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    fakeDiskEndJob(fix->vda, false);
    virResetLastError();
    qemuHydrationStep(stream);
    g_assert_cmpint(qemuFixtureGetHydration(stream), ==, STREAM_HYDRATION_RESTING);
    assertCalls("export_new a/vda\n");
}

/* What QEMU does not bear is not tried again. */
static void
testRefused(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    g_autoptr(qemuStream) other = qemuFixtureRun(fix, fix->other);

    fakeGuestSetVersion(fix->a, "9.1.0");
    qemuHydrationStep(stream);
    assertHydration(stream, OFF,
                    "Operation not supported: hydration has not been tried with QEMU 9.1.0");
    fakeGuestSetVersion(fix->a, "10.0.2");
    fakeTimeSkip(60 * G_USEC_PER_SEC);
    qemuHydrationStep(stream);
    assertCalls("");

    fakeGuestSetVersion(fix->b, "7.2.1");
    FAKE_DISK_SET(fix->other, extendedL2, true);
    qemuHydrationStep(other);
    g_assert_cmpint(qemuFixtureGetHydration(other), ==, STREAM_HYDRATION_OFF);
}

/* A disk without backing image may have one later: it is no refusal. */
static void
testNothingBelow(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    FAKE_DISK_SET(fix->vda, depth, 0);
    qemuHydrationStep(stream);
    g_assert_cmpint(qemuFixtureGetHydration(stream), ==, STREAM_HYDRATION_RESTING);
}

static void
testCut(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    qemuHydrationCut(stream);
    assertHydration(stream, DONE, NULL);
    qemuHydrationCut(stream); /* it may be told twice */
    qemuFixtureSettle(fix);
    assertHydration(stream, DONE, NULL);
    assertCalls("worker_stop a/vda\nworker_flush a/vda\nexport_free a/vda\n" UNNOTED FREE);
    qemuHydrationStep(stream);
    assertCalls("");
}

/* For a backup, which is tried again within seconds */
static void
testYield(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    fakeCallHold("worker_flush");
    qemuHydrationYield(stream, "QEMU's NBD server is left to others");
    assertHydration(stream, YIELDING, AWAY_REASON);
    fakeCallRelease("worker_flush");
    qemuFixtureSettle(fix);
    assertHydration(stream, RESTING, AWAY_REASON);
    assertCalls("worker_stop a/vda\nworker_flush a/vda\nexport_free a/vda\n" UNNOTED FREE);

    fakeTimeSkip(14 * G_USEC_PER_SEC);
    qemuHydrationStep(stream);
    qemuHydrationYield(stream,
                       "QEMU's NBD server is left to others"); /* there is nothing to give */
    qemuFixtureSettle(fix);
    assertHydration(stream, RESTING, AWAY_REASON);
    assertCalls("");
    fakeTimeSkip(2 * G_USEC_PER_SEC);
    qemuHydrationStep(stream);
    assertHydration(stream, WORKING, NULL);
}

/* The job is paused before the last range, and goes on when all is flushed. */
static void
testNearEnd(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    fakeWorkerNearEnd(fix->vda);
    qemuFixtureSettle(fix);
    assertCalls("job_pause a/vda\nworker_let_end a/vda\n");
    g_assert_true(fakeDiskIsPaused(fix->vda));
    assertFlag(stream, endSafe, false);

    fakeWorkerEnd(fix->vda, NULL);
    fakeCallAwait("worker_free");
    qemuFixtureSettle(fix);
    assertHydration(stream, DONE, NULL);
    assertCalls("worker_flush a/vda\nworker_stop a/vda\nexport_free a/vda\n"
                "job_resume a/vda\n" UNNOTED FREE);
    assertFlag(stream, endSafe, true);
    assertFlag(stream, jobPaused, false);
    g_assert_false(fakeDiskIsPaused(fix->vda));
}

/* A request that the source has forgotten does not keep the job paused for ever; one that takes long
 * does, as long as others come. */
static void
testNeverEnds(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    fakeWorkerNearEnd(fix->vda);
    qemuFixtureSettle(fix);
    g_assert_true(fakeDiskIsPaused(fix->vda));
    for (guint64 copied = 1; copied < 5; copied++) {
        fakeWorkerSetStats(fix->vda, &(streamHydrationStats) { .copied = copied });
        qemuHydrationReport(stream);
        qemuHydrationStep(stream);
        fakeTimeSkip(20 * G_USEC_PER_SEC);
        qemuHydrationStep(stream);
        g_assert_true(fakeDiskIsPaused(fix->vda));
    }
    fakeTimeSkip(20 * G_USEC_PER_SEC);
    qemuHydrationStep(stream);
    g_assert_false(fakeDiskIsPaused(fix->vda));
    assertHydration(stream, WORKING, NULL);
    assertFlag(stream, endSafe, false);
    g_free(fakeCallTake());
}

/* A job that cannot be paused ends as it may. */
static void
testPauseFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    fakeCallFail("job_pause", VIR_ERR_OPERATION_FAILED, "no");
    fakeWorkerNearEnd(fix->vda);
    qemuFixtureSettle(fix);
    assertCalls("job_pause a/vda\n" UNNOTED "worker_let_end a/vda\n");
    fakeWorkerEnd(fix->vda, NULL);
    fakeCallAwait("worker_free");
    qemuFixtureSettle(fix);
    assertHydration(stream, DONE, NULL);
    assertFlag(stream, endSafe, false);
}

static void
testLimit(qemuStream *stream, guint64 bandwidth)
{
    LOCK_SCOPE(&stream->guest->lock);

    stream->settings.bandwidth = bandwidth;
}

static void
testWorkerFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    fakeWorkerEnd(fix->vda, "no space");
    fakeCallAwait("worker_free");
    qemuFixtureSettle(fix);
    assertHydration(stream, RESTING, "no space");
    assertFlag(stream, endSafe, false);
    g_free(fakeCallTake());
    qemuHydrationStep(stream);
    assertCalls("");
    fakeTimeSkip(5 * G_USEC_PER_SEC);
    qemuHydrationStep(stream);
    assertHydration(stream, WORKING, NULL);
}

static void
testTail(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = NULL;

    fakeDiskSetTail(fix->vda, 100);
    stream = qemuFixtureHydrate(fix, fix->vda);
    g_assert_cmpuint(fakeWorkerGetTail(fix->vda), ==, FAKE_DISK_SIZE - 100);
    assertFlag(stream, tailOpen, true);
    fakeWorkerFillTail(fix->vda, true);
    assertFlag(stream, tailOpen, false);
    assertFlag(stream, tailFilled, true);
    g_assert_cmpint(qemuStreamGetTailTime(stream, 0), >, 0);

    qemuHydrationStop(stream, NULL);
    qemuFixtureSettle(fix);
    qemuHydrationStep(stream);
    g_assert_cmpuint(fakeWorkerGetTail(fix->vda), ==, 0);
}

/* The worker hears what the guest does, unless QEMU must be left alone. */
static void
testGuest(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);
    streamGuestStats figures = { 0 };

    g_assert_true(fakeWorkerAskGuest(fix->vda, &figures));
    g_assert_cmpuint(figures.writes, ==, 2);
    assertCalls("blockstats a/vda\n");
    qemuGuestPauseQueries(stream->guest, G_USEC_PER_SEC);
    g_assert_false(fakeWorkerAskGuest(fix->vda, &figures));
    assertCalls("");
    fakeTimeSkip(G_USEC_PER_SEC);
    fakeCallFail("blockstats", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_false(fakeWorkerAskGuest(fix->vda, &figures));
}

/* Another limit reaches the job and the worker. */
static void
testApply(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    testLimit(stream, 1000);
    g_assert_cmpint(qemuHydrationApply(stream->guest), ==, 0);
    assertCalls("job_set_speed a/vda 1000\nworker_set a/vda 1000\n");
    g_mutex_lock(&stream->guest->lock);
    stream->progress.done = 77;
    stream->settings.guestLatency.fast = true;
    g_mutex_unlock(&stream->guest->lock);
    g_assert_cmpint(qemuHydrationApply(stream->guest), ==, 0);
    assertCalls("metadata a <policy><disk target='vda' fast='yes' job='paused'/></policy>\n"
                "worker_set a/vda 1000 fast\n");
    g_assert_cmpuint(fakeWorkerGetPosition(fix->vda), ==, 77);
}

static void
testSetPaused(qemuStream *stream, bool paused)
{
    LOCK_SCOPE(&stream->guest->lock);

    stream->settings.paused = paused;
}

static void
testPaused(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureHydrate(fix, fix->vda);

    testSetPaused(stream, true);
    qemuHydrationStep(stream);
    assertHydration(stream, IDLE, "paused");
    assertCalls(STOP "metadata a <policy><disk target='vda' hydrate='no'/></policy>\n" FREE);
    qemuFixtureSettle(fix);
    qemuHydrationStep(stream);
    assertCalls("");
    testSetPaused(stream, false);
    qemuHydrationStep(stream);
    assertHydration(stream, WORKING, NULL);
}

static void
testReport(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    qemuHydrationReport(stream); /* nothing works */
    qemuHydrationStep(stream);
    fakeWorkerSetStats(fix->vda,
                       &(streamHydrationStats) { .copied = 30, .left = 70, .exact = true });
    qemuHydrationReport(stream);
    g_mutex_lock(&stream->guest->lock);
    g_assert_cmpuint(stream->copying.done, ==, 30);
    g_assert_cmpuint(stream->copying.total, ==, 100);
    g_assert_cmpint(qemuStreamGetBasis(stream), ==, VIR_DOMAIN_STREAM_DISK_BASIS_MAP);
    g_mutex_unlock(&stream->guest->lock);
    qemuHydrationStop(stream, NULL);
    qemuFixtureSettle(fix);
    qemuHydrationStep(stream); /* what was copied stays counted */
    fakeWorkerSetStats(fix->vda, &(streamHydrationStats) { .copied = 5, .left = 65 });
    qemuHydrationReport(stream);
    g_mutex_lock(&stream->guest->lock);
    g_assert_cmpuint(stream->copying.done, ==, 35);
    g_mutex_unlock(&stream->guest->lock);
}

/* libvirt keeps nothing: hydration goes on. */
static void
testMetadataFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    fakeCallRefuse("metadata", VIR_ERR_OPERATION_FAILED, "no");
    qemuHydrationStep(stream);
    assertHydration(stream, WORKING, NULL);
    g_assert_cmpint(qemuHydrationApply(stream->guest), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "no");
    qemuHydrationStop(stream, NULL);
    assertHydration(stream, IDLE, NULL);
    qemuFixtureSettle(fix);
    fakeCallAccept("metadata");
    g_free(fakeCallTake());
    g_assert_cmpint(qemuHydrationApply(stream->guest), ==, 0);
    assertCalls(UNNOTED BEGIN NOTED);
}

/* The one without turn is not hydrated. */
static void
testTurn(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    g_autoptr(qemuStream) waiting = qemuFixtureRun(fix, fix->vdb);

    qemuHydrationApply(stream->guest);
    assertHydration(stream, WORKING, NULL);
    assertHydration(waiting, IDLE, NULL);
    g_assert_cmpuint(fakeDiskGetBandwidth(fix->vdb), ==, 1048573);
}

static void
testRemoveLeft(qemuFixture *fix, const void *opaque)
{
    g_autofree char *gone = g_strdup_printf("server_remove_left %s\n", fix->b->uuid);

    qemuHydrationTakeBackAll(fix->guests, fakeGuestGetConnect());
    assertCalls("");
    fakeNbdServerLeave(fix->a->uuid);
    qemuHydrationTakeBackAll(fix->guests, fakeGuestGetConnect());
    qemuFixtureSettle(fix);
    assertCalls("server_remove_left a\n");
    fakeNbdServerLeave(fix->b->uuid);
    fakeGuestSetState(fix->b, FAKE_GUEST_GONE);
    qemuHydrationTakeBackAll(fix->guests, fakeGuestGetConnect());
    assertCalls(gone);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAdd("/qemu_hydration/begin-stop", testBeginStop);
    qemuFixtureAdd("/qemu_hydration/begin-fails", testBeginFails);
    qemuFixtureAdd("/qemu_hydration/begin-without-job", testBeginWithoutJob);
    qemuFixtureAdd("/qemu_hydration/refused", testRefused);
    qemuFixtureAdd("/qemu_hydration/nothing-below", testNothingBelow);
    qemuFixtureAdd("/qemu_hydration/cut", testCut);
    qemuFixtureAdd("/qemu_hydration/yield", testYield);
    qemuFixtureAdd("/qemu_hydration/near-end", testNearEnd);
    qemuFixtureAdd("/qemu_hydration/never-ends", testNeverEnds);
    qemuFixtureAdd("/qemu_hydration/pause-fails", testPauseFails);
    qemuFixtureAdd("/qemu_hydration/worker-fails", testWorkerFails);
    qemuFixtureAdd("/qemu_hydration/tail", testTail);
    qemuFixtureAdd("/qemu_hydration/guest", testGuest);
    qemuFixtureAdd("/qemu_hydration/apply", testApply);
    qemuFixtureAdd("/qemu_hydration/paused", testPaused);
    qemuFixtureAdd("/qemu_hydration/report", testReport);
    qemuFixtureAdd("/qemu_hydration/metadata-fails", testMetadataFails);
    qemuFixtureAdd("/qemu_hydration/turn", testTurn);
    qemuFixtureAdd("/qemu_hydration/remove-left", testRemoveLeft);
    return g_test_run();
}
