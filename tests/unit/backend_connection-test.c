/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_connection-test.c: a libvirtd that is not there, comes and goes
 *
 * libvirt's functions answer from the test. So does the loop: its timers end when the test says
 * so, and what another thread hands it waits for testTurn().
 */

#include "backend/backend_connection.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdbool.h>

#include "util/error.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_RPC

#define URI "qemu:///session"
#define CONNECTED "open keepalive register up "

/* Of the test's libvirt */
struct _virConnect {
    virConnectCloseFunc closed; /* NULL unless registered */
    void *opaque;
};

typedef struct {
    GSourceFunc func;
    void *data;
} testTask;

typedef struct {
    char *dir; /* where the socket appears */
    backendConnection *connection;
    GString *done;       /* what was called, in order */
    logLevel level;      /* of the last line of the log */
    char *line;          /* and its text */
    GFileMonitor *watch; /* of dir; NULL once it is freed */
    int seen;            /* the last thing that appeared or disappeared there, an event of it */

    /* libvirt */
    const char *failing; /* the call that fails */
    bool losing;         /* the connection is lost while up() runs */
    bool watchless;      /* the directory cannot be watched */
    virConnectPtr conn;  /* that is open */

    /* the loop */
    bool begun;
    GAsyncQueue *after; /* what happened after backendConnectionNew(); NULL: the loop is not late */
    GThread *late;      /* does what the loop was handed first */
    GQueue tasks;       /* of testTask */
    GSource *timer;     /* the last one */
    guint ms;           /* it takes */
    testTask atTimeout; /* what it does */
} testFixture;

static testFixture *testNow;

/* Stands in for log.c. */
void
logMessage(const char *source, logLevel level, const char *func, int line, const char *fmt, ...)
{
    va_list args;

    g_assert_cmpstr(source, ==, "backend.connection");
    testNow->level = level;
    g_free(testNow->line);
    va_start(args, fmt);
    testNow->line = g_strdup_vprintf(fmt, args);
    va_end(args);
}

/* Stands in for GLib's: the same, but the test has it, too. */
GFileMonitor *
g_file_monitor_directory(GFile *dir, GFileMonitorFlags flags, GCancellable *cancellable,
                         GError **error)
{
    testFixture *fix = testNow;

    g_assert_cmpstr(g_file_peek_path(dir), ==, fix->dir);
    if (fix->watchless)
        return NULL;
    fix->watch = G_FILE_GET_IFACE(dir)->monitor_dir(dir, flags, cancellable, error);
    g_assert_nonnull(fix->watch);
    g_object_add_weak_pointer(G_OBJECT(fix->watch), (void **) &fix->watch);
    return fix->watch;
}

/* Stands in for libvirt. */
static int
testCall(const char *name)
{
    virResetLastError();
    g_string_append_printf(testNow->done, "%s ", name);
    if (g_strcmp0(name, testNow->failing) != 0)
        return 0;
    errorReport(VIR_ERR_OPERATION_FAILED, "no %s", name);
    return -1;
}

virConnectPtr
virConnectOpen(const char *name)
{
    g_assert_cmpstr(name, ==, URI);
    g_assert_null(testNow->conn);
    if (testCall("open") == 0)
        testNow->conn = g_new0(virConnect, 1);
    return testNow->conn;
}

int
virConnectSetKeepAlive(virConnectPtr conn, int interval, unsigned int count)
{
    g_assert_true(conn == testNow->conn);
    g_assert_cmpint(interval, >, 0);
    g_assert_cmpuint(count, >, 0);
    return testCall("keepalive");
}

int
virConnectRegisterCloseCallback(virConnectPtr conn, virConnectCloseFunc cb, void *opaque,
                                virFreeCallback freecb)
{
    g_assert_true(conn == testNow->conn);
    g_assert_null(freecb);
    if (testCall("register") < 0)
        return -1;
    *conn = (virConnect) { .closed = cb, .opaque = opaque };
    return 0;
}

int
virConnectUnregisterCloseCallback(virConnectPtr conn, virConnectCloseFunc cb)
{
    g_assert_true(conn == testNow->conn);
    testCall("unregister");
    if (conn->closed != cb) {
        errorReport(VIR_ERR_INVALID_ARG, "%s", "it is not registered");
        return -1;
    }
    conn->closed = NULL;
    return 0;
}

int
virConnectClose(virConnectPtr conn)
{
    g_assert_true(conn == testNow->conn);
    g_assert_null(conn->closed);
    testCall("close");
    g_clear_pointer(&testNow->conn, g_free);
    return 0;
}

