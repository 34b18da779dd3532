/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_poll-test.c: what is asked once a second, and of whom; and the first look at all guests */

#include "qemu/qemu_poll.h"

#include "qemu/qemu_hydration.h"
#include "qemu_fixture.h"
#include "util/lock.h"

typedef struct {
    eventThread *thread;
    qemuPoll *poll;
} testPoll;

static testPoll
testPollNew(qemuFixture *fix)
{
    testPoll self = { .thread = eventThreadNew("poll") };

    fakeCallRefuse("export_new", VIR_ERR_OPERATION_FAILED, "no");
    fakeCallRefuse("metadata", VIR_ERR_OPERATION_FAILED, "no");
    self.poll = qemuPollNew(fakeGuestGetConnect(), self.thread, fix->guests);
    return self;
}

/* What it has come to leaves no trace in the lines of hydration. */
static void
testPollFree(testPoll *self, qemuFixture *fix)
{
    eventThreadStop(self->thread);
    taskQueuePoolCancel(qemuGuestTableGetTasks(fix->guests));
    qemuPollFree(self->poll);
    eventThreadFree(self->thread);
}

/* Lines of events only */
static void
testAssertEvents(const char *expected)
{
    g_autofree char *calls = fakeCallTake();
    g_auto(GStrv) lines = g_strsplit(calls, "\n", -1);
    g_autoptr(GString) events = g_string_new(NULL);

    for (char **line = lines; *line; line++) {
        if (g_ascii_isupper(**line))
            g_string_append_printf(events, "%s\n", *line);
    }
    g_assert_cmpstr(events->str, ==, expected);
}

/* There is nothing to ask: it falls asleep, until it is woken. */
static void
testSleep(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream = NULL;

    g_assert_cmpuint(fakeTimeTick(), ==, 0);
    qemuPollWake(self.poll);
    qemuPollWake(self.poll);
    g_assert_cmpuint(fakeTimeTick(), ==, 1);
    g_assert_cmpuint(fakeTimeTick(), ==, 0);
    stream = qemuFixtureRun(fix, fix->vda);
    qemuPollWake(self.poll);
    qemuFixtureTick(fix);
    qemuFixtureTick(fix);
    testAssertEvents("PROGRESS a/vda\nPROGRESS a/vda\n");
    testPollFree(&self, fix);
}

static void
testAsk(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);
    g_autoptr(qemuStream) waiting G_GNUC_UNUSED = qemuFixtureRun(fix, fix->vdb);
    guint64 rate;

    qemuPollWake(self.poll);
    fakeDiskMoveJob(fix->vda, 1000);
    qemuFixtureTick(fix);
    g_assert_cmpuint(fakeDiskGetBandwidth(fix->vdb), ==, 1048573);
    fakeDiskMoveJob(fix->vda, 3000);
    qemuFixtureTick(fix);
    testAssertEvents("PROGRESS a/vda\nPROGRESS a/vdb\nPROGRESS a/vda\nPROGRESS a/vdb\n");
    g_mutex_lock(&stream->guest->lock);
    g_assert_cmpuint(stream->progress.done, ==, 3000);
    g_assert_true(streamProgressRate(&stream->progress, &rate) && rate > 0);
    g_mutex_unlock(&stream->guest->lock);
    testPollFree(&self, fix);
}

/* Who lowers the speed by other means has set the stream's. */
static void
testSpeedSeen(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    qemuPollWake(self.poll);
    FAKE_DISK_SET(fix->vda, bandwidth, 4000);
    qemuFixtureTick(fix);
    g_mutex_lock(&stream->guest->lock);
    g_assert_cmpuint(stream->settings.bandwidth, ==, 4000);
    g_mutex_unlock(&stream->guest->lock);
    testPollFree(&self, fix);
}

