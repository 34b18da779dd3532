/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_reconcile-test.c: what libvirt answers, and what is concluded from it */

#include "qemu/qemu_reconcile.h"

#include "expect.h"
#include "qemu_fixture.h"
#include "util/handle.h"
#include "util/lock.h"

static void
testDiscover(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, fix->a->dom);
    g_autoptr(qemuStream) stream = NULL;

    fakeDiskBeginJob(fix->vda, 7);
    fakeDiskMoveJob(fix->vda, 3);
    g_assert_cmpint(qemuReconcileDiscover(guest, true, NULL), ==, 0);
    assertCalls("STARTED a/vda\n");
    g_assert_nonnull(stream = qemuFixtureFind(fix, fix->vda));
    g_assert_cmpuint(stream->progress.done, ==, 3);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 7);
    g_assert_cmpint(qemuReconcileDiscover(guest, true, NULL), ==, 0);
    assertCalls("");
    g_assert_null(qemuFixtureFind(fix, fix->vdb));
}

/* What the metadata keep of streams that are no more is dropped, if all could be asked. */
static void
testMetadata(qemuFixture *fix, const void *opaque)
{
    static const char text[] = "<policy><disk target='vda' fast='yes'/>"
                               "<disk target='vdb' guest='suspended'/></policy>";
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, fix->a->dom);
    g_autoptr(qemuStream) stream = NULL;
    g_autofree char *suspended = NULL;

    fakeGuestSetMetadata(fix->a, text);
    fakeDiskBeginJob(fix->vda, 0);
    fakeCallFail("job_get a/vdb", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(qemuReconcileDiscover(guest, false, &suspended), ==, 0);
    g_assert_cmpstr(suspended, ==, "vdb");
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
    assertCalls("");
    g_assert_cmpint(qemuReconcileDiscover(guest, false, NULL), ==, 0);
    assertCalls("metadata a <policy><disk target='vda' fast='yes'/></policy>\n");
    g_assert_nonnull(stream = qemuFixtureFind(fix, fix->vda));
    g_assert_true(stream->settings.guestLatency.fast);
}

static void
testDiscoverFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, fix->a->dom);

    fakeCallFail("xml a", VIR_ERR_RPC, "away");
    g_assert_cmpint(qemuReconcileDiscover(guest, false, NULL), ==, -1);
    expectError(VIR_ERR_RPC, "away");
    FAKE_DISK_SET(fix->vda, depth, 0); /* nothing to ask about */
    fakeDiskSetJob(fix->vdb, VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT);
    fakeCallFail("job_get a/vda", VIR_ERR_RPC, "away");
    g_assert_cmpint(qemuReconcileDiscover(guest, false, NULL), ==, 0);
    g_assert_null(qemuFixtureFind(fix, fix->vdb));
}

static void
testDiscoverAll(qemuFixture *fix, const void *opaque)
{
    g_autoptr(GPtrArray) active = NULL;

    fakeDiskBeginJob(fix->vda, 0);
    fakeDiskBeginJob(fix->other, 0);
    fakeCallFail("xml a", VIR_ERR_RPC, "away");
    g_assert_cmpint(qemuReconcileDiscoverAll(fix->guests, fakeGuestGetConnect()), ==, 0);
    active = qemuStreamsListAllActive(fix->guests);
    g_assert_cmpuint(active->len, ==, 1);
    fakeCallFail("list", VIR_ERR_RPC, "away");
    g_assert_cmpint(qemuReconcileDiscoverAll(fix->guests, fakeGuestGetConnect()), ==, -1);
    expectError(VIR_ERR_RPC, "away");
}

static void
testSample(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    fakeDiskMoveJob(fix->vda, 9);
    g_assert_cmpint(qemuReconcileSample(stream, false), ==, 1);
    g_assert_cmpuint(stream->progress.done, ==, 9);
    assertCalls("");
    g_assert_cmpint(qemuReconcileSample(stream, true), ==, 1);
    assertCalls("PROGRESS a/vda\n");
    fakeCallFail("job_get", VIR_ERR_RPC, "away");
    g_assert_cmpint(qemuReconcileSample(stream, true), ==, -1);
    fakeDiskEndJob(fix->vda, false);
    g_assert_cmpint(qemuReconcileSample(stream, true), ==, 0);
    assertCalls("");
}

static void *
testSampleThread(void *opaque)
{
    return GINT_TO_POINTER(qemuReconcileSample(opaque, false));
}

/* An answer from before the job was told its speed says nothing of the speed. */
static void
testSampleOld(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    GThread *thread;

    fakeCallHold("job_get");
    thread = g_thread_new("sample", testSampleThread, stream);
    fakeCallAwaitHeld("job_get");
    g_mutex_lock(&stream->guest->lock);
    stream->speedSerial += 2;
    g_mutex_unlock(&stream->guest->lock);
    FAKE_DISK_SET(fix->vda, bandwidth, 5);
    fakeCallRelease("job_get");
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 1);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 0);
    g_assert_cmpint(qemuReconcileSample(stream, false), ==, 1);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 5);
}

typedef enum {
    NOTHING,
    SHORTER,
    DETACHED,
    OFF,
    GONE,
    AWAY,
    UNCHAINED_SHORTER,
} testChange;

