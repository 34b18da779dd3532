/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_runs-test.c: a run is found again, by all who see the domain, and only as long as it lasts */

#include "test/test_runs.h"

#include <stdlib.h>

#include "expect.h"
#include "simulation_fixture.h"
#include "util/handle.h"

static testGuest *
testFind(virDomainPtr dom)
{
    char *xml = virDomainGetXMLDesc(dom, 0);
    testGuest *guest = testRunsFind(dom, xml);

    free(xml);
    return guest;
}

static void
testMark(simulationFixture *fix, const void *opaque)
{
    g_autoptr(testGuest) none = testFind(fix->dom);
    g_autoptr(testGuest) first = testRunsBegin(fix->dom);
    g_autoptr(testGuest) again = testRunsBegin(fix->dom);
    g_autoptr(testGuest) found = testFind(fix->dom);
    g_autoptr(virDomain) dom = simulationFixtureDomainNew(fix->conn, "b", "");
    g_autoptr(testGuest) other = testRunsBegin(dom);
    g_autoptr(testGuest) forgotten = NULL;

    g_assert_null(testGuestGetRun(none));
    g_assert_nonnull(testGuestGetRun(first));
    g_assert_true(again == first && found == first && other != first);
    g_assert_true(testGuestIsSameDomain(none, first));
    g_assert_false(testGuestIsSameDomain(other, first));
    testRunsForget(first);
    testRunsForget(first);
    testRunsForget(none);
    forgotten = testFind(fix->dom);
    g_assert_null(testGuestGetRun(forgotten));
    g_assert_cmpint(virDomainDestroy(dom), ==, 0);
}

static void
testRestart(simulationFixture *fix, const void *opaque)
{
    g_autoptr(virDomain) dom = virDomainLookupByName(fix->conn, "test");
    g_autoptr(testGuest) first G_GNUC_UNUSED = testRunsBegin(dom);
    g_autoptr(testGuest) found = NULL;

    g_assert_cmpint(virDomainDestroy(dom), ==, 0);
    g_assert_cmpint(virDomainCreate(dom), ==, 0);
    found = testFind(dom);
    g_assert_null(testGuestGetRun(found));
}

/* libvirt makes its default test hypervisor anew when its last connection was closed. */
static void
testHypervisor(void)
{
    g_autoptr(testGuest) first = NULL;
    g_autoptr(testGuest) found = NULL;
    g_autoptr(virConnect) conn = NULL;
    g_autoptr(virDomain) dom = NULL;

    {
        g_autoptr(virConnect) before = virConnectOpen("test:///default");
        g_autoptr(virDomain) same = virDomainLookupByName(before, "test");

        first = testRunsBegin(same);
        g_assert_nonnull(first);
    }
    conn = virConnectOpen("test:///default");
    dom = virDomainLookupByName(conn, "test");
    found = testFind(dom);
    g_assert_true(testGuestIsSameDomain(first, found));
    g_assert_null(testGuestGetRun(found));
}

static void
testRefused(simulationFixture *fix, const void *opaque)
{
    g_autoptr(virConnect) conn = virConnectOpenReadOnly("test:///default");
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "a");

    g_assert_null(testRunsBegin(dom));
    expectError(VIR_ERR_OPERATION_DENIED, "virDomainSetMetadata");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    simulationFixtureAdd("/test_runs/mark", "", testMark);
    simulationFixtureAdd("/test_runs/restart", "", testRestart);
    g_test_add_func("/test_runs/hypervisor", testHypervisor);
    simulationFixtureAdd("/test_runs/refused", "", testRefused);
    return g_test_run();
}