/* The event of an end can lag behind: only at the third time it is given up. */
static void
testNoJob(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    qemuPollWake(self.poll);
    fakeDiskEndJob(fix->vda, false);
    qemuFixtureTick(fix);
    qemuFixtureTick(fix);
    assertState(stream, RUNNING);
    fakeDiskBeginJob(fix->vda, 0); /* it was not gone */
    qemuFixtureTick(fix);
    fakeDiskEndJob(fix->vda, false);
    testAssertEvents("PROGRESS a/vda\n");
    for (int i = 0; i < 3; i++)
        qemuFixtureTick(fix);
    assertState(stream, FAILED);
    testAssertEvents("FAILED a/vda: the block job is gone, nobody told why\n");
    testPollFree(&self, fix);
}

/* Its chain is shorter: it completed. */
static void
testNoJobCompleted(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    qemuPollWake(self.poll);
    fakeDiskEndJob(fix->vda, true);
    for (int i = 0; i < 3; i++)
        qemuFixtureTick(fix);
    assertState(stream, COMPLETED);
    testPollFree(&self, fix);
}

/* Of a job that is gone nothing is hydrated any more, from the first time on. */
static void
testNoJobHydrated(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream = NULL;

    fakeCallAccept("export_new");
    stream = qemuFixtureHydrate(fix, fix->vda);
    qemuPollWake(self.poll);
    fakeDiskEndJob(fix->vda, false);
    qemuFixtureTick(fix);
    assertState(stream, RUNNING);
    assertHydration(stream, IDLE, NULL);
    qemuFixtureTick(fix);
    assertHydration(stream, IDLE, NULL);
    testPollFree(&self, fix);
}

/* While libvirt does not answer nothing is concluded. */
static void
testAway(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    qemuPollWake(self.poll);
    fakeCallRefuse("", VIR_ERR_RPC, "away");
    for (int i = 0; i < 5; i++)
        qemuFixtureTick(fix);
    assertState(stream, RUNNING);
    testAssertEvents("");
    testPollFree(&self, fix);
}

static void
testQueriesPaused(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    qemuPollWake(self.poll);
    qemuGuestPauseQueries(stream->guest, 10 * G_USEC_PER_SEC);
    qemuFixtureTick(fix);
    assertCalls("");
    fakeTimeSkip(10 * G_USEC_PER_SEC);
    qemuFixtureTick(fix);
    testAssertEvents("PROGRESS a/vda\n");
    testPollFree(&self, fix);
}

/* A guest that does not answer is not asked again meanwhile, and the other one is. */
static void
testSilence(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream G_GNUC_UNUSED = qemuFixtureRun(fix, fix->vda);
    g_autoptr(qemuStream) other G_GNUC_UNUSED = qemuFixtureRun(fix, fix->other);

    qemuPollWake(self.poll);
    fakeCallHold("job_get a");
    fakeTimeTick();
    fakeCallAwaitHeld("job_get a");
    fakeCallAwait("PROGRESS b/vda");
    fakeTimeTick();
    fakeTimeTick();
    fakeCallRelease("job_get a");
    qemuFixtureSettle(fix);
    g_free(fakeCallTake());
    qemuFixtureTick(fix);
    g_assert_true(fakeCallIsNoted("PROGRESS a/vda"));
    testPollFree(&self, fix);
}

/* Where nobody tells of starts every guest is asked, and it never sleeps. */
static void
testNoStartEvents(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);

    qemuPollSetNoStartEvents(self.poll);
    qemuPollWake(self.poll);
    qemuFixtureTick(fix);
    testAssertEvents("");
    fakeDiskBeginJob(fix->other, 0);
    qemuFixtureTick(fix);
    testAssertEvents("STARTED b/vda\nPROGRESS b/vda\n");
    fakeCallFail("list", VIR_ERR_RPC, "away"); /* those that are known are asked all the same */
    qemuFixtureTick(fix);
    testAssertEvents("PROGRESS b/vda\n");
    fakeGuestSetState(fix->a, FAKE_GUEST_OFF);
    qemuFixtureTick(fix);
    testAssertEvents("PROGRESS b/vda\n");
    testPollFree(&self, fix);
}

