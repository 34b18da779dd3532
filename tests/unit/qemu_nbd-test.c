/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_nbd-test.c: asks QEMU's own NBD server, which answers, refuses or dies */

#include "qemu/qemu_nbd.h"

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

static qemuNbd *
testConnect(storageFixture *fix)
{
    qemuNbd *nbd = qemuNbdNew(storageFixtureConnect(fix), STORAGE_FIXTURE_EXPORT);

    g_assert_nonnull(nbd);
    g_assert_true(qemuNbdIsIdle(nbd));
    g_assert_null(qemuNbdGetError(nbd));
    return nbd;
}

static void
testWait(qemuNbd *nbd)
{
    while (!qemuNbdIsIdle(nbd) && !qemuNbdGetError(nbd))
        qemuNbdWait(nbd, WAIT, -1);
}

/* All windows of the map are asked for, and answered. */
static void
testAsk(qemuNbd *nbd, qemuMap *map)
{
    guint64 offset;
    guint64 len;

    while (qemuMapNextWindow(map, &offset, &len)) {
        qemuNbdBlockStatus(nbd, offset, len, map);
        g_assert_false(qemuNbdIsIdle(nbd));
        testWait(nbd);
    }
}

/* The map is asked for, what it names is copied, all at once, and then there is nothing left. */
static void
testCopies(void)
{
    g_autoptr(qemuNbd) nbd = NULL;
    g_autoptr(qemuMap) map = NULL;
    g_autoptr(qemuMap) again = NULL;
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
    g_assert_cmpuint(qemuNbdGetSize(nbd), ==, 9 * STORAGE_FIXTURE_UNIT);
    map = qemuMapNew(qemuNbdGetSize(nbd), G_MAXUINT32);
    testAsk(nbd, map);
    g_assert_cmpuint(qemuMapLeft(map, &exact), ==, 6 * STORAGE_FIXTURE_UNIT);
    g_assert_true(exact);

    while (qemuMapNextRange(map, STORAGE_FIXTURE_UNIT, &offset, &len))
        qemuNbdCache(nbd, offset, len, testDoneAdd, &cached);
    testWait(nbd);
    g_assert_cmpuint(cached.count, ==, 6);
    g_assert_cmpuint(cached.bytes, ==, 6 * STORAGE_FIXTURE_UNIT);
    qemuNbdFlush(nbd, testDoneAdd, &flushed);
    g_assert_false(qemuNbdIsIdle(nbd));
    testWait(nbd);
    g_assert_cmpuint(flushed.count, ==, 1);
    g_assert_cmpuint(flushed.bytes, ==, 0);
    g_assert_null(qemuNbdGetError(nbd));

    again = qemuMapNew(qemuNbdGetSize(nbd), G_MAXUINT32);
    testAsk(nbd, again);
    g_assert_cmpuint(qemuMapLeft(again, &exact), ==, 0);
    depths = storageFixtureDepths(&fix);
    g_assert_cmpstr(depths, ==, "111011111");
    storageFixtureClear(&fix);
}

/* Nothing comes: the time is over. What is in flight is forgotten with the connection. */
static void
testTimeout(void)
{
    qemuNbd *nbd;
    testDone cached = { 0 };
    storageFixture fix;

    storageFixtureMake(&fix, "2222", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    nbd = testConnect(&fix);
    qemuNbdWait(nbd, 0, -1);
    qemuNbdWait(nbd, -1, -1);
    qemuNbdWait(nbd, 1000, -1);
    g_assert_null(qemuNbdGetError(nbd));
    qemuNbdCache(nbd, 0, STORAGE_FIXTURE_UNIT, testDoneAdd, &cached);
    g_assert_false(qemuNbdIsIdle(nbd));
    qemuNbdFree(nbd);
    g_assert_cmpuint(cached.count, ==, 0);
    storageFixtureClear(&fix);
    qemuNbdFree(NULL);
}

/* One request fails: it is not said to be done, and nothing is sent any more. */
static void
testRequestFails(void)
{
    g_autoptr(qemuNbd) nbd = NULL;
    testDone cached = { 0 };
    testDone flushed = { 0 };
    storageFixture fix;

    storageFixtureMake(&fix, "333", "");
    storageFixtureStart(&fix, "driver=blkdebug,inject-error.0.event=none,"
                        "inject-error.0.iotype=read,inject-error.0.sector=2048,"
                        "image.driver=file,image.filename=template", TRUE);
    nbd = testConnect(&fix);
    qemuNbdCache(nbd, 0, 3 * STORAGE_FIXTURE_UNIT, testDoneAdd, &cached);
    testWait(nbd);
    g_assert_cmpstr(qemuNbdGetError(nbd), ==, "copying: Input/output error");
    g_assert_true(qemuNbdIsIdle(nbd));
    qemuNbdCache(nbd, 0, STORAGE_FIXTURE_UNIT, testDoneAdd, &cached);
    qemuNbdFlush(nbd, testDoneAdd, &flushed);
    g_assert_true(qemuNbdIsIdle(nbd));
    qemuNbdWait(nbd, WAIT, -1);
    g_assert_cmpuint(cached.count, ==, 0);
    g_assert_cmpuint(flushed.count, ==, 0);
    storageFixtureClear(&fix);
}

static void
testServerDies(void)
{
    g_autoptr(qemuNbd) nbd = NULL;
    storageFixture fix;

    storageFixtureMake(&fix, "2222", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    nbd = testConnect(&fix);
    storageFixtureKill(&fix);
    while (!qemuNbdGetError(nbd))
        qemuNbdWait(nbd, WAIT, -1);
    g_assert_true(g_str_has_prefix(qemuNbdGetError(nbd), "connection: "));
    storageFixtureClear(&fix);
}

static void
testNoDepths(void)
{
    storageFixture fix;

    storageFixtureMake(&fix, "2", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, FALSE);
    g_assert_null(qemuNbdNew(storageFixtureConnect(&fix), STORAGE_FIXTURE_EXPORT));
    expectError(VIR_ERR_OPERATION_UNSUPPORTED, "this QEMU's export '" STORAGE_FIXTURE_EXPORT
                "' cannot be hydrated");
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
    g_assert_null(qemuNbdNew(fds[0], name));
    expectError(VIR_ERR_OPERATION_FAILED, "export '");
    g_assert_cmpint(recv(fds[1], &byte, 1, 0), ==, 0);
    close(fds[1]);
}

int
main(int argc, char **argv)
{
    g_autofree char *tooLong = g_strnfill(5000, 'x');

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_nbd/copies", testCopies);
    g_test_add_func("/qemu_nbd/timeout", testTimeout);
    g_test_add_func("/qemu_nbd/request-fails", testRequestFails);
    g_test_add_func("/qemu_nbd/server-dies", testServerDies);
    g_test_add_func("/qemu_nbd/no-depths", testNoDepths);
    g_test_add_data_func("/qemu_nbd/no-server", STORAGE_FIXTURE_EXPORT, testNoServer);
    g_test_add_data_func("/qemu_nbd/too-long", tooLong, testNoServer);
    return g_test_run();
}