/* What libvirt's event thread does when the connection ends; it tells so once. */
static void
testLose(testFixture *fix, virConnectCloseReason reason)
{
    virConnectCloseFunc closed = g_steal_pointer(&fix->conn->closed);

    closed(fix->conn, reason, fix->conn->opaque);
}

/* The loop does all that it was handed. */
static void
testTurn(testFixture *fix)
{
    testTask *task;

    while ((task = g_queue_pop_head(&fix->tasks))) {
        g_assert_false(task->func(task->data));
        g_free(task);
    }
}

/* Stands in for event_thread.c; the loop is the fixture. */
static void *
testBeginLate(void *opaque)
{
    testTask *task = opaque;

    g_assert_null(g_async_queue_timeout_pop(testNow->after, 50 * G_TIME_SPAN_MILLISECOND));
    g_assert_false(task->func(task->data));
    g_free(task);
    return NULL;
}

void
eventThreadInvoke(eventThread *self, GSourceFunc func, void *data, GDestroyNotify destroy)
{
    testFixture *fix = (testFixture *) self;
    testTask *task = g_memdup2(&(testTask) { func, data }, sizeof(testTask));

    g_assert_null(destroy);
    g_queue_push_tail(&fix->tasks, task);
    if (fix->begun)
        return;
    fix->begun = true;
    if (fix->after)
        fix->late = g_thread_new("late", testBeginLate, g_queue_pop_head(&fix->tasks));
    else
        testTurn(fix);
}

GSource *
eventThreadAddTimer(eventThread *self, guint ms, GSourceFunc func, void *data)
{
    testFixture *fix = (testFixture *) self;

    if (fix->timer)
        g_assert_true(g_source_is_destroyed(fix->timer)); /* one at a time */
    g_clear_pointer(&fix->timer, g_source_unref);
    fix->timer = g_timeout_source_new(ms);
    fix->ms = ms;
    fix->atTimeout = (testTask) { func, data };
    return g_source_ref(fix->timer);
}

static bool
testWaits(testFixture *fix)
{
    return fix->timer && !g_source_is_destroyed(fix->timer);
}

/* The timer ends, and is no more, as GLib does it. */
static void
testTimeout(testFixture *fix)
{
    g_autoptr(GSource) timer = g_source_ref(fix->timer);

    g_assert_true(testWaits(fix));
    g_assert_false(fix->atTimeout.func(fix->atTimeout.data));
    g_source_destroy(timer);
}

static int
testUp(virConnectPtr conn, void *opaque)
{
    testFixture *fix = opaque;

    g_assert_true(conn == fix->conn);
    if (fix->losing)
        testLose(fix, VIR_CONNECT_CLOSE_REASON_EOF);
    return testCall("up");
}

static void
testDown(void *opaque)
{
    testFixture *fix = opaque;

    g_assert_nonnull(fix->conn); /* it can still be used, in vain */
    testCall("down");
}

static void
testNew(testFixture *fix)
{
    static const backendConnectionHandlers handlers = { .up = testUp, .down = testDown };

    fix->connection = backendConnectionNew(URI, fix->dir, (eventThread *) fix, &handlers, fix);
}

static void
testFree(testFixture *fix)
{
    g_clear_pointer(&fix->connection, backendConnectionFree);
    g_assert_null(fix->conn);
    g_assert_null(fix->watch);
    g_assert_false(testWaits(fix));
}

static void
testSetUp(testFixture *fix, const void *opaque)
{
    testNow = fix;
    fix->dir = g_dir_make_tmp("connection.XXXXXX", NULL);
    fix->done = g_string_new(NULL);
    g_queue_init(&fix->tasks);
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    testFree(fix);
    g_queue_clear_full(&fix->tasks, g_free);
    g_clear_pointer(&fix->timer, g_source_unref);
    g_string_free(fix->done, TRUE);
    g_free(fix->line);
    g_assert_no_errno(g_rmdir(fix->dir));
    g_free(fix->dir);
}

#define assertDone(fix, expected) \
    do { \
        g_assert_cmpstr((fix)->done->str, ==, (expected)); \
        g_string_truncate((fix)->done, 0); \
    } while (0)

#define assertLogged(fix, expectedLevel, expected) \
    do { \
        g_assert_cmpint((fix)->level, ==, (expectedLevel)); \
        g_assert_cmpstr((fix)->line, ==, (expected)); \
    } while (0)

/* The next try is set, for then. */
#define assertWaits(fix, expected) \
    do { \
        g_assert_true(testWaits(fix)); \
        g_assert_cmpuint((fix)->ms, ==, (expected)); \
    } while (0)

