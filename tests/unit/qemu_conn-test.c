/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_conn-test.c: libvirt comes and goes; and what follows it in process */

#include "qemu/qemu_conn.h"

#include "expect.h"
#include "qemu/qemu_command.h"
#include "qemu_fixture.h"
#include "util/handle.h"

/* A pull of somebody's, hydrated; nothing is noted of it. */
static qemuStream *
testPull(qemuFixture *fix, fakeDisk *disk)
{
    qemuStream *stream;

    fakeDiskBeginJob(disk, 0);
    fakeEventJobRunning(disk);
    qemuFixtureSettle(fix);
    stream = qemuFixtureFind(fix, disk);
    assertHydration(stream, WORKING, NULL);
    g_free(fakeCallTake());
    return stream;
}

static void
testUp(qemuFixture *fix, const void *opaque)
{
    virConnectPtr conn = qemuConnGetConnect(fix->conn);

    g_assert_nonnull(conn);
    handleCloseConnect(conn);
    g_assert_true(qemuGuestTableIsFollowed(qemuConnGetGuests(fix->conn)));
    g_assert_cmpuint(qemuGuestTableGetConfig(qemuConnGetGuests(fix->conn))->standstill, ==, 1000);
    g_assert_cmpint(qemuConnSubscribe(fix->conn), ==, 0);
    qemuConnUnsubscribe(fix->conn);
}

static void
testAway(qemuFixture *fix, const void *opaque)
{
    g_assert_null(qemuConnGetConnect(fix->conn));
    expectError(VIR_ERR_OPERATION_FAILED, "virtstreamd is not connected to libvirt (qemu:///fake)");
    g_assert_true(qemuGuestTableIsFollowed(qemuConnGetGuests(fix->conn)));
    fakeNbdServerLeave(fix->a->uuid);
    fakeDiskBeginJob(fix->vda, 0);
    g_assert_cmpint(fakeConnectionUp(), ==, 0);
    qemuFixtureSettle(fix);
    fakeCallAwait("server_remove_left a");
    fakeCallAwait("STARTED a/vda");
}

/* Nobody tells when a job ends: hydration stops until libvirt is back. */
static void
testDown(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testPull(fix, fix->vda);

    fakeConnectionDown();
    qemuFixtureSettle(fix);
    g_assert_null(qemuConnGetConnect(fix->conn));
    assertHydration(stream, IDLE, "libvirt is away");
    assertState(stream, RUNNING);
    assertCalls("worker_flush a/vda\nworker_stop a/vda\nexport_free a/vda\nmetadata a -\n"
                "worker_free a/vda\n");
    g_assert_cmpint(fakeConnectionUp(), ==, 0);
    qemuFixtureTick(fix);
    assertHydration(stream, WORKING, NULL);
}

/* The daemon's job is paused near its end when libvirt goes: nothing waits for it, and it goes on
 * when libvirt is back. */
static void
testDownWhilePaused(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testPull(fix, fix->vda);

    fakeWorkerNearEnd(fix->vda);
    qemuFixtureSettle(fix);
    g_assert_true(fakeDiskIsPaused(fix->vda));
    fakeCallRefuse("job_", VIR_ERR_RPC, "away");
    fakeCallRefuse("metadata", VIR_ERR_RPC, "away");
    fakeConnectionDown();
    qemuFixtureSettle(fix);
    g_assert_true(fakeDiskIsPaused(fix->vda));
    assertHydration(stream, IDLE, "libvirt is away");
    fakeCallAccept("job_");
    fakeCallAccept("metadata");
    g_assert_cmpint(fakeConnectionUp(), ==, 0);
    qemuFixtureTick(fix);
    g_assert_false(fakeDiskIsPaused(fix->vda));
}

/* What became of the guests meanwhile */
static void
testBack(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = testPull(fix, fix->vda);
    g_autoptr(qemuStream) other = testPull(fix, fix->other);

    fakeConnectionDown();
    qemuFixtureSettle(fix);
    g_free(fakeCallTake());
    fakeDiskEndJob(fix->vda, true);
    fakeGuestSetState(fix->b, FAKE_GUEST_GONE);
    g_assert_cmpint(fakeConnectionUp(), ==, 0);
    qemuFixtureSettle(fix);
    assertState(stream, COMPLETED);
    assertState(other, STOPPED);
    assertCalls("STOPPED b/vda: the guest does not run any more\n"
                "image_flush a/vda\nCOMPLETED a/vda\n");
}

