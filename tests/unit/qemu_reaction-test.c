/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_reaction-test.c: what libvirt tells, and what follows from it */

#include "qemu/qemu_reaction.h"

#include "qemu/qemu_command.h"
#include "qemu/qemu_hydration.h"
#include "qemu_fixture.h"
#include "util/lock.h"

#define BEGIN "export_new a/vda\nworker_new a/vda\n"
#define NOTED "metadata a <policy><disk target='vda' job='paused'/></policy>\n"
#define GIVEN_BACK \
    "worker_flush a/vda\nworker_stop a/vda\nexport_free a/vda\nmetadata a -\nworker_free a/vda\n"

/* Somebody begins a pull, which is told; nothing is noted of it. */
static qemuStream *
testPull(qemuFixture *fix, fakeDisk *disk)
{
    fakeDiskBeginJob(disk, 0);
    fakeEventJobRunning(disk);
    qemuFixtureSettle(fix);
    g_free(fakeCallTake());
    return qemuFixtureFind(fix, disk);
}

/* The same, without hydration */
static qemuStream *
testPullAlone(qemuFixture *fix, fakeDisk *disk)
{
    fakeCallRefuse("export_new", VIR_ERR_OPERATION_FAILED, "no");
    return testPull(fix, disk);
}

static void
testRunning(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = NULL;

    fakeDiskBeginJob(fix->vda, 1000);
    fakeDiskMoveJob(fix->vda, 5);
    fakeEventJobRunning(fix->vda);
    qemuFixtureSettle(fix);
    assertCalls("STARTED a/vda\nmetadata a -\n" BEGIN NOTED);
    stream = qemuFixtureFind(fix, fix->vda);
    assertState(stream, RUNNING);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 1000);
    g_assert_cmpuint(stream->progress.done, ==, 5);

    fakeEventJobRunning(fix->vda);
    qemuFixtureSettle(fix);
    assertCalls("");
    g_assert_cmpuint(fakeTimeTick(), ==, 1); /* somebody asks from now on */
    qemuFixtureSettle(fix);
    assertCalls("PROGRESS a/vda\n");
}

static void
testRunningUnseen(qemuFixture *fix, const void *opaque)
{
    fakeDiskBeginJob(fix->vda, 0);
    fakeCallFail("xml a", VIR_ERR_RPC, "away");
    fakeEventJobRunning(fix->vda);
    qemuFixtureSettle(fix);
    g_assert_null(qemuFixtureFind(fix, fix->vda));
    FAKE_DISK_SET(fix->vda, detached, true);
    fakeEventJobRunning(fix->vda);
    qemuFixtureSettle(fix);
    g_assert_null(qemuFixtureFind(fix, fix->vda));
    assertCalls("");
}

/* It is over when it is asked for, and its end is told. */
static void
testRunningOver(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = NULL;

    fakeCallRefuse("job_get", VIR_ERR_RPC, "away");
    fakeEventJobRunning(fix->vda);
    qemuFixtureSettle(fix);
    g_assert_nonnull(stream = qemuFixtureFind(fix, fix->vda));
    assertState(stream, RUNNING);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_CANCELED);
    qemuFixtureSettle(fix);
    assertState(stream, STOPPED);
}

/* What is told late of a job that was stopped makes no stream, and ends none. */
static void
testStale(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testPullAlone(fix, fix->vda);

    g_assert_cmpint(qemuCommandStop(fix->guests, fix->a->dom, "vda"), ==, 0);
    assertState(stream, STOPPED);
    g_free(fakeCallTake());
    fakeEventJobRunning(fix->vda);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_CANCELED);
    qemuFixtureSettle(fix);
    assertCalls("");
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_CANCELED); /* of nobody's */
    qemuFixtureSettle(fix);
    assertCalls("");
}

static void
testError(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testPullAlone(fix, fix->vda);

    fakeEventJobError(fix->vdb, "of no stream");
    fakeEventJobError(fix->vda, "Input/output error");
    fakeEventJobError(fix->vda, "something later");
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_FAILED);
    qemuFixtureSettle(fix);
    assertState(stream, FAILED);
    assertCalls("FAILED a/vda: Input/output error\n");
}

