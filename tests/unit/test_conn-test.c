/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_conn-test.c: which connections are one hypervisor, and what happens while one listens */

#include "test/test_conn.h"

#include <glib/gstdio.h>

#include "event_loop.h"
#include "expect.h"
#include "simulation_fixture.h"
#include "test/test_runs.h"
#include "util/handle.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(testConn, testConnUnref)

/* A stream of vda that takes @us microseconds of real time */
static void
testStart(testConn *conn, testGuest *guest, guint64 us)
{
    char target[] = "vda";
    char alias[] = "";
    const domainDisk disk = { .target = target, .alias = alias };
    testPlan plan = {
        .size = us, .at = us, .speed = G_USEC_PER_SEC, .end = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED
    };
    const streamSettings settings = { 0 };

    testConnAdd(conn, guest);
    g_assert_cmpint(testGuestStart(guest, conn, testStreamNew(&disk, NULL, 1, &plan, &settings)),
                    ==, 0);
}

/* Runs the loop until such an event is there; too long a wait is the test runner's to end. */
static void
testWaitEvent(const char *expected)
{
    g_autofree char *events = simulationFixtureTakeEvents();

    while (!strstr(events, expected)) {
        g_autofree char *more = NULL;

        g_assert_cmpint(virEventRunDefaultImpl(), ==, 0);
        more = simulationFixtureTakeEvents();
        if (*more) {
            g_free(events);
            events = g_steal_pointer(&more);
        }
    }
}

static void
testOpen(simulationFixture *fix, const void *opaque)
{
    g_autofree char *xml = simulationFixtureXml("filed", "");
    g_autofree char *node = g_strdup_printf("<node>%s</node>", xml);
    g_autofree char *path = NULL;
    g_autofree char *uri = NULL;
    int fd = g_file_open_tmp("test_conn-XXXXXX", &path, NULL);

    g_assert_true(g_file_set_contents(path, node, -1, NULL));
    uri = g_strconcat("test://", path, NULL);
    {
        g_autoptr(virConnect) again = virConnectOpen("test:///default");
        g_autoptr(virConnect) file = virConnectOpen(uri);
        g_autoptr(virConnect) other = virConnectOpen(uri);
        g_autoptr(testConn) first = testConnOpen(fix->conn);
        g_autoptr(testConn) second = testConnOpen(again);
        g_autoptr(testConn) third = testConnOpen(file);
        g_autoptr(testConn) fourth = testConnOpen(other);
        g_autoptr(testConn) fifth = testConnOpen(other);

        g_assert_true(first == second);
        g_assert_true(first != third && third != fourth);
        g_assert_true(fourth == fifth);
    }
    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_true(g_close(fd, NULL));
}

static void
testListRunning(simulationFixture *fix, const void *opaque)
{
    g_autoptr(testConn) conn = testConnOpen(fix->conn);
    g_autoptr(testGuest) guest = testRunsBegin(fix->dom);
    g_autoptr(GPtrArray) running = testConnListRunning(conn);

    g_assert_cmpuint(running->len, ==, 2); /* and "test" */
    g_assert_true(g_ptr_array_find(running, guest, NULL));
}

static void
testTime(simulationFixture *fix, const void *opaque)
{
    g_autoptr(testConn) conn = testConnOpen(fix->conn);
    g_autoptr(testGuest) guest = testRunsBegin(fix->dom);

    g_assert_cmpint(testConnSubscribe(conn), ==, 0);
    g_assert_cmpint(testConnSubscribe(conn), ==, 0);
    testStart(conn, guest, G_USEC_PER_SEC / 10);
    testConnUnsubscribe(conn);
    testWaitEvent("COMPLETED a/vda");
    testConnUnsubscribe(conn);
    eventLoopRun();
}

/* Of streams from before it was listened to as well */
static void
testEnd(simulationFixture *fix, const void *opaque)
{
    g_autoptr(testConn) conn = testConnOpen(fix->conn);
    g_autoptr(virDomain) dom = virDomainLookupByName(fix->conn, "test");
    g_autoptr(testGuest) guest = testRunsBegin(dom);

    testStart(conn, guest, G_MAXINT64);
    g_assert_cmpint(testConnSubscribe(conn), ==, 0);
    g_assert_cmpint(virDomainDestroy(dom), ==, 0);
    testWaitEvent("STOPPED test/vda");
    testConnUnsubscribe(conn);
    eventLoopRun();
}

/* The end of the run before comes first, though libvirt tells of it later. */
static void
testRestart(simulationFixture *fix, const void *opaque)
{
    g_autoptr(testConn) conn = testConnOpen(fix->conn);
    g_autoptr(virDomain) dom = virDomainLookupByName(fix->conn, "test");
    g_autoptr(testGuest) before = testRunsBegin(dom);
    g_autoptr(testGuest) after = NULL;

    g_assert_cmpint(testConnSubscribe(conn), ==, 0);
    testStart(conn, before, G_MAXINT64);
    g_assert_cmpint(virDomainDestroy(dom), ==, 0);
    g_assert_cmpint(virDomainCreate(dom), ==, 0);
    after = testRunsBegin(dom);
    testStart(conn, after, G_MAXINT64);
    assertEvents("STARTED test/vda, STOPPED test/vda, STARTED test/vda");
    eventLoopRun();
    g_assert_cmpint(testGuestStop(after, conn, "vda"), ==, 0);
    testWaitEvent("STOPPED test/vda");
    testConnUnsubscribe(conn);
    eventLoopRun();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    simulationFixtureAdd("/test_conn/open", "", testOpen);
    simulationFixtureAdd("/test_conn/list-running", "", testListRunning);
    simulationFixtureAdd("/test_conn/time", "", testTime);
    simulationFixtureAdd("/test_conn/end", "", testEnd);
    simulationFixtureAdd("/test_conn/restart", "", testRestart);
    return g_test_run();
}