static void
testConnect(testFixture *fix, const void *opaque)
{
    testNew(fix);
    assertDone(fix, CONNECTED);
    assertLogged(fix, LOG_LEVEL_INFO, "connected to libvirt (" URI ")");
    g_assert_false(testWaits(fix));
    testFree(fix);
    assertDone(fix, "unregister close ");
}

/* It is known whether there is a libvirtd when it has been made. */
static void
testFirst(testFixture *fix, const void *opaque)
{
    fix->after = g_async_queue_new();
    testNew(fix);
    g_async_queue_push(fix->after, fix);
    g_thread_join(fix->late);
    g_async_queue_unref(fix->after);
    assertDone(fix, CONNECTED);
}

/* More and more seldom, and often again after it was there */
static void
testAgain(testFixture *fix, const void *opaque)
{
    static const guint waits[] = { 100, 200, 400, 800, 1600, 3200, 5000, 5000 };

    fix->failing = "open";
    testNew(fix);
    for (gsize i = 0; i < G_N_ELEMENTS(waits); i++) {
        assertDone(fix, "open ");
        assertWaits(fix, waits[i]);
        testTimeout(fix);
    }
    fix->failing = NULL;
    g_string_truncate(fix->done, 0);
    testTimeout(fix);
    assertDone(fix, CONNECTED);
    g_assert_false(testWaits(fix));

    testLose(fix, VIR_CONNECT_CLOSE_REASON_EOF);
    testTurn(fix);
    fix->failing = "open";
    testTimeout(fix);
    assertWaits(fix, 100);
}

typedef struct {
    const char *failing;
    const char *done;
} testStep;

static const testStep testSteps[] = {
    { "open", "open " },
    { "keepalive", "open keepalive close " },
    { "register", "open keepalive register close " },
    { "up", CONNECTED "unregister close " },
};

/* Whatever fails, what was done is undone, the reason is told, and all of it is done again. */
static void
testFails(testFixture *fix, const void *opaque)
{
    const testStep *step = opaque;
    g_autofree char *line = g_strdup_printf("no libvirt at " URI ", again in 100 ms: "
                                            "operation failed: no %s",
                                            step->failing);

    fix->failing = step->failing;
    testNew(fix);
    assertDone(fix, step->done);
    assertLogged(fix, LOG_LEVEL_DEBUG, line);
    assertWaits(fix, 100);
    fix->failing = NULL;
    testTimeout(fix);
    assertDone(fix, CONNECTED);
    g_assert_false(testWaits(fix));
}

/* Freed before it is tried again: that is not done any more. */
static void
testFailsFree(testFixture *fix, const void *opaque)
{
    const testStep *step = opaque;

    fix->failing = step->failing;
    testNew(fix);
    assertDone(fix, step->done);
    testFree(fix);
    assertDone(fix, "");
}

/* In the loop, and no sooner, down() is called; then it is tried at once. */
static void
testLost(testFixture *fix, const void *opaque)
{
    testNew(fix);
    assertDone(fix, CONNECTED);
    testLose(fix, GPOINTER_TO_INT(opaque));
    assertDone(fix, "");
    testTurn(fix);
    assertDone(fix, "down close ");
    assertLogged(fix, LOG_LEVEL_WARNING, "connection to libvirt (" URI ") lost");
    assertWaits(fix, 0);
    testTimeout(fix);
    assertDone(fix, CONNECTED);
    g_assert_false(testWaits(fix));
}

/* Who closed it here knows. */
static void
testClosed(testFixture *fix, const void *opaque)
{
    testNew(fix);
    assertDone(fix, CONNECTED);
    testLose(fix, VIR_CONNECT_CLOSE_REASON_CLIENT);
    testTurn(fix);
    assertDone(fix, "");
    g_assert_false(testWaits(fix));
}

/* What is due is not done any more: trying again, or, with the loop stopped before, down() */
static void
testLostFree(testFixture *fix, const void *opaque)
{
    testNew(fix);
    testLose(fix, VIR_CONNECT_CLOSE_REASON_ERROR);
    if (opaque)
        testTurn(fix);
    assertDone(fix, opaque ? CONNECTED "down close " : CONNECTED);
    testFree(fix);
    assertDone(fix, opaque ? "" : "unregister close ");
}

static void
testLostInUp(testFixture *fix, const void *opaque)
{
    fix->losing = true;
    testNew(fix);
    assertDone(fix, CONNECTED "down close ");
    assertWaits(fix, 0);
    fix->losing = false;
    testTimeout(fix);
    assertDone(fix, CONNECTED);
}