static void
testEnds(qemuFixture *fix, const void *opaque)
{
    static const struct {
        int status;
        const char *calls;
    } cases[] = {
        { VIR_DOMAIN_BLOCK_JOB_COMPLETED, "image_flush a/vda\nCOMPLETED a/vda\n" },
        { VIR_DOMAIN_BLOCK_JOB_CANCELED, "STOPPED a/vda: the block job was aborted\n" },
        { VIR_DOMAIN_BLOCK_JOB_FAILED,
          "FAILED a/vda: the block job failed, QEMU gave no reason\n" },
    };

    fakeCallRefuse("export_new", VIR_ERR_OPERATION_FAILED, "no");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        qemuStreamUnref(testPull(fix, fix->vda));
        fakeDiskEndJob(fix->vda, false);
        fakeEventJobEnded(fix->vda, cases[i].status);
        qemuFixtureSettle(fix);
        assertCalls(cases[i].calls);
    }
}

/* Hydration does not outlive its job, and is given back before the end is told. */
static void
testEndHydrated(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testPull(fix, fix->vda);

    assertHydration(stream, WORKING, NULL);
    fakeDiskEndJob(fix->vda, true);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_COMPLETED);
    qemuFixtureSettle(fix);
    assertState(stream, COMPLETED);
    assertHydration(stream, DONE, NULL);
    assertCalls("worker_stop a/vda\nworker_flush a/vda\nexport_free a/vda\nmetadata a -\n"
                "worker_free a/vda\nimage_flush a/vda\nCOMPLETED a/vda\n");
}

/* The job ends while the export is being made: no request is sent, all is given back. */
static void
testEndWhileBeginning(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = NULL;

    fakeDiskBeginJob(fix->vda, 0);
    fakeCallHold("worker_new");
    fakeEventJobRunning(fix->vda);
    fakeCallAwaitHeld("worker_new");
    fakeDiskEndJob(fix->vda, false);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_CANCELED);
    fakeCallRelease("worker_new");
    qemuFixtureSettle(fix);
    assertCalls("STARTED a/vda\nmetadata a -\n" BEGIN "worker_stop a/vda\n" NOTED
                "worker_flush a/vda\nexport_free a/vda\nmetadata a -\nworker_free a/vda\n"
                "STOPPED a/vda: the block job was aborted\n");
    stream = qemuFixtureFind(fix, fix->vda);
    assertHydration(stream, OFF, NULL);
}

/* What is copied but not flushed is not yet a stream that completed; the guest's own end flushes. */
static void
testNotFlushed(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testPullAlone(fix, fix->vda);

    fakeDiskEndJob(fix->vda, true);
    fakeCallFail("image_flush", VIR_ERR_OPERATION_FAILED, "no");
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_COMPLETED);
    qemuFixtureSettle(fix);
    assertState(stream, RUNNING);
    fakeGuestSetState(fix->a, FAKE_GUEST_OFF);
    fakeEventGuestStopped(fix->a, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
    qemuFixtureSettle(fix);
    assertState(stream, COMPLETED);
    assertCalls("image_flush a/vda\nCOMPLETED a/vda\n");
}

/* The next one has the turn, and its speed, at once. */
static void
testTurn(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream G_GNUC_UNUSED = testPullAlone(fix, fix->vda);
    g_autoptr(qemuStream) next = NULL;

    fakeDiskBeginJob(fix->vdb, 0);
    fakeEventJobRunning(fix->vdb);
    qemuFixtureSettle(fix);
    assertCalls("STARTED a/vdb\njob_set_speed a/vdb 1048573\n");
    fakeDiskEndJob(fix->vda, false);
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_FAILED);
    qemuFixtureSettle(fix);
    assertCalls("FAILED a/vda: the block job failed, QEMU gave no reason\n"
                "job_set_speed a/vdb 0\nexport_new a/vdb\n");
    next = qemuFixtureFind(fix, fix->vdb);
    assertFlag(next, waitingTurn, false);
}

