/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_guest-test.c: who has a guest, and the table that has all that somebody has */

#include "qemu/qemu_guest.h"

#include "qemu_fixture.h"
#include "util/handle.h"

static void
testTable(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, fix->a->dom);
    g_autoptr(qemuGuest) same = qemuGuestGet(fix->guests, fix->a->dom);
    g_autoptr(qemuGuest) other = qemuGuestGet(fix->guests, fix->b->dom);
    g_autoptr(GPtrArray) all = qemuGuestList(fix->guests);

    g_assert_true(guest == same && guest != other);
    g_assert_cmpstr(guest->uuid, ==, fix->a->uuid);
    g_assert_cmpuint(all->len, ==, 2);
    g_assert_true(guest->config->turns);
    g_assert_true(guest->config == qemuGuestTableGetConfig(fix->guests));
}

/* With the last reference it is gone. */
static void
testGone(qemuFixture *fix, const void *opaque)
{
    qemuGuest *guest = qemuGuestGet(fix->guests, fix->a->dom);
    g_autoptr(GPtrArray) none = NULL;

    qemuGuestRef(guest);
    qemuGuestUnref(guest);
    qemuGuestUnref(guest);
    qemuGuestUnref(NULL);
    none = qemuGuestList(fix->guests);
    g_assert_cmpuint(none->len, ==, 0);
}

static void
testTask(void *opaque)
{
    fakeCallMake("task %s", (const char *) opaque);
}

static void
testTaskFree(void *opaque)
{
    fakeCallNote("free %s", (const char *) opaque);
}

/* What is pushed keeps it. */
static void
testPush(qemuFixture *fix, const void *opaque)
{
    static char one[] = "one", two[] = "two";
    qemuGuest *guest = qemuGuestGet(fix->guests, fix->a->dom);
    g_autoptr(GPtrArray) kept = NULL;
    g_autoptr(GPtrArray) none = NULL;

    fakeCallHold("task one");
    qemuGuestPush(guest, testTask, one, testTaskFree);
    qemuGuestPush(guest, testTask, two, testTaskFree);
    qemuGuestUnref(guest);
    fakeCallAwaitHeld("task one");
    kept = qemuGuestList(fix->guests);
    g_assert_cmpuint(kept->len, ==, 1);
    g_ptr_array_set_size(kept, 0);
    fakeCallRelease("task one");
    qemuFixtureSettle(fix);
    assertCalls("task one\nfree one\ntask two\nfree two\n");
    none = qemuGuestList(fix->guests);
    g_assert_cmpuint(none->len, ==, 0);
}

/* What is not run any more is freed. */
static void
testCancel(qemuFixture *fix, const void *opaque)
{
    static char one[] = "one", two[] = "two";
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, fix->a->dom);

    fakeCallHold("task one");
    qemuGuestPush(guest, testTask, one, testTaskFree);
    qemuGuestPush(guest, testTask, two, testTaskFree);
    fakeCallAwaitHeld("task one");
    fakeCallRelease("task one");
    taskQueuePoolCancel(qemuGuestTableGetTasks(fix->guests));
    g_assert_true(fakeCallIsNoted("free one"));
    g_assert_true(fakeCallIsNoted("free two"));
}

static void
testDomain(qemuFixture *fix, const void *opaque)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain) again = virDomainLookupByUUIDString(conn, fix->a->uuid);
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, fix->a->dom);
    g_autoptr(virDomain) first = qemuGuestGetDomain(guest);
    g_autoptr(virDomain) second = NULL;

    g_assert_true(first == fix->a->dom);
    qemuGuestSetDomain(guest, again);
    second = qemuGuestGetDomain(guest);
    g_assert_true(second == again);
}

static void
testQueries(qemuFixture *fix, const void *opaque)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, fix->a->dom);

    g_assert_false(qemuGuestIsQueriesPaused(guest));
    qemuGuestPauseQueries(guest, 5 * G_USEC_PER_SEC);
    g_assert_true(qemuGuestIsQueriesPaused(guest));
    fakeTimeSkip(5 * G_USEC_PER_SEC);
    g_assert_false(qemuGuestIsQueriesPaused(guest));
}

static void *
testGetter(void *opaque)
{
    qemuFixture *fix = opaque;

    for (int i = 0; i < 2000; i++)
        qemuGuestUnref(qemuGuestGet(fix->guests, fix->a->dom));
    return NULL;
}

/* It comes and goes from many threads at once. */
static void
testMany(qemuFixture *fix, const void *opaque)
{
    GThread *threads[4];
    g_autoptr(GPtrArray) none = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("getter", testGetter, fix);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    none = qemuGuestList(fix->guests);
    g_assert_cmpuint(none->len, ==, 0);
}

static void
testFreeNothing(void)
{
    qemuGuestTableFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAdd("/qemu_guest/table", testTable);
    qemuFixtureAdd("/qemu_guest/gone", testGone);
    qemuFixtureAdd("/qemu_guest/push", testPush);
    qemuFixtureAdd("/qemu_guest/cancel", testCancel);
    qemuFixtureAdd("/qemu_guest/domain", testDomain);
    qemuFixtureAdd("/qemu_guest/queries", testQueries);
    qemuFixtureAdd("/qemu_guest/many", testMany);
    g_test_add_func("/qemu_guest/free-nothing", testFreeNothing);
    return g_test_run();
}