/* The daemon ends while something is under way: it is waited for, and all is given back. */
static void *
testUnrefThread(void *opaque)
{
    qemuConnUnref(opaque);
    return NULL;
}

static void
testEnd(qemuFixture *fix, const void *opaque)
{
    GThread *thread;

    fakeDiskBeginJob(fix->vda, 0);
    fakeCallHold("worker_new");
    fakeEventJobRunning(fix->vda);
    fakeCallAwaitHeld("worker_new");
    thread = g_thread_new("unref", testUnrefThread, g_steal_pointer(&fix->conn));
    fix->guests = NULL;
    fakeCallRelease("worker_new");
    g_thread_join(thread);
    g_assert_true(fakeCallIsNoted("worker_free a/vda"));
    g_assert_true(fakeCallIsNoted("export_free a/vda"));
}

/* In process: all who use the connection share what follows it. */
static void
testFollow(qemuFixture *fix, const void *opaque)
{
    qemuConn *conn = qemuConnOpen(fakeGuestGetConnect());
    qemuConn *passing = qemuConnOpen(fakeGuestGetConnect());
    qemuConn *same;

    g_assert_true(conn != passing);
    qemuConnUnref(passing);
    g_assert_false(qemuGuestTableIsFollowed(qemuConnGetGuests(conn)));
    g_assert_cmpint(qemuConnSubscribe(conn), ==, 0);
    g_assert_cmpint(qemuConnSubscribe(conn), ==, 0);
    g_assert_true(qemuGuestTableIsFollowed(qemuConnGetGuests(conn)));
    same = qemuConnOpen(fakeGuestGetConnect());
    g_assert_true(same == conn);
    qemuConnUnref(same);
    fakeDiskBeginJob(fix->vda, 0);
    fakeEventJobRunning(fix->vda);
    fakeCallAwait("STARTED a/vda");
    qemuConnUnsubscribe(conn);
    g_assert_true(qemuGuestTableIsFollowed(qemuConnGetGuests(conn)));
    qemuConnUnsubscribe(conn);
    g_assert_false(qemuGuestTableIsFollowed(qemuConnGetGuests(conn)));
    fakeEventJobEnded(fix->vda, VIR_DOMAIN_BLOCK_JOB_CANCELED); /* nobody listens */
    qemuConnUnref(conn);
    assertCalls("STARTED a/vda\n");
}

static void
testFollowFails(qemuFixture *fix, const void *opaque)
{
    qemuConn *conn = qemuConnOpen(fakeGuestGetConnect());

    fakeCallFail("event_new", VIR_ERR_OPERATION_FAILED, "no");
    g_assert_cmpint(qemuConnSubscribe(conn), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "no");
    g_assert_false(qemuGuestTableIsFollowed(qemuConnGetGuests(conn)));
    qemuConnUnref(conn);
    qemuConnUnref(NULL);
}

static void
testNoHydration(qemuFixture *fix, const void *opaque)
{
    const qemuConnConfig config = { .hydrate = false };
    qemuConn *conn = qemuConnNewResident("qemu:///fake", "/sockets", &config);

    fix->guests = qemuConnGetGuests(conn);
    fakeDiskBeginJob(fix->vda, 0);
    fakeEventJobRunning(fix->vda);
    qemuFixtureSettle(fix);
    assertCalls("STARTED a/vda\nmetadata a -\n");
    fix->guests = NULL;
    qemuConnUnref(conn);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAddResident("/qemu_conn/up", testUp);
    qemuFixtureAddAway("/qemu_conn/away", testAway);
    qemuFixtureAddResident("/qemu_conn/down", testDown);
    qemuFixtureAddResident("/qemu_conn/down-while-paused", testDownWhilePaused);
    qemuFixtureAddResident("/qemu_conn/back", testBack);
    qemuFixtureAddResident("/qemu_conn/end", testEnd);
    qemuFixtureAddBare("/qemu_conn/follow", testFollow);
    qemuFixtureAddBare("/qemu_conn/follow-fails", testFollowFails);
    qemuFixtureAddBare("/qemu_conn/no-hydration", testNoHydration);
    return g_test_run();
}