static void
testDiscover(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream = NULL;

    fakeCallAccept("metadata");
    fakeGuestSetMetadata(fix->a, "<policy><disk target='vda' bandwidth='9' fast='yes' "
                                 "job='paused'/></policy>");
    fakeDiskBeginJob(fix->vda, 1048573);
    FAKE_DISK_SET(fix->vda, paused, true);
    qemuPollDiscoverAll(self.poll, true);
    qemuFixtureSettle(fix);
    testAssertEvents("STARTED a/vda\n");
    g_assert_nonnull(stream = qemuFixtureFind(fix, fix->vda));
    g_assert_cmpuint(stream->settings.bandwidth, ==, 9);
    g_assert_true(stream->settings.guestLatency.fast);
    qemuFixtureTick(fix); /* the job that was left paused goes on */
    g_assert_false(fakeDiskIsPaused(fix->vda));
    testPollFree(&self, fix);
}

/* What became of them while nobody could ask */
static void
testReconnect(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) kept = qemuFixtureRun(fix, fix->vda);
    g_autoptr(qemuStream) ended = qemuFixtureRun(fix, fix->vdb);
    g_autoptr(qemuStream) gone = qemuFixtureRun(fix, fix->other);

    fakeDiskEndJob(fix->vdb, false);
    fakeGuestSetState(fix->b, FAKE_GUEST_GONE);
    ended->staleEnds = 1;
    qemuPollDiscoverAll(self.poll, true);
    qemuFixtureSettle(fix);
    assertState(kept, RUNNING);
    assertState(ended, FAILED);
    assertState(gone, STOPPED);
    g_assert_cmpuint(ended->staleEnds, ==, 0);
    testAssertEvents("STOPPED b/vda: the guest does not run any more\n"
                     "FAILED a/vdb: the block job ended while libvirt was away\n");
    testPollFree(&self, fix);
}

/* The guest is there, but was shut down. */
static void
testReconnectOff(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);
    g_autoptr(qemuStream) stream = qemuFixtureRun(fix, fix->vda);

    fakeGuestSetState(fix->a, FAKE_GUEST_OFF);
    qemuPollDiscoverAll(self.poll, true);
    qemuFixtureSettle(fix);
    assertState(stream, STOPPED);
    testAssertEvents("STOPPED a/vda: the guest does not run any more\n");
    testPollFree(&self, fix);
}

/* A guest that does not answer at first is seen later than the others. */
static void
testFirstLookSilent(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);

    fakeDiskBeginJob(fix->vda, 0);
    fakeDiskBeginJob(fix->other, 0);
    fakeCallHold("xml a");
    fakeTimeSkip(-10 * G_USEC_PER_SEC); /* so that the time to wait is over */
    qemuPollDiscoverAll(self.poll, true);
    fakeCallAwait("STARTED b/vda");
    fakeCallAwaitHeld("xml a");
    g_assert_false(fakeCallIsNoted("STARTED a/vda"));
    fakeCallRelease("xml a");
    fakeTimeSkip(10 * G_USEC_PER_SEC);
    qemuFixtureSettle(fix);
    g_assert_true(fakeCallIsNoted("STARTED a/vda"));
    testPollFree(&self, fix);
}