static void
testGuestStops(qemuFixture *fix, const void *opaque)
{
    static const struct {
        int detail;
        const char *call;
    } cases[] = {
        { VIR_DOMAIN_EVENT_STOPPED_CRASHED, "FAILED a/vda: the guest crashed\n" },
        { VIR_DOMAIN_EVENT_STOPPED_FAILED, "FAILED a/vda: QEMU ended unexpectedly\n" },
        { VIR_DOMAIN_EVENT_STOPPED_DESTROYED, "STOPPED a/vda: the guest was destroyed\n" },
        { VIR_DOMAIN_EVENT_STOPPED_MIGRATED,
          "STOPPED a/vda: the guest migrated to another host\n" },
        { VIR_DOMAIN_EVENT_STOPPED_SAVED, "STOPPED a/vda: the guest was saved\n" },
        { VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN, "STOPPED a/vda: the guest was shut down\n" },
    };

    fakeCallRefuse("export_new", VIR_ERR_OPERATION_FAILED, "no");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        qemuStreamUnref(testPull(fix, fix->vda));
        fakeGuestSetState(fix->a, FAKE_GUEST_GONE);
        fakeEventGuestStopped(fix->a, cases[i].detail);
        qemuFixtureSettle(fix);
        assertCalls(cases[i].call);
        g_assert_null(qemuFixtureFind(fix, fix->vda));
        fakeGuestSetState(fix->a, FAKE_GUEST_RUNS);
    }
}

static void
testDiskRemoved(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream G_GNUC_UNUSED = testPull(fix, fix->vda);

    fakeEventDiskRemoved(fix->vdb);
    qemuFixtureSettle(fix);
    assertCalls("");
    FAKE_DISK_SET(fix->vda, detached, true);
    fakeEventDiskRemoved(fix->vda);
    qemuFixtureSettle(fix);
    assertCalls(GIVEN_BACK "STOPPED a/vda: the disk was detached\n");
}

/* What the guest may of its disk, hydration may, too; the job of others keeps its speed. */
static void
testTuned(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream G_GNUC_UNUSED = testPull(fix, fix->vda);

    FAKE_DISK_SET(fix->vda, iotune, 5000);
    fakeEventDisksTuned(fix->a);
    fakeEventDisksTuned(fix->b); /* streams nothing */
    qemuFixtureSettle(fix);
    assertCalls("worker_set a/vda 5000\n");
    FAKE_DISK_SET(fix->vda, detached, true);
    fakeEventDisksTuned(fix->a);
    qemuFixtureSettle(fix);
    assertCalls("");
}

/* The backup that fails, since the server is ours, is let go first the next time. */
static void
testBackup(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testPull(fix, fix->vda);

    fakeBackupBegin(fix->b);
    fakeBackupBegin(fix->a);
    fakeTimeTick();
    qemuFixtureSettle(fix);
    assertCalls(""); /* nothing is asked now */
    fakeBackupEnd(fix->a);
    qemuFixtureSettle(fix);
    assertHydration(stream, RESTING, "QEMU's NBD server is left to others");
    g_free(fakeCallTake());
    qemuFixtureTick(fix);
    assertCalls("PROGRESS a/vda\n");
    fakeTimeSkip(15 * G_USEC_PER_SEC);
    qemuFixtureTick(fix);
    assertHydration(stream, WORKING, NULL);

    fakeBackupBegin(fix->a);
    fakeTimeSkip(2 * G_USEC_PER_SEC);
    fakeBackupEnd(fix->a); /* it had what it wanted */
    qemuFixtureSettle(fix);
    assertHydration(stream, WORKING, NULL);
}

