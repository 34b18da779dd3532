/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_nbd_server-test.c: what a QEMU of the test's has of ours, when it answers, and when not */

#include "backend/backend_nbd_server.h"

#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include "backend/backend_monitor.h"
#include "expect.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define UUID "8a7c0b6e-0000-4000-8000-000000000001"

/* How QEMU takes commands */
typedef enum {
    TEST_ANSWERS,
    TEST_LOST,   /* it does what it is told, but the answer is lost */
    TEST_SILENT, /* nothing reaches it */
} testMood;

typedef struct _testFixture testFixture;
struct _testFixture {
    char *dir;
    char *path;
    backendNbdServer *server;

    /* QEMU */
    testMood mood;
    const char *moody; /* a command that this is of; NULL: of all */
    int given;         /* by getfd; -1: nothing */
    int listening;     /* the server's; -1: it has none */
    GPtrArray *exports;
    GString *asked;
};

/* Stands in for backend_monitor.c; the domain is the fixture */
static bool
testTake(testFixture *fix, const char *name, const char *id, int fd, char **reply)
{
    if (g_str_equal(name, "getfd")) {
        if (fix->given >= 0)
            close(fix->given);
        fix->given = dup(fd);
    } else if (g_str_equal(name, "closefd")) {
        if (fix->given < 0)
            return false;
        close(fix->given);
        fix->given = -1;
    } else if (g_str_equal(name, "nbd-server-start")) {
        if (fix->listening != -1)
            return false;
        fix->listening = fix->given;
        fix->given = -1;
    } else if (g_str_equal(name, "nbd-server-stop")) {
        if (fix->listening == -1)
            return false;
        if (fix->listening >= 0)
            close(fix->listening);
        fix->listening = -1;
        g_ptr_array_set_size(fix->exports, 0);
    } else if (g_str_equal(name, "block-export-del")) {
        guint index;

        if (!g_ptr_array_find_with_equal_func(fix->exports, id, g_str_equal, &index))
            return false;
        g_ptr_array_remove_index(fix->exports, index);
    } else {
        g_autoptr(GString) text = g_string_new("{\"return\":[");

        g_assert_cmpstr(name, ==, "query-block-exports");
        for (guint i = 0; i < fix->exports->len; i++)
            g_string_append_printf(text, "%s{\"id\":\"%s\"}", i > 0 ? "," : "",
                                   (char *) g_ptr_array_index(fix->exports, i));
        g_string_append(text, "]}");
        *reply = g_strdup(text->str);
    }
    return true;
}

static char *
testWord(const char *command, const char *key)
{
    g_autofree char *before = g_strdup_printf("\"%s\":\"", key);
    const char *word = strstr(command, before);

    return word ? g_strndup(word + strlen(before), strcspn(word + strlen(before), "\"")) : NULL;
}

int
backendMonitorSend(virDomainPtr dom, const char *command, int fd, char **reply)
{
    testFixture *fix = (testFixture *) dom;
    g_autofree char *name = testWord(command, "execute");
    g_autofree char *id = testWord(command, "id");
    testMood mood = !fix->moody || g_str_equal(fix->moody, name) ? fix->mood : TEST_ANSWERS;

    g_string_append_printf(fix->asked, "%s%s%s\n", name, id ? " " : "", id ? id : "");
    if (mood == TEST_SILENT) {
        errorReport(VIR_ERR_OPERATION_TIMEOUT, "%s", "silent");
        return -1;
    }
    if (!testTake(fix, name, id, fd, reply)) {
        errorReport(VIR_ERR_OPERATION_FAILED, "QEMU refused %s", name);
        return -1;
    }
    if (mood == TEST_LOST) {
        errorReport(VIR_ERR_INTERNAL_ERROR, "%s", "lost");
        return -1;
    }
    return 0;
}

static virDomainPtr
testDomain(testFixture *fix)
{
    return (virDomainPtr) fix;
}

static void
testSetUp(testFixture *fix, const void *opaque)
{
    fix->dir = g_dir_make_tmp("streamdisk-XXXXXX", NULL);
    fix->path = g_build_filename(fix->dir, UUID, NULL);
    fix->server = backendNbdServerNew(fix->dir, UUID);
    fix->given = fix->listening = -1;
    fix->exports = g_ptr_array_new_with_free_func(g_free);
    fix->asked = g_string_new(NULL);
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    backendNbdServerFree(fix->server);
    g_ptr_array_unref(fix->exports);
    g_string_free(fix->asked, TRUE);
    g_assert_cmpint(fix->given, ==, -1);
    g_assert_cmpint(g_rmdir(fix->dir), ==, 0);
    g_free(fix->path);
    g_free(fix->dir);
}

