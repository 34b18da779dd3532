/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_nbd-test.c: asks QEMU's own NBD server, which answers, refuses or dies */

#include "hydrate/hydrate_nbd.h"

#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"
#include "storage_fixture.h"

#define WAIT (60 * G_USEC_PER_SEC)

/* Requests that are done, and their bytes */
typedef struct {
    guint count;
    guint64 bytes;
} testDone;

static void
testDoneAdd(guint64 len, guint64 us, void *opaque)
{
    testDone *done = opaque;

    g_assert_cmpuint(us, <, WAIT);
    done->count++;
    done->bytes += len;
}

static hydrateNbd *
testConnect(storageFixture *fix)
{
    hydrateNbd *nbd = hydrateNbdNew(storageFixtureConnect(fix), STORAGE_FIXTURE_EXPORT);

    g_assert_nonnull(nbd);
    g_assert_true(hydrateNbdIsIdle(nbd));
    g_assert_null(hydrateNbdGetError(nbd));
    return nbd;
}

static void
testWait(hydrateNbd *nbd)
{
    while (!hydrateNbdIsIdle(nbd) && !hydrateNbdGetError(nbd))
        hydrateNbdWait(nbd, WAIT, -1);
}

/* All windows of the map are asked for, and answered. */
static void
testAsk(hydrateNbd *nbd, hydrateMap *map)
{
    guint64 offset;
    guint64 len;

    while (hydrateMapNextWindow(map, &offset, &len)) {
        hydrateNbdBlockStatus(nbd, offset, len, map);
        g_assert_false(hydrateNbdIsIdle(nbd));
        testWait(nbd);
    }
}