/* up() saw it, too: there is nothing left to lose. */
static void
testLostInUpRefused(testFixture *fix, const void *opaque)
{
    fix->losing = true;
    fix->failing = "up";
    testNew(fix);
    assertDone(fix, CONNECTED "unregister close ");
    assertWaits(fix, 100);
}

static void
testSeen(GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, void *opaque)
{
    testFixture *fix = opaque;

    if (event == G_FILE_MONITOR_EVENT_CREATED || event == G_FILE_MONITOR_EVENT_DELETED)
        fix->seen = (int) event;
}

/* Makes or removes something in the directory, and waits until that was seen. */
static void
testChange(testFixture *fix, bool appear)
{
    g_autofree char *path = g_build_filename(fix->dir, "libvirt-sock", NULL);

    g_assert_no_errno(appear ? g_mkdir(path, 0700) : g_rmdir(path));
    while (fix->seen !=
           (int) (appear ? G_FILE_MONITOR_EVENT_CREATED : G_FILE_MONITOR_EVENT_DELETED))
        g_main_context_iteration(NULL, TRUE);
}

/* It is tried at once, and often from then on, if the socket refuses for a moment. */
static void
testSocket(testFixture *fix, const void *opaque)
{
    fix->failing = "open";
    testNew(fix);
    g_signal_connect_after(fix->watch, "changed", G_CALLBACK(testSeen), fix);
    while (fix->ms < 5000)
        testTimeout(fix);
    g_string_truncate(fix->done, 0);
    testChange(fix, true);
    assertWaits(fix, 0);
    testTimeout(fix);
    assertDone(fix, "open ");
    assertWaits(fix, 100);
    testTimeout(fix);
    assertWaits(fix, 200);

    testChange(fix, false);
    assertWaits(fix, 200); /* that is nothing to try for */
    testChange(fix, true);
    assertWaits(fix, 0);
    fix->failing = NULL;
    g_string_truncate(fix->done, 0);
    testTimeout(fix);
    assertDone(fix, CONNECTED);
    testChange(fix, false);
}

/* What appears is not looked at while it is connected. */
static void
testSocketConnected(testFixture *fix, const void *opaque)
{
    testNew(fix);
    g_signal_connect_after(fix->watch, "changed", G_CALLBACK(testSeen), fix);
    assertDone(fix, CONNECTED);
    testChange(fix, true);
    g_assert_false(testWaits(fix));
    testChange(fix, false);
    g_assert_false(testWaits(fix));
    assertDone(fix, "");
}

/* The timer alone does it, too. */
static void
testUnwatched(testFixture *fix, const void *opaque)
{
    fix->watchless = true;
    fix->failing = "open";
    testNew(fix);
    assertWaits(fix, 100);
    fix->failing = NULL;
    testTimeout(fix);
    assertDone(fix, "open " CONNECTED);
}

static void
testFreeNothing(void)
{
    backendConnectionFree(NULL);
}

static void
testAdd(const char *name, const void *opaque, void (*func)(testFixture *fix, const void *opaque))
{
    g_autofree char *path = g_strconcat("/backend_connection/", name, NULL);

    g_test_add(path, testFixture, opaque, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    virInitialize(); /* as opening a connection does */
    testAdd("connect", NULL, testConnect);
    testAdd("first", NULL, testFirst);
    testAdd("again", NULL, testAgain);
    for (gsize i = 0; i < G_N_ELEMENTS(testSteps); i++) {
        g_autofree char *fails = g_strconcat("fails/", testSteps[i].failing, NULL);
        g_autofree char *freed = g_strconcat("fails-free/", testSteps[i].failing, NULL);

        testAdd(fails, &testSteps[i], testFails);
        testAdd(freed, &testSteps[i], testFailsFree);
    }
    testAdd("lost/error", GINT_TO_POINTER(VIR_CONNECT_CLOSE_REASON_ERROR), testLost);
    testAdd("lost/eof", GINT_TO_POINTER(VIR_CONNECT_CLOSE_REASON_EOF), testLost);
    testAdd("lost/keepalive", GINT_TO_POINTER(VIR_CONNECT_CLOSE_REASON_KEEPALIVE), testLost);
    testAdd("closed", NULL, testClosed);
    testAdd("lost-free", "", testLostFree);
    testAdd("lost-free/stopped", NULL, testLostFree);
    testAdd("lost-in-up", NULL, testLostInUp);
    testAdd("lost-in-up-refused", NULL, testLostInUpRefused);
    testAdd("socket", NULL, testSocket);
    testAdd("socket-connected", NULL, testSocketConnected);
    testAdd("unwatched", NULL, testUnwatched);
    g_test_add_func("/backend_connection/free-nothing", testFreeNothing);
    return g_test_run();
}