static void
testMake(qemuFixture *fix, qemuStream *stream, testChange change)
{
    switch (change) {
    case NOTHING: break;
    case SHORTER: FAKE_DISK_SET(fix->vda, depth, 0); break;
    case DETACHED: FAKE_DISK_SET(fix->vda, detached, true); break;
    case OFF: fakeGuestSetState(fix->a, FAKE_GUEST_OFF); break;
    case GONE: fakeGuestSetState(fix->a, FAKE_GUEST_GONE); break;
    case AWAY: fakeCallRefuse("xml", VIR_ERR_RPC, "away"); break;
    case UNCHAINED_SHORTER:
        stream->depth = 0;
        FAKE_DISK_SET(fix->vda, unchained, true);
        FAKE_DISK_SET(fix->vda, depth, 0);
        break;
    }
}

static void
testDetermine(qemuFixture *fix, testChange change, const char *expected)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    g_autofree char *calls = NULL;

    fakeDiskEndJob(fix->vda, false);
    testMake(fix, stream, change);
    qemuReconcileDetermineEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_FAILED, "for a reason", true);
    calls = fakeCallTake();
    g_assert_cmpstr(calls, ==, expected);
    g_assert_cmpuint(stream->staleEnds, ==, *expected ? 1 : 0);
}

static void
testDetermineOtherwise(qemuFixture *fix, const void *opaque)
{
    testDetermine(fix, NOTHING, "FAILED a/vda: for a reason\n");
}

static void
testDetermineShorter(qemuFixture *fix, const void *opaque)
{
    testDetermine(fix, SHORTER, "image_flush a/vda\nCOMPLETED a/vda\n");
}

static void
testDetermineUnchained(qemuFixture *fix, const void *opaque)
{
    testDetermine(fix, UNCHAINED_SHORTER, "image_flush a/vda\nCOMPLETED a/vda\n");
}

static void
testDetermineDetached(qemuFixture *fix, const void *opaque)
{
    testDetermine(fix, DETACHED, "STOPPED a/vda: the disk was detached\n");
}

static void
testDetermineOff(qemuFixture *fix, const void *opaque)
{
    testDetermine(fix, OFF, "STOPPED a/vda: the guest does not run any more\n");
}

static void
testDetermineAway(qemuFixture *fix, const void *opaque)
{
    testDetermine(fix, AWAY, "");
}

/* A guest that was transient is not known any more. */
static void
testDetermineGone(qemuFixture *fix, const void *opaque)
{
    testDetermine(fix, GONE, "STOPPED a/vda: the guest does not run any more\n");
}

/* How long the disk was not flushed is told, unless all was flushed before the end. */
static void
testComplete(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    g_autoptr(qemuStream) safe = qemuFixtureRun(fix, fix->other);

    fakeCallFail("image_flush", VIR_ERR_OPERATION_FAILED, "no");
    qemuReconcileComplete(stream, false);
    assertState(stream, RUNNING);
    assertFlag(stream, jobCompleted, true);
    qemuReconcileComplete(stream, false);
    assertState(stream, COMPLETED);
    g_assert_cmpint(stream->unflushedUs, >=, 0);
    safe->endSafe = true;
    fakeTimeSkip(1);
    qemuReconcileComplete(safe, false);
    g_assert_cmpint(safe->unflushedUs, ==, 0);
}

static void
testMove(qemuFixture *fix, const void *opaque)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    g_autoptr(virDomain) dom = NULL;

    qemuReconcileMove(stream->guest, conn);
    dom = qemuGuestGetDomain(stream->guest);
    g_assert_true(virDomainGetConnect(dom) == conn);
    fakeCallFail("lookup", VIR_ERR_RPC, "away"); /* nothing is concluded */
    qemuReconcileMove(stream->guest, conn);
    assertState(stream, RUNNING);
    fakeGuestSetState(fix->a, FAKE_GUEST_GONE);
    qemuReconcileMove(stream->guest, conn);
    assertState(stream, STOPPED);
    g_assert_null(qemuFixtureFind(fix, fix->vda));
    assertCalls("STOPPED a/vda: the guest does not run any more\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAdd("/qemu_reconcile/discover", testDiscover);
    qemuFixtureAdd("/qemu_reconcile/metadata", testMetadata);
    qemuFixtureAdd("/qemu_reconcile/discover-fails", testDiscoverFails);
    qemuFixtureAdd("/qemu_reconcile/discover-all", testDiscoverAll);
    qemuFixtureAdd("/qemu_reconcile/sample", testSample);
    qemuFixtureAdd("/qemu_reconcile/sample-old", testSampleOld);
    qemuFixtureAdd("/qemu_reconcile/otherwise", testDetermineOtherwise);
    qemuFixtureAdd("/qemu_reconcile/shorter", testDetermineShorter);
    qemuFixtureAdd("/qemu_reconcile/unchained", testDetermineUnchained);
    qemuFixtureAdd("/qemu_reconcile/detached", testDetermineDetached);
    qemuFixtureAdd("/qemu_reconcile/off", testDetermineOff);
    qemuFixtureAdd("/qemu_reconcile/away", testDetermineAway);
    qemuFixtureAdd("/qemu_reconcile/complete", testComplete);
    qemuFixtureAdd("/qemu_reconcile/move", testMove);
    qemuFixtureAdd("/qemu_reconcile/gone", testDetermineGone);
    return g_test_run();
}