/* The tail of a pull that others begin is zeroed while the guest is suspended. */
static void
testTail(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = NULL;

    fakeDiskSetTail(fix->vda, 4096);
    fakeCallRefuse("worker_new", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_nonnull(stream = testPull(fix, fix->vda));
    g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_RUNS);
    assertFlag(stream, tailFilled, true);
    assertFlag(stream, tailOpen, false);
    g_assert_cmpint(stream->tailUs, >, 0);
}

/* If that fails the guest goes on, and hydration begins with it. */
static void
testTailFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = NULL;

    fakeDiskSetTail(fix->vda, 4096);
    fakeCallFail("nbd_wait", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_nonnull(stream = testPull(fix, fix->vda));
    g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_RUNS);
    g_assert_true(fakeDiskHasJob(fix->vda));
    assertFlag(stream, tailOpen, true);
    assertHydration(stream, WORKING, NULL);
    g_assert_cmpuint(fakeWorkerGetTail(fix->vda), ==, FAKE_DISK_SIZE - 4096);
}

/* Without QEMU's events the tick sees what others begin. */
static void
testNoMonitor(qemuFixture *fix, const void *opaque)
{
    fakeEventSetNoMonitor();
    g_assert_cmpint(fakeConnectionUp(), ==, 0);
    fakeDiskBeginJob(fix->vda, 0);
    qemuFixtureTick(fix);
    assertCalls("STARTED a/vda\nPROGRESS a/vda\nmetadata a -\n" BEGIN NOTED);
}

static void
testNoEvents(qemuFixture *fix, const void *opaque)
{
    fakeCallFail("event_new", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(fakeConnectionUp(), ==, -1);
    g_assert_cmpint(fakeConnectionUp(), ==, 0);
}

/* A guest that does not answer holds up no other. */
static void
testSilence(qemuFixture *fix, const void *opaque)
{
    fakeDiskBeginJob(fix->vda, 0);
    fakeCallHold("xml a");
    fakeEventJobRunning(fix->vda);
    fakeCallAwaitHeld("xml a");
    fakeDiskBeginJob(fix->other, 0);
    fakeEventJobRunning(fix->other);
    fakeCallAwait("worker_new b/vda");
    fakeEventJobEnded(fix->other, VIR_DOMAIN_BLOCK_JOB_FAILED);
    fakeCallAwait("FAILED b/vda");
    g_assert_false(fakeCallIsNoted("STARTED a/vda"));
    fakeCallRelease("xml a");
    qemuFixtureSettle(fix);
    g_assert_true(fakeCallIsNoted("STARTED a/vda"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAddResident("/qemu_reaction/running", testRunning);
    qemuFixtureAddResident("/qemu_reaction/running-unseen", testRunningUnseen);
    qemuFixtureAddResident("/qemu_reaction/running-over", testRunningOver);
    qemuFixtureAddResident("/qemu_reaction/stale", testStale);
    qemuFixtureAddResident("/qemu_reaction/error", testError);
    qemuFixtureAddResident("/qemu_reaction/ends", testEnds);
    qemuFixtureAddResident("/qemu_reaction/end-hydrated", testEndHydrated);
    qemuFixtureAddResident("/qemu_reaction/end-while-beginning", testEndWhileBeginning);
    qemuFixtureAddResident("/qemu_reaction/not-flushed", testNotFlushed);
    qemuFixtureAddResident("/qemu_reaction/turn", testTurn);
    qemuFixtureAddResident("/qemu_reaction/guest-stops", testGuestStops);
    qemuFixtureAddResident("/qemu_reaction/disk-removed", testDiskRemoved);
    qemuFixtureAddResident("/qemu_reaction/tuned", testTuned);
    qemuFixtureAddResident("/qemu_reaction/backup", testBackup);
    qemuFixtureAddResident("/qemu_reaction/tail", testTail);
    qemuFixtureAddResident("/qemu_reaction/tail-fails", testTailFails);
    qemuFixtureAddAway("/qemu_reaction/no-monitor", testNoMonitor);
    qemuFixtureAddAway("/qemu_reaction/no-events", testNoEvents);
    qemuFixtureAddResident("/qemu_reaction/silence", testSilence);
    return g_test_run();
}
