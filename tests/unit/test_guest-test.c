/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_guest-test.c: streams of a guest side by side, their turns, events and ends */

#include "test/test_guest.h"

#include "expect.h"
#include "simulation_fixture.h"

#define MIB (1 << 20)

/* Of @mib, 4 MiB in a second */
static testStream *
testNew(const char *target, unsigned int mib, guint64 starting)
{
    g_autofree char *name = g_strdup(target);
    char alias[] = "";
    const domainDisk disk = { .target = name, .alias = alias };
    testPlan plan = { .stepped = true,
                      .size = mib * MIB,
                      .at = mib * MIB,
                      .speed = 4 * MIB,
                      .starting = starting,
                      .end = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED };
    const streamSettings settings = { 0 };

    return testStreamNew(&disk, NULL, 1, &plan, &settings);
}

/* "vda 3, vdb 1": the active ones and their MiB, after a second */
static char *
testLook(testGuest *guest)
{
    virDomainStreamDiskState states[3];
    int active = testGuestLookShort(guest, NULL, states, 3);
    GString *text = g_string_new(NULL);

    for (int i = 0; i < active; i++)
        g_string_append_printf(text, "%s%s %llu", i ? ", " : "", states[i].target,
                               states[i].offset / MIB);
    return g_string_free(text, FALSE);
}

#define assertLook(guest, expected) \
    do { \
        g_autofree char *look_ = testLook(guest); \
        g_assert_cmpstr(look_, ==, (expected)); \
    } while (0)

static void
testTurns(simulationFixture *fix, const void *opaque)
{
    g_autoptr(testGuest) guest = testGuestNew(fix->dom, "run");

    g_assert_cmpint(testGuestStart(guest, NULL, testNew("vda", 8, 0)), ==, 0);
    g_assert_cmpint(testGuestStart(guest, NULL, testNew("vdb", 20, 0)), ==, 0);
    g_assert_cmpint(testGuestStart(guest, NULL, testNew("vdc", 10, 0)), ==, 0);
    assertEvents("STARTED a/vda, STARTED a/vdb, STARTED a/vdc");
    assertLook(guest, "vda 4, vdb 1, vdc 1");
    assertEvents("PROGRESS a/vda, PROGRESS a/vdb, PROGRESS a/vdc");
    assertLook(guest, "vdb 2, vdc 2");
    assertEvents("COMPLETED a/vda, PROGRESS a/vdb, PROGRESS a/vdc");
    assertLook(guest, "vdb 3, vdc 6"); /* it has the least left */

    g_assert_cmpint(testGuestStop(guest, NULL, "vdc"), ==, 0);
    assertLook(guest, "vdb 7");
    assertEvents("PROGRESS a/vdb, PROGRESS a/vdc, STOPPED a/vdc, PROGRESS a/vdb");
}

static void
testAgain(simulationFixture *fix, const void *opaque)
{
    g_autoptr(testGuest) guest = testGuestNew(fix->dom, "run");

    g_assert_cmpuint(testGuestGetLayersGone(guest, "vda"), ==, 0);
    g_assert_cmpint(testGuestCheckFree(guest, NULL, "vda"), ==, 0);
    g_assert_cmpint(testGuestStart(guest, NULL, testNew("vda", 4, 0)), ==, 0);
    g_assert_cmpint(testGuestCheckFree(guest, NULL, "vda"), ==, -1);
    expectError(VIR_ERR_OPERATION_UNSUPPORTED, "disk 'vda' already in active block job");
    g_assert_cmpint(testGuestStart(guest, NULL, testNew("vda", 4, 0)), ==, -1);
    expectError(VIR_ERR_OPERATION_UNSUPPORTED, "disk 'vda' already in active block job");
    assertLook(guest, "");
    assertEvents("STARTED a/vda, COMPLETED a/vda");
    g_assert_cmpuint(testGuestGetLayersGone(guest, "vda"), ==, 1);

    g_assert_cmpint(testGuestStart(guest, NULL, testNew("vda", 8, 0)), ==, 0);
    g_assert_cmpint(testGuestStop(guest, NULL, "vda"), ==, 0);
    g_assert_cmpuint(testGuestGetLayersGone(guest, "vda"), ==, 1);
    assertEvents("STARTED a/vda, STOPPED a/vda");
}

