/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_tail-test.c: a guest that stands still, and goes on whatever fails */

#include "qemu/qemu_tail.h"

#include "expect.h"
#include "qemu_fixture.h"
#include "util/error.h"
#include "util/lock.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define MIB (1024 * 1024ULL)
#define SUSPENDED "metadata a <policy><disk target='vda' guest='suspended'/></policy>\nsuspend a\n"
#define RESUMED "resume a\nmetadata a -\n"

static int
testBeginJob(void *opaque)
{
    fakeDisk *disk = opaque;

    if (fakeCallMake("begin %s", disk->name) < 0)
        return -1;
    fakeDiskBeginJob(disk, 0);
    return 0;
}

/* A stream whose job is yet to begin, of a disk with a tail */
static qemuStream *
testStream(qemuFixture *fix, guint64 tail)
{
    qemuStream *stream = qemuFixtureRun(fix, fix->vda);

    fakeDiskEndJob(fix->vda, false);
    fakeDiskSetTail(fix->vda, tail);
    return stream;
}

static int
testBegin(qemuStream *stream, fakeDisk *disk, guint ms)
{
    return qemuTailBegin(stream, ms, testBeginJob, disk);
}

static void
testShort(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testStream(fix, 40 * MIB);

    g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, 0);
    assertCalls(SUSPENDED
                "begin a/vda\nexport_new a/vda\n"
                "nbd_cache a/vda 1031798784 33554432\nnbd_cache a/vda 1065353216 8388608\n"
                "export_free a/vda\n" RESUMED);
    assertFlag(stream, tailFilled, true);
    assertFlag(stream, guestSuspended, false);
    g_assert_cmpint(stream->tailUs, ==, 0);
}

/* A long one by a command; what that did not do is found, and done, by requests. */
static void
testLong(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testStream(fix, 100 * MIB + 512);

    g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, 0);
    assertCalls(SUSPENDED "begin a/vda\nexport_new a/vda\n"
                          "nbd_cache a/vda 968883712 512\nimage_zero a/vda 968884224 104857600\n"
                          "export_free a/vda\n" RESUMED);
}

static void
testZeroFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testStream(fix, 100 * MIB);
    g_autofree char *calls = NULL;

    FAKE_DISK_SET(fix->vda, zeroFails, true);
    g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, 0);
    calls = fakeCallTake();
    g_assert_nonnull(strstr(calls, "image_zero a/vda 968884224 104857600\n"
                                   "nbd_cache a/vda 968884224 33554432\n"));
}

/* Nobody has to stand still who does not run. */
static void
testGuestPaused(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testStream(fix, 4096);

    fakeGuestSetState(fix->a, FAKE_GUEST_SUSPENDED);
    g_assert_cmpint(testBegin(stream, fix->vda, 0), ==, 0);
    g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_SUSPENDED);
    assertCalls("begin a/vda\nexport_new a/vda\nnbd_cache a/vda 1073737728 4096\n"
                "export_free a/vda\n");
}

static void
testMayNot(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testStream(fix, 4096);

    g_assert_cmpint(testBegin(stream, fix->vda, 0), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "stand still for longer than it may");
    fakeCallFail("running", VIR_ERR_RPC, "away");
    g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, -1);
    expectError(VIR_ERR_RPC, "away");
    fakeCallFail("version", VIR_ERR_RPC, "away");
    g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, -1);
    expectError(VIR_ERR_RPC, "away");
    assertCalls("");
}

/* What fails before the guest stands still leaves it as it is. */
static void
testSuspendFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testStream(fix, 4096);

    fakeCallFail("metadata", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "no");
    assertFlag(stream, guestSuspended, false);
    fakeCallFail("suspend", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "no");
    assertFlag(stream, guestSuspended, false);
    g_assert_false(fakeCallIsNoted("resume"));
    g_assert_false(fakeCallIsNoted("begin"));
    g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_RUNS);
}

/* What fails after that: the pull does not run, and the guest goes on. */
static void
testFails(qemuFixture *fix, const void *opaque)
{
    static const char *const calls[] = { "begin",          "image_get", "export_new",
                                         "export_connect", "nbd_new",   "nbd_wait" };
    g_autoptr(qemuStream) stream = testStream(fix, 4096);

    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
        fakeCallFail(calls[i], VIR_ERR_OPERATION_FAILED, "no");
        g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, -1);
        expectError(VIR_ERR_OPERATION_FAILED, "no");
        g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_RUNS);
        g_assert_false(fakeDiskHasJob(fix->vda));
        assertFlag(stream, guestSuspended, false);
        assertFlag(stream, tailFilled, false);
        g_assert_cmpint(fakeCallIsNoted("export_new"), ==, i > 1);
        g_assert_cmpint(fakeCallIsNoted("export_free"), ==, i > 2);
        g_free(fakeCallTake());
    }
}