#define assertAsked(fix, expected) \
    do { \
        g_assert_cmpstr((fix)->asked->str, ==, (expected)); \
        g_string_truncate((fix)->asked, 0); \
    } while (0)

/* QEMU has something, or nothing, and that is known. */
#define assertOpen(fix, expected) \
    do { \
        g_assert_cmpint(g_access((fix)->path, F_OK) == 0, ==, (expected)); \
        g_assert_cmpint(backendNbdServerIsOpen((fix)->server), ==, (expected)); \
    } while (0)

static void
testAcquire(testFixture *fix, const char *id)
{
    g_assert_cmpint(backendNbdServerAcquire(fix->server, testDomain(fix), id), ==, 0);
    g_ptr_array_add(fix->exports, g_strdup(id));
}

static void
testRelease(testFixture *fix, const char *id)
{
    backendNbdServerRelease(fix->server, testDomain(fix), id);
}

static void
testRemoveLeft(testFixture *fix)
{
    backendNbdServerRemoveLeft(fix->server, testDomain(fix));
}

#define A "streamdisk-vda"
#define B "streamdisk-vdb"

/* As few commands as can be */
static void
testUsual(testFixture *fix, const void *opaque)
{
    assertOpen(fix, false);
    testAcquire(fix, A);
    testAcquire(fix, B);
    assertAsked(fix, "getfd\nnbd-server-start\n");
    assertOpen(fix, true);
    testRemoveLeft(fix);
    assertAsked(fix, "");
    testRelease(fix, A);
    assertAsked(fix, "block-export-del " A "\n");
    testRelease(fix, B);
    assertAsked(fix, "nbd-server-stop\n");
    assertOpen(fix, false);
    testRemoveLeft(fix);
    assertAsked(fix, "");
    assertOpen(fix, false);
}

/* The answer to a command of the start is lost: QEMU has it back when it is asked again. */
static void
testStartLost(testFixture *fix, const void *opaque)
{
    fix->mood = TEST_LOST;
    fix->moody = opaque;
    g_assert_cmpint(backendNbdServerAcquire(fix->server, testDomain(fix), A), ==, -1);
    expectError(VIR_ERR_INTERNAL_ERROR, "lost");
    assertOpen(fix, true);
    fix->mood = TEST_SILENT;
    fix->moody = NULL;
    testRemoveLeft(fix);
    assertOpen(fix, true);
    fix->mood = TEST_ANSWERS;
    testRemoveLeft(fix);
    assertOpen(fix, false);
    g_assert_cmpint(fix->listening, ==, -1);
}

/* Nobody has it if nothing came through. */
static void
testStartSilent(testFixture *fix, const void *opaque)
{
    fix->mood = TEST_SILENT;
    g_assert_cmpint(backendNbdServerAcquire(fix->server, testDomain(fix), A), ==, -1);
    expectError(VIR_ERR_OPERATION_TIMEOUT, "silent");
    assertOpen(fix, false);
}

static void
testStopSilent(testFixture *fix, const void *opaque)
{
    testAcquire(fix, A);
    fix->mood = TEST_SILENT;
    testRelease(fix, A);
    assertOpen(fix, true);
    testRemoveLeft(fix);
    assertOpen(fix, true);
    fix->mood = TEST_ANSWERS;
    g_string_truncate(fix->asked, 0);
    testRemoveLeft(fix);
    assertAsked(fix, "closefd\nquery-block-exports\nblock-export-del " A "\nnbd-server-stop\n");
    assertOpen(fix, false);
}

/* It is seen that QEMU has stopped it, though it did not say so. */
static void
testStopLost(testFixture *fix, const void *opaque)
{
    testAcquire(fix, A);
    fix->mood = TEST_LOST;
    testRelease(fix, A);
    assertOpen(fix, false);
}

/* An export that stays, while others are in use, goes later; they stay. */
static void
testStray(testFixture *fix, const void *opaque)
{
    testAcquire(fix, A);
    testAcquire(fix, B);
    fix->mood = TEST_SILENT;
    testRelease(fix, A);
    testRemoveLeft(fix);
    g_assert_cmpuint(fix->exports->len, ==, 2);
    fix->mood = TEST_ANSWERS;
    testRemoveLeft(fix);
    g_assert_cmpuint(fix->exports->len, ==, 1);
    g_assert_cmpstr(fix->exports->pdata[0], ==, B);
    g_string_truncate(fix->asked, 0);
    testRemoveLeft(fix);
    assertAsked(fix, "");
    testRelease(fix, B);
    assertOpen(fix, false);
}