static void
testLookAt(simulationFixture *fix, const void *opaque)
{
    g_autoptr(testGuest) guest = testGuestNew(fix->dom, "run");
    g_autoptr(GPtrArray)
        entries = g_ptr_array_new_with_free_func((GDestroyNotify) streamRecordFree);
    g_autoptr(streamRecord) running = NULL;
    g_autoptr(streamRecord) ended = NULL;
    const streamSettings change = { .named = STREAM_SETTINGS_BANDWIDTH, .bandwidth = MIB };

    g_assert_null(testGuestLookAtDisk(guest, NULL, "vda"));
    expectError(VIR_ERR_INVALID_ARG, "disk vda does not have an active block job");
    testGuestStart(guest, NULL, testNew("vda", 8, 0));
    g_assert_cmpint(testGuestSet(guest, NULL, "vda", &change), ==, 0);
    running = testGuestLookAtDisk(guest, NULL, "vda");
    g_assert_cmpstr(running->name, ==, "a");
    g_assert_cmpint(running->id, ==, (int) virDomainGetID(fix->dom));
    g_assert_cmpint(simulationFixtureGet(running, "bandwidth"), ==, MIB);
    g_assert_cmpint(simulationFixtureGet(running, "data_processed"), ==, MIB);
    testGuestLook(guest, NULL, entries);
    g_assert_cmpuint(entries->len, ==, 1);
    g_assert_cmpint(simulationFixtureGet(entries->pdata[0], "data_processed"), ==, 2 * MIB);

    testGuestStop(guest, NULL, "vda");
    ended = testGuestLookAtDisk(guest, NULL, "vda");
    g_assert_cmpint(simulationFixtureGet(ended, "state"), ==, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED);
    testGuestLook(guest, NULL, entries);
    g_assert_cmpuint(entries->len, ==, 1);
    g_assert_cmpint(testGuestStop(guest, NULL, "vda"), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "disk vda does not have an active block job");
    g_assert_cmpint(testGuestSet(guest, NULL, "vda", &change), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "disk vda does not have an active block job");
}

/* What ends before it was confirmed has started all the same. */
static void
testEnd(simulationFixture *fix, const void *opaque)
{
    g_autoptr(testGuest) guest = testGuestNew(fix->dom, "run");

    testGuestStart(guest, NULL, testNew("vda", 8, G_USEC_PER_SEC));
    testGuestStart(guest, NULL, testNew("vdb", 8, G_USEC_PER_SEC));
    testGuestStart(guest, NULL, testNew("vdc", 8, 0));
    testGuestStop(guest, NULL, "vda");
    assertEvents("STARTED a/vdc, STARTED a/vda, STOPPED a/vda");
    testGuestEnd(guest, NULL);
    assertEvents("STARTED a/vdb, STOPPED a/vdb, STOPPED a/vdc");
    testGuestEnd(guest, NULL);
    assertEvents("");
}

/* Real time does not concern what steps, and steps not what is real. */
static void
testClocks(simulationFixture *fix, const void *opaque)
{
    g_autoptr(testGuest) guest = testGuestNew(fix->dom, "run");
    testStream *real = testNew("vda", 8, 0);
    gint64 end = g_get_monotonic_time() + 60 * (gint64) G_USEC_PER_SEC;

    real->plan.stepped = false;
    real->plan.size = real->plan.at = 1;
    testGuestStart(guest, NULL, testNew("vdb", 8, 0));
    testGuestStart(guest, NULL, real);
    while (testGuestCheckFree(guest, NULL, "vda") < 0 && g_get_monotonic_time() < end)
        testGuestTick(guest, NULL);
    virResetLastError();
    assertEvents("STARTED a/vdb, STARTED a/vda, COMPLETED a/vda");
    assertLook(guest, "vdb 4");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    simulationFixtureAdd("/test_guest/turns", "", testTurns);
    simulationFixtureAdd("/test_guest/again", "", testAgain);
    simulationFixtureAdd("/test_guest/look-at", "", testLookAt);
    simulationFixtureAdd("/test_guest/end", "", testEnd);
    simulationFixtureAdd("/test_guest/clocks", "", testClocks);
    return g_test_run();
}