/* QEMU does not answer: the guest stands still no longer than it may. */
static void
testTooLong(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testStream(fix, 4096);

    FAKE_DISK_SET(fix->vda, nbdSilent, true);
    g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "stand still for longer than it may");
    assertCalls(SUSPENDED
                "begin a/vda\nexport_new a/vda\nexport_free a/vda\njob_abort a/vda\n" RESUMED);
}

/* An abort that fails, too: the guest goes on, and the first error is told. */
static void
testAbortFails(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testStream(fix, 4096);

    fakeCallFail("nbd_wait", VIR_ERR_OPERATION_FAILED, "first");
    fakeCallFail("job_abort", VIR_ERR_OPERATION_FAILED, "second");
    fakeCallFail("resume", VIR_ERR_OPERATION_FAILED, "third");
    g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "first");
    g_assert_true(fakeDiskHasJob(fix->vda));
}

/* A pull of others that runs already is not aborted. */
static void
testOthers(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    fakeDiskSetTail(fix->vda, 4096);
    g_mutex_lock(&stream->guest->lock);
    g_assert_true(qemuStreamOpenTail(stream));
    g_mutex_unlock(&stream->guest->lock);
    fakeCallFail("nbd_wait", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(qemuTailBegin(stream, 200, NULL, NULL), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "no");
    g_assert_true(fakeDiskHasJob(fix->vda));
    assertFlag(stream, tailOpen, true);
    g_free(fakeCallTake());
    g_assert_cmpint(qemuTailBegin(stream, 200, NULL, NULL), ==, 0);
    assertCalls(SUSPENDED "export_new a/vda\nnbd_cache a/vda 1073737728 4096\n"
                          "export_free a/vda\n" RESUMED);
    assertFlag(stream, tailOpen, false);
    g_assert_cmpint(stream->tailUs, >, 0);
}

static void
testUnsafe(qemuFixture *fix, const void *opaque)
{
    static char iothread[] = "controller iothread";
    static char *features[] = { iothread, NULL };
    g_autoptr(qemuStream) stream = testStream(fix, 4096);
    char **before = stream->features;

    fakeGuestSetVersion(fix->a, "7.2.1");
    stream->features = features;
    g_assert_cmpint(testBegin(stream, fix->vda, 1000), ==, -1);
    expectError(VIR_ERR_OPERATION_UNSUPPORTED, "the guest would read wrong data");
    stream->features = before;
    assertCalls("");
}

static void
testLeave(qemuFixture *fix, qemuStream *stream)
{
    fakeGuestSetState(fix->a, FAKE_GUEST_SUSPENDED);
    fakeDiskSetTail(fix->vda, 4096);
    LOCK_SCOPE(&stream->guest->lock);

    stream->guestSuspended = true;
}

/* A guest that was left suspended is tried again, until its pull is aborted. */
static void
testResume(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    testLeave(fix, stream);
    fakeCallRefuse("nbd_wait", VIR_ERR_OPERATION_FAILED, "no");
    qemuTailResume(stream, fix->a->dom);
    g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_SUSPENDED);
    assertFlag(stream, guestSuspended, true);
    fakeCallAccept("nbd_wait");
    qemuTailResume(stream, fix->a->dom);
    g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_RUNS);
    assertFlag(stream, guestSuspended, false);
    g_assert_true(fakeDiskHasJob(fix->vda));
}

static void
testResumeGivesUp(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    testLeave(fix, stream);
    fakeTimeSkip(31 * G_USEC_PER_SEC);
    fakeCallRefuse("nbd_wait", VIR_ERR_OPERATION_FAILED, "no");
    qemuTailResume(stream, fix->a->dom);
    g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_RUNS);
    g_assert_false(fakeDiskHasJob(fix->vda));
}

static void
testResumeForNothing(qemuFixture *fix, const void *opaque)
{
    fakeGuestSetState(fix->a, FAKE_GUEST_SUSPENDED);
    qemuTailResume(NULL, fix->a->dom);
    assertCalls("resume a\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAdd("/qemu_tail/short", testShort);
    qemuFixtureAdd("/qemu_tail/long", testLong);
    qemuFixtureAdd("/qemu_tail/zero-fails", testZeroFails);
    qemuFixtureAdd("/qemu_tail/guest-paused", testGuestPaused);
    qemuFixtureAdd("/qemu_tail/may-not", testMayNot);
    qemuFixtureAdd("/qemu_tail/suspend-fails", testSuspendFails);
    qemuFixtureAdd("/qemu_tail/fails", testFails);
    qemuFixtureAdd("/qemu_tail/too-long", testTooLong);
    qemuFixtureAdd("/qemu_tail/abort-fails", testAbortFails);
    qemuFixtureAdd("/qemu_tail/others", testOthers);
    qemuFixtureAdd("/qemu_tail/unsafe", testUnsafe);
    qemuFixtureAdd("/qemu_tail/resume", testResume);
    qemuFixtureAdd("/qemu_tail/resume-gives-up", testResumeGivesUp);
    qemuFixtureAdd("/qemu_tail/resume-for-nothing", testResumeForNothing);
    return g_test_run();
}
