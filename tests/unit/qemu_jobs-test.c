/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_jobs-test.c: what jobs are told, in which order, and by whom */

#include "qemu/qemu_jobs.h"

#include "expect.h"
#include "qemu_fixture.h"
#include "util/lock.h"

#define NOTED "metadata a <policy><disk target='vda' job='paused'/></policy>\n"

static void
testLimit(qemuStream *stream, guint64 bandwidth)
{
    LOCK_SCOPE(&stream->guest->lock);

    stream->settings.bandwidth = bandwidth;
}

static void *
testApplyThread(void *opaque)
{
    return GINT_TO_POINTER(qemuJobsApply(opaque));
}

static void
testSpeed(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    g_assert_cmpint(qemuJobsApply(stream->guest), ==, 0);
    assertCalls("metadata a -\n"); /* what an earlier run has left */
    testLimit(stream, 5);
    g_assert_cmpint(qemuJobsApply(stream->guest), ==, 0);
    g_assert_cmpint(qemuJobsApply(stream->guest), ==, 0);
    assertCalls("job_set_speed a/vda 5\n");
}

/* The limit of who waits is kept before the job loses it, and dropped after it has it again. */
static void
testKept(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    g_autoptr(qemuStream) waiting = qemuFixtureRun(fix, fix->vdb);

    testLimit(waiting, 2000000);
    g_assert_cmpint(qemuJobsApply(stream->guest), ==, 0);
    assertCalls("metadata a <policy><disk target='vdb' bandwidth='2000000'/></policy>\n"
                "job_set_speed a/vdb 1048573\n");
    g_mutex_lock(&stream->guest->lock);
    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    g_mutex_unlock(&stream->guest->lock);
    g_assert_cmpint(qemuJobsApply(stream->guest), ==, 0);
    assertCalls("COMPLETED a/vda\njob_set_speed a/vdb 2000000\nmetadata a -\n");
}

/* A speed that changes while the job is told is told after it, by the same thread. */
static void
testChangedMeanwhile(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    GThread *thread;

    testLimit(stream, 5);
    fakeCallHoldNext("job_set_speed");
    thread = g_thread_new("apply", testApplyThread, stream->guest);
    fakeCallAwaitHeld("job_set_speed");
    testLimit(stream, 6);
    g_assert_cmpint(qemuJobsApply(stream->guest), ==, 0);
    fakeCallRelease("job_set_speed");
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 0);
    assertCalls("metadata a -\njob_set_speed a/vda 5\njob_set_speed a/vda 6\n");
}

static void
testSpeedFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    g_autoptr(qemuStream) waiting G_GNUC_UNUSED = qemuFixtureRun(fix, fix->vdb);

    testLimit(stream, 5);
    fakeCallFail("job_set_speed a/vda", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(qemuJobsApply(stream->guest), ==, -1);
    assertCalls("metadata a -\njob_set_speed a/vda 5\njob_set_speed a/vdb 1048573\n");
    g_assert_cmpint(qemuJobsApply(stream->guest), ==, 0);
    assertCalls("job_set_speed a/vda 5\n");
}

/* Whoever asked hears why, though the others could be told. */
static void
testErrorKept(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    g_autoptr(qemuStream) waiting G_GNUC_UNUSED = qemuFixtureRun(fix, fix->vdb);

    testLimit(stream, 5);
    fakeCallFail("job_set_speed a/vda", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(qemuJobsApply(stream->guest), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "no");
}

/* That it may be paused is kept before it is, and until it is not. */
static void
testHold(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    g_assert_cmpint(qemuJobsHoldEnd(stream, true), ==, 0);
    assertCalls(NOTED "job_pause a/vda\n");
    g_assert_cmpint(qemuJobsHoldEnd(stream, true), ==, 0);
    assertCalls("");
    fakeCallFail("job_resume", VIR_ERR_RPC, "away");
    g_assert_cmpint(qemuJobsHoldEnd(stream, false), ==, -1);
    expectError(VIR_ERR_RPC, "away");
    assertCalls("job_resume a/vda\n");
    g_assert_cmpint(qemuJobsApply(stream->guest), ==, 0); /* it is tried again */
    assertCalls("job_resume a/vda\nmetadata a -\n");
    g_assert_false(fakeDiskIsPaused(fix->vda));
}

/* The worker was stopped while the job was being told to pause: it goes on, by the same thread. */
static void
testHoldLetGo(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    GThread *thread;

    g_mutex_lock(&stream->guest->lock);
    stream->endHeld = stream->endNoted = true;
    g_mutex_unlock(&stream->guest->lock);
    fakeCallHold("job_pause");
    thread = g_thread_new("apply", testApplyThread, stream->guest);
    fakeCallAwaitHeld("job_pause");
    g_assert_cmpint(qemuJobsHoldEnd(stream, false), ==, 0);
    fakeCallRelease("job_pause");
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 0);
    g_assert_false(fakeDiskIsPaused(fix->vda));
    g_assert_cmpstr(fix->a->metadata, ==, NULL);
}

/* What libvirt does not keep is no reason to leave the jobs as they are. */
static void
testMetadataFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    testLimit(stream, 5);
    fakeCallRefuse("metadata", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(qemuJobsApply(stream->guest), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpuint(fakeDiskGetBandwidth(fix->vda), ==, 5);
}

/* One that has ended is told nothing. */
static void
testEnded(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    g_mutex_lock(&stream->guest->lock);
    qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, "for a reason", false);
    g_mutex_unlock(&stream->guest->lock);
    g_assert_cmpint(qemuJobsHoldEnd(stream, true), ==, 0);
    assertCalls("FAILED a/vda: for a reason\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAdd("/qemu_jobs/speed", testSpeed);
    qemuFixtureAdd("/qemu_jobs/kept", testKept);
    qemuFixtureAdd("/qemu_jobs/changed-meanwhile", testChangedMeanwhile);
    qemuFixtureAdd("/qemu_jobs/speed-fails", testSpeedFails);
    qemuFixtureAdd("/qemu_jobs/hold", testHold);
    qemuFixtureAdd("/qemu_jobs/hold-let-go", testHoldLetGo);
    qemuFixtureAdd("/qemu_jobs/metadata-fails", testMetadataFails);
    qemuFixtureAdd("/qemu_jobs/ended", testEnded);
    qemuFixtureAdd("/qemu_jobs/error-kept", testErrorKept);
    return g_test_run();
}