/* Somebody else's server is left alone. */
static void
testOthers(testFixture *fix, const void *opaque)
{
    fix->listening = -2;
    if (opaque)
        g_ptr_array_add(fix->exports, g_strdup(opaque));
    g_assert_cmpint(backendNbdServerAcquire(fix->server, testDomain(fix), A), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "refused nbd-server-start");
    g_assert_cmpint(fix->listening, ==, -2);
    assertOpen(fix, false);
}

/* Ours that somebody else exports from, too, stays for them. */
static void
testShared(testFixture *fix, const void *opaque)
{
    testAcquire(fix, A);
    g_ptr_array_add(fix->exports, g_strdup("backup"));
    fix->mood = TEST_SILENT;
    testRelease(fix, A);
    fix->mood = TEST_ANSWERS;
    testRemoveLeft(fix);
    g_assert_cmpuint(fix->exports->len, ==, 1);
    g_assert_cmpstr(fix->exports->pdata[0], ==, "backup");
    assertOpen(fix, true);
    g_ptr_array_set_size(fix->exports, 0);
    testRemoveLeft(fix);
    assertOpen(fix, false);
}

/* What a daemon that was killed has left: the next one knows, and takes it back before it begins. */
static void
testNextDaemon(testFixture *fix, const void *opaque)
{
    g_auto(GStrv) left = NULL;

    testAcquire(fix, A);
    backendNbdServerFree(fix->server);
    fix->server = backendNbdServerNew(fix->dir, UUID);
    left = backendNbdServerListLeft(fix->dir);
    g_assert_cmpuint(g_strv_length(left), ==, 1);
    g_assert_cmpstr(left[0], ==, UUID);

    fix->mood = TEST_SILENT;
    g_assert_cmpint(backendNbdServerAcquire(fix->server, testDomain(fix), B), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "still has an NBD server of before");
    assertOpen(fix, true);
    fix->mood = TEST_ANSWERS;
    if (opaque) {
        g_unlink(fix->path); /* with the directory, when its user logged out */
        testAcquire(fix, B);
    } else {
        testAcquire(fix, B);
    }
    g_assert_cmpuint(fix->exports->len, ==, 1);
    testRelease(fix, B);
    assertOpen(fix, false);
}

/* A guest that is no more has nothing, and who listens there is asked by nobody. */
static void
testGone(testFixture *fix, const void *opaque)
{
    testAcquire(fix, A);
    fix->mood = TEST_SILENT;
    testRelease(fix, A);
    g_string_truncate(fix->asked, 0);
    backendNbdServerRemoveLeft(fix->server, NULL);
    assertAsked(fix, "");
    assertOpen(fix, true);
    close(fix->listening); /* QEMU ends */
    backendNbdServerRemoveLeft(fix->server, NULL);
    assertOpen(fix, false);
}

static void
testConnect(testFixture *fix, const void *opaque)
{
    int fd;

    g_assert_cmpint(backendNbdServerConnect(fix->server), ==, -1);
    expectError(VIR_ERR_SYSTEM_ERROR, "cannot connect to");
    testAcquire(fix, A);
    fd = backendNbdServerConnect(fix->server);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    testRelease(fix, A);
}

static void
testAdd(const char *path, const void *opaque, void (*func)(testFixture *fix, const void *opaque))
{
    g_test_add(path, testFixture, opaque, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    testAdd("/backend_nbd_server/usual", NULL, testUsual);
    testAdd("/backend_nbd_server/start-lost/getfd", "getfd", testStartLost);
    testAdd("/backend_nbd_server/start-lost/nbd-server-start", "nbd-server-start", testStartLost);
    testAdd("/backend_nbd_server/start-silent", NULL, testStartSilent);
    testAdd("/backend_nbd_server/stop-silent", NULL, testStopSilent);
    testAdd("/backend_nbd_server/stop-lost", NULL, testStopLost);
    testAdd("/backend_nbd_server/stray", NULL, testStray);
    testAdd("/backend_nbd_server/others", NULL, testOthers);
    testAdd("/backend_nbd_server/others-export", "backup", testOthers);
    testAdd("/backend_nbd_server/shared", NULL, testShared);
    testAdd("/backend_nbd_server/next-daemon", NULL, testNextDaemon);
    testAdd("/backend_nbd_server/next-daemon/no-socket", "", testNextDaemon);
    testAdd("/backend_nbd_server/gone", NULL, testGone);
    testAdd("/backend_nbd_server/connect", NULL, testConnect);
    return g_test_run();
}