/* The map is asked for, what it names is copied, all at once, and then there is nothing left. */
static void
testCopies(void)
{
    g_autoptr(hydrateNbd) nbd = NULL;
    g_autoptr(hydrateMap) map = NULL;
    g_autoptr(hydrateMap) again = NULL;
    g_autofree char *depths = NULL;
    testDone cached = { 0 };
    testDone flushed = { 0 };
    guint64 offset;
    guint64 len;
    bool exact;
    storageFixture fix;

    storageFixtureMake(&fix, "1230z3312", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    nbd = testConnect(&fix);
    g_assert_cmpuint(hydrateNbdGetSize(nbd), ==, 9 * STORAGE_FIXTURE_UNIT);
    map = hydrateMapNew(hydrateNbdGetSize(nbd), G_MAXUINT32);
    testAsk(nbd, map);
    g_assert_cmpuint(hydrateMapLeft(map, &exact), ==, 6 * STORAGE_FIXTURE_UNIT);
    g_assert_true(exact);

    while (hydrateMapNextRange(map, STORAGE_FIXTURE_UNIT, &offset, &len))
        hydrateNbdCache(nbd, offset, len, testDoneAdd, &cached);
    testWait(nbd);
    g_assert_cmpuint(cached.count, ==, 6);
    g_assert_cmpuint(cached.bytes, ==, 6 * STORAGE_FIXTURE_UNIT);
    hydrateNbdFlush(nbd, testDoneAdd, &flushed);
    g_assert_false(hydrateNbdIsIdle(nbd));
    testWait(nbd);
    g_assert_cmpuint(flushed.count, ==, 1);
    g_assert_cmpuint(flushed.bytes, ==, 0);
    g_assert_null(hydrateNbdGetError(nbd));

    again = hydrateMapNew(hydrateNbdGetSize(nbd), G_MAXUINT32);
    testAsk(nbd, again);
    g_assert_cmpuint(hydrateMapLeft(again, &exact), ==, 0);
    depths = storageFixtureDepths(&fix);
    g_assert_cmpstr(depths, ==, "111011111");
    storageFixtureClear(&fix);
}

/* Nothing comes: the time is over. What is in flight is forgotten with the connection. */
static void
testTimeout(void)
{
    hydrateNbd *nbd;
    testDone cached = { 0 };
    storageFixture fix;

    storageFixtureMake(&fix, "2222", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    nbd = testConnect(&fix);
    hydrateNbdWait(nbd, 0, -1);
    hydrateNbdWait(nbd, -1, -1);
    hydrateNbdWait(nbd, 1000, -1);
    g_assert_null(hydrateNbdGetError(nbd));
    hydrateNbdCache(nbd, 0, STORAGE_FIXTURE_UNIT, testDoneAdd, &cached);
    g_assert_false(hydrateNbdIsIdle(nbd));
    hydrateNbdFree(nbd);
    g_assert_cmpuint(cached.count, ==, 0);
    storageFixtureClear(&fix);
    hydrateNbdFree(NULL);
}

/* One request fails: it is not said to be done, and nothing is sent any more. */
static void
testRequestFails(void)
{
    g_autoptr(hydrateNbd) nbd = NULL;
    testDone cached = { 0 };
    testDone flushed = { 0 };
    storageFixture fix;

    storageFixtureMake(&fix, "333", "");
    storageFixtureStart(&fix,
                        "driver=blkdebug,inject-error.0.event=none,"
                        "inject-error.0.iotype=read,inject-error.0.sector=2048,"
                        "image.driver=file,image.filename=template",
                        TRUE);
    nbd = testConnect(&fix);
    hydrateNbdCache(nbd, 0, 3 * STORAGE_FIXTURE_UNIT, testDoneAdd, &cached);
    testWait(nbd);
    g_assert_cmpstr(hydrateNbdGetError(nbd), ==, "copying: Input/output error");
    g_assert_true(hydrateNbdIsIdle(nbd));
    hydrateNbdCache(nbd, 0, STORAGE_FIXTURE_UNIT, testDoneAdd, &cached);
    hydrateNbdFlush(nbd, testDoneAdd, &flushed);
    g_assert_true(hydrateNbdIsIdle(nbd));
    hydrateNbdWait(nbd, WAIT, -1);
    g_assert_cmpuint(cached.count, ==, 0);
    g_assert_cmpuint(flushed.count, ==, 0);
    storageFixtureClear(&fix);
}

static void
testServerDies(void)
{
    g_autoptr(hydrateNbd) nbd = NULL;
    storageFixture fix;

    storageFixtureMake(&fix, "2222", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    nbd = testConnect(&fix);
    storageFixtureKill(&fix);
    while (!hydrateNbdGetError(nbd))
        hydrateNbdWait(nbd, WAIT, -1);
    g_assert_true(g_str_has_prefix(hydrateNbdGetError(nbd), "connection: "));
    storageFixtureClear(&fix);
}

static void
testNoDepths(void)
{
    storageFixture fix;

    storageFixtureMake(&fix, "2", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, FALSE);
    g_assert_null(hydrateNbdNew(storageFixtureConnect(&fix), STORAGE_FIXTURE_EXPORT));
    expectError(VIR_ERR_OPERATION_UNSUPPORTED,
                "this QEMU's export '" STORAGE_FIXTURE_EXPORT "' cannot be hydrated");
    storageFixtureClear(&fix);
}

/* The socket is closed all the same. */
static void
testNoServer(const void *opaque)
{
    const char *name = opaque;
    int fds[2];
    char byte;

    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    g_assert_no_errno(shutdown(fds[1], SHUT_WR));
    g_assert_null(hydrateNbdNew(fds[0], name));
    expectError(VIR_ERR_OPERATION_FAILED, "export '");
    g_assert_cmpint(recv(fds[1], &byte, 1, 0), ==, 0);
    close(fds[1]);
}

int
main(int argc, char **argv)
{
    g_autofree char *tooLong = g_strnfill(5000, 'x');

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hydrate_nbd/copies", testCopies);
    g_test_add_func("/hydrate_nbd/timeout", testTimeout);
    g_test_add_func("/hydrate_nbd/request-fails", testRequestFails);
    g_test_add_func("/hydrate_nbd/server-dies", testServerDies);
    g_test_add_func("/hydrate_nbd/no-depths", testNoDepths);
    g_test_add_data_func("/hydrate_nbd/no-server", STORAGE_FIXTURE_EXPORT, testNoServer);
    g_test_add_data_func("/hydrate_nbd/too-long", tooLong, testNoServer);
    return g_test_run();
}