/* Somebody who died has left the guest suspended: for a pull that runs, or that does not any more. */
static void
testGuestLeft(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);

    fakeCallAccept("export_new");
    fakeCallRefuse("worker_new", VIR_ERR_OPERATION_FAILED, "no");
    fakeGuestSetMetadata(fix->a, "<policy><disk target='vda' guest='suspended'/></policy>");
    fakeGuestSetState(fix->a, FAKE_GUEST_SUSPENDED);
    fakeDiskSetTail(fix->vda, 4096);
    fakeDiskBeginJob(fix->vda, 0);
    fakeGuestSetMetadata(fix->b, "<policy><disk target='vda' guest='suspended'/></policy>");
    fakeGuestSetState(fix->b, FAKE_GUEST_SUSPENDED);
    fakeCallFail("nbd_wait", VIR_ERR_OPERATION_FAILED, "requests are under way");
    qemuPollDiscoverAll(self.poll, false);
    qemuFixtureSettle(fix);
    g_assert_cmpint(fakeGuestGetState(fix->b), ==, FAKE_GUEST_RUNS);
    g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_SUSPENDED);
    qemuFixtureTick(fix);
    g_assert_cmpint(fakeGuestGetState(fix->a), ==, FAKE_GUEST_RUNS);
    g_assert_true(fakeDiskHasJob(fix->vda));
    g_free(fakeCallTake());
    qemuFixtureTick(fix); /* it owes nothing more */
    g_assert_false(fakeCallIsNoted("resume"));
    testPollFree(&self, fix);
}

static void
testAssertGuests(qemuFixture *fix, guint expected)
{
    g_autoptr(GPtrArray) guests = qemuGuestList(fix->guests);

    g_assert_cmpuint(guests->len, ==, expected);
}

/* What QEMU does not give back is asked for again, and its guest not forgotten before. */
static void
testOwed(qemuFixture *fix, const void *opaque)
{
    testPoll self = testPollNew(fix);

    fakeNbdServerLeave(fix->a->uuid);
    fakeCallRefuse("server_remove_left", VIR_ERR_OPERATION_TIMEOUT, "silent");
    qemuHydrationTakeBackAll(fix->guests, fakeGuestGetConnect());
    qemuFixtureSettle(fix);
    testAssertGuests(fix, 1);
    qemuPollWake(self.poll);
    for (guint i = 0; i < 3; i++)
        qemuFixtureTick(fix);
    assertCalls("server_remove_left a\nserver_remove_left a\nserver_remove_left a\n"
                "server_remove_left a\n");
    fakeCallAccept("server_remove_left");
    qemuFixtureTick(fix);
    assertCalls("server_remove_left a\n");
    testAssertGuests(fix, 0);
    g_assert_cmpuint(fakeTimeTick(), ==, 1);
    g_assert_cmpuint(fakeTimeTick(), ==, 0);
    testPollFree(&self, fix);
}

static void
testFreeNothing(void)
{
    qemuPollFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAdd("/qemu_poll/sleep", testSleep);
    qemuFixtureAdd("/qemu_poll/ask", testAsk);
    qemuFixtureAdd("/qemu_poll/speed-seen", testSpeedSeen);
    qemuFixtureAdd("/qemu_poll/no-job", testNoJob);
    qemuFixtureAdd("/qemu_poll/no-job-completed", testNoJobCompleted);
    qemuFixtureAdd("/qemu_poll/no-job-hydrated", testNoJobHydrated);
    qemuFixtureAdd("/qemu_poll/away", testAway);
    qemuFixtureAdd("/qemu_poll/queries-paused", testQueriesPaused);
    qemuFixtureAdd("/qemu_poll/silence", testSilence);
    qemuFixtureAdd("/qemu_poll/no-start-events", testNoStartEvents);
    qemuFixtureAdd("/qemu_poll/discover", testDiscover);
    qemuFixtureAdd("/qemu_poll/reconnect", testReconnect);
    qemuFixtureAdd("/qemu_poll/reconnect-off", testReconnectOff);
    qemuFixtureAdd("/qemu_poll/first-look-silent", testFirstLookSilent);
    qemuFixtureAdd("/qemu_poll/guest-left", testGuestLeft);
    qemuFixtureAdd("/qemu_poll/owed", testOwed);
    g_test_add_func("/qemu_poll/free-nothing", testFreeNothing);
    return g_test_run();
}
