/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_event-test.c: events that a libvirt of the test's tells, and who is called
 *
 * The functions that register callbacks answer from the test; the connection and the domain are
 * libvirt's, and its count of references says that none of them is lost.
 */

#include "backend/backend_event.h"

#include <libvirt/libvirt-qemu.h>

#include "backend/backend_qmp.h"
#include "expect.h"
#include "util/error.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define MONITOR 4 /* where its callback is, behind the others */

typedef struct {
    bool on;
    int event;
    void (*call)(void); /* to be cast to what it is */
    void *opaque;
    virFreeCallback destroy; /* NULL once called */
} testCallback;

typedef struct {
    void (*func)(void *data);
    void *data;
    void (*destroy)(void *data);
} testItem;

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom;
    backendEvent *event;
    GString *told; /* the handlers that were called */
    GQueue items;  /* of testItem, dispatched */
    char *warning;

    /* libvirt */
    testCallback callbacks[MONITOR + 1];
    int count;      /* of callbacks, without the monitor's */
    int failing;    /* this one's registration fails; -1: none */
    bool lingering; /* callbacks may still be called when they are deregistered */

    GAsyncQueue *held;  /* something once jobEnding runs, which then waits a little; or NULL */
    GAsyncQueue *freed; /* something once backendEventFree() has returned */
} testFixture;

static testFixture *testNow;

/* Stands in for log.c. */
void
logMessage(const char *source, logLevel level, const char *func, int line, const char *fmt, ...)
{
    va_list args;

    if (level != LOG_LEVEL_WARNING)
        return;
    g_assert_cmpstr(source, ==, "backend.event");
    g_assert_null(testNow->warning);
    va_start(args, fmt);
    testNow->warning = g_strdup_vprintf(fmt, args);
    va_end(args);
}

/* Stands in for libvirt; one registration has the number of its place as id. */
static int
testRegister(int which, const testCallback *as)
{
    g_assert_false(testNow->callbacks[which].on);
    if (testNow->failing == which) {
        errorReport(VIR_ERR_OPERATION_FAILED, "no callback %d", which);
        return -1;
    }
    testNow->callbacks[which] = *as;
    return 0;
}

static int
testDeregister(testCallback *callback)
{
    virFreeCallback destroy = callback->destroy;

    virResetLastError();
    g_assert_true(callback->on);
    callback->on = false;
    if (!testNow->lingering) {
        callback->destroy = NULL;
        destroy(callback->opaque);
    }
    return 0;
}

int
virConnectDomainEventRegisterAny(virConnectPtr conn, virDomainPtr dom, int eventID,
                                 virConnectDomainEventGenericCallback cb, void *opaque,
                                 virFreeCallback freecb)
{
    testFixture *fix = testNow;
    int id = fix->count;
    testCallback as = { true, eventID, (void (*)(void)) cb, opaque, freecb };

    g_assert_true(conn == fix->conn);
    g_assert_null(dom);
    g_assert_cmpint(id, <, MONITOR);
    return testRegister(id, &as) < 0 ? -1 : fix->count++;
}

int
virConnectDomainEventDeregisterAny(virConnectPtr conn, int callbackID)
{
    g_assert_true(conn == testNow->conn);
    g_assert_cmpint(callbackID, >=, 0);
    g_assert_cmpint(callbackID, <, testNow->count);
    return testDeregister(&testNow->callbacks[callbackID]);
}

int
virConnectDomainQemuMonitorEventRegister(virConnectPtr conn, virDomainPtr dom, const char *event,
                                         virConnectDomainQemuMonitorEventCallback cb, void *opaque,
                                         virFreeCallback freecb, unsigned int flags)
{
    testFixture *fix = testNow;
    testCallback as = { true, 0, (void (*)(void)) cb, opaque, freecb };

    g_assert_true(conn == fix->conn);
    g_assert_null(dom);
    g_assert_cmpstr(event, ==, BACKEND_QMP_EVENTS);
    g_assert_cmpuint(flags, ==, VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_REGEX);
    return testRegister(MONITOR, &as);
}

int
virConnectDomainQemuMonitorEventDeregister(virConnectPtr conn, int callbackID)
{
    g_assert_true(conn == testNow->conn);
    g_assert_cmpint(callbackID, ==, 0);
    return testDeregister(&testNow->callbacks[MONITOR]);
}

/* The handlers */
static void
testTell(void *opaque, const char *what, virDomainPtr dom, const char *name, const char *more)
{
    testFixture *fix = opaque;

    g_string_append_printf(fix->told, "%s %s%s%s%s%s\n", what, virDomainGetName(dom),
                           name ? " " : "", name ? name : "", more ? " " : "", more ? more : "");
}

static void
testJobRunning(virDomainPtr dom, const char *target, void *opaque)
{
    testTell(opaque, "running", dom, target, NULL);
}

static void
testJobEnding(virDomainPtr dom, const char *target, void *opaque)
{
    testFixture *fix = opaque;

    testTell(opaque, "ending", dom, target, NULL);
    if (!fix->held)
        return;
    g_async_queue_push(fix->held, fix);
    g_assert_null(g_async_queue_timeout_pop(fix->freed, 50 * G_TIME_SPAN_MILLISECOND));
}

static void
testJobError(virDomainPtr dom, const char *target, const char *error, void *opaque)
{
    testTell(opaque, "error", dom, target, error);
}

static void
testJobEnded(virDomainPtr dom, const char *target, int status, void *opaque)
{
    g_autofree char *text = g_strdup_printf("%d", status);

    testTell(opaque, "ended", dom, target, text);
}

static void
testGuestStopped(virDomainPtr dom, int detail, void *opaque)
{
    g_autofree char *text = g_strdup_printf("%d", detail);

    testTell(opaque, "stopped", dom, NULL, text);
}

static void
testDiskRemoved(virDomainPtr dom, const char *alias, void *opaque)
{
    testTell(opaque, "removed", dom, alias, NULL);
}

static void
testDisksTuned(virDomainPtr dom, void *opaque)
{
    testTell(opaque, "tuned", dom, NULL, NULL);
}

static void
testDispatch(virDomainPtr dom, void (*func)(void *data), void *data, void (*destroy)(void *data),
             void *opaque)
{
    testFixture *fix = opaque;

    g_assert_cmpstr(virDomainGetName(dom), ==, "test");
    g_queue_push_tail(&fix->items,
                      g_memdup2(&(testItem) { func, data, destroy }, sizeof(testItem)));
}

/* What was dispatched is done, or only given up; either may be long after. */
static void
testFinish(testFixture *fix, bool run)
{
    testItem *item;

    while ((item = g_queue_pop_head(&fix->items))) {
        if (run)
            item->func(item->data);
        item->destroy(item->data);
        g_free(item);
    }
}

static void
testNew(testFixture *fix)
{
    static const backendEventHandlers handlers = {
        .jobRunning = testJobRunning,
        .jobEnding = testJobEnding,
        .jobError = testJobError,
        .jobEnded = testJobEnded,
        .guestStopped = testGuestStopped,
        .diskRemoved = testDiskRemoved,
        .disksTuned = testDisksTuned,
    };

    fix->event = backendEventNew(fix->conn, testDispatch, &handlers, fix);
}

static void
testFree(testFixture *fix)
{
    g_clear_pointer(&fix->event, backendEventFree);
    for (int i = 0; i <= MONITOR; i++)
        g_assert_false(fix->callbacks[i].on);
}

static void
testSetUp(testFixture *fix, const void *opaque)
{
    testNow = fix;
    fix->conn = virConnectOpen("test:///default");
    fix->dom = virDomainLookupByName(fix->conn, "test");
    g_assert_nonnull(fix->dom);
    fix->told = g_string_new(NULL);
    fix->failing = -1;
    g_queue_init(&fix->items);
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    testFree(fix);
    for (int i = 0; i <= MONITOR; i++) {
        if (fix->callbacks[i].destroy)
            fix->callbacks[i].destroy(fix->callbacks[i].opaque);
    }
    testFinish(fix, false);
    if (fix->dom)
        virDomainFree(fix->dom);
    g_assert_cmpint(virConnectClose(fix->conn), ==, 0); /* nobody else has it */
    g_string_free(fix->told, TRUE);
    g_free(fix->warning);
}

/* Events: what they come with is gone when they have been told. */
static testCallback *
testFind(testFixture *fix, int event)
{
    for (int i = 0; i < fix->count; i++) {
        if (fix->callbacks[i].event == event)
            return &fix->callbacks[i];
    }
    g_error("nobody registered for event %d", event);
}

static void
testLifecycle(testFixture *fix, int event, int detail)
{
    testCallback *callback = testFind(fix, VIR_DOMAIN_EVENT_ID_LIFECYCLE);
    virConnectDomainEventCallback call = (virConnectDomainEventCallback) callback->call;

    g_assert_cmpint(call(fix->conn, fix->dom, event, detail, callback->opaque), ==, 0);
}

static void
testBlockJob(testFixture *fix, const char *disk, int type, int status)
{
    testCallback *callback = testFind(fix, VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2);
    virConnectDomainEventBlockJobCallback call = (virConnectDomainEventBlockJobCallback)
                                                     callback->call;
    g_autofree char *gone = g_strdup(disk);

    call(fix->conn, fix->dom, gone, type, status, callback->opaque);
}

static void
testDeviceRemoved(testFixture *fix, const char *alias)
{
    testCallback *callback = testFind(fix, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED);
    virConnectDomainEventDeviceRemovedCallback call = (virConnectDomainEventDeviceRemovedCallback)
                                                          callback->call;
    g_autofree char *gone = g_strdup(alias);

    call(fix->conn, fix->dom, gone, callback->opaque);
}

static void
testTunable(testFixture *fix, const char *field)
{
    testCallback *callback = testFind(fix, VIR_DOMAIN_EVENT_ID_TUNABLE);
    virConnectDomainEventTunableCallback call = (virConnectDomainEventTunableCallback)
                                                    callback->call;
    virTypedParameterPtr params = NULL;
    int n = 0;
    int max = 0;

    g_assert_cmpint(virTypedParamsAddULLong(&params, &n, &max, "other", 1), ==, 0);
    if (field)
        g_assert_cmpint(virTypedParamsAddString(&params, &n, &max, field, "vda"), ==, 0);
    call(fix->conn, fix->dom, params, n, callback->opaque);
    virTypedParamsFree(params, n);
}

static void
testMonitor(testFixture *fix, const char *name, const char *details)
{
    virConnectDomainQemuMonitorEventCallback
        call = (virConnectDomainQemuMonitorEventCallback) fix->callbacks[MONITOR].call;
    g_autofree char *gone = g_strdup(details);

    call(fix->conn, fix->dom, name, 1, 2, gone, fix->callbacks[MONITOR].opaque);
}

#define STATUS(status, id) "{\"status\": \"" status "\", \"id\": \"" id "\"}"
#define RUNNING STATUS("running", "pull-vda-libvirt-1-format")
#define ENDING STATUS("waiting", "pull-vda-libvirt-1-format")

#define assertTold(fix, expected) \
    do { \
        g_assert_cmpstr((fix)->told->str, ==, (expected)); \
        g_string_truncate((fix)->told, 0); \
    } while (0)

/* What is told in libvirt's event loop, and what when that is dispatched */
#define assertAtOnceAndLater(fix, atOnce, later) \
    do { \
        assertTold(fix, atOnce); \
        testFinish(fix, true); \
        assertTold(fix, later); \
    } while (0)

#define assertIgnored(fix) \
    do { \
        assertTold(fix, ""); \
        g_assert_true(g_queue_is_empty(&(fix)->items)); \
    } while (0)

static void
testStopped(testFixture *fix, const void *opaque)
{
    testNew(fix);
    testLifecycle(fix, VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SAVED);
    assertAtOnceAndLater(fix, "", "stopped test 4\n");
    testLifecycle(fix, VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
    assertAtOnceAndLater(fix, "", "stopped test 0\n");
    for (int event = 0; event <= VIR_DOMAIN_EVENT_CRASHED; event++) {
        if (event != VIR_DOMAIN_EVENT_STOPPED)
            testLifecycle(fix, event, 0);
    }
    assertIgnored(fix);
}

/* A job that is ready has not ended, and what is no pull is nobody's business. */
static void
testJob(testFixture *fix, const void *opaque)
{
    testNew(fix);
    testBlockJob(fix, "vda", VIR_DOMAIN_BLOCK_JOB_TYPE_PULL, VIR_DOMAIN_BLOCK_JOB_COMPLETED);
    assertAtOnceAndLater(fix, "ending test vda\n", "ended test vda 0\n");
    testBlockJob(fix, "sdb", VIR_DOMAIN_BLOCK_JOB_TYPE_PULL, VIR_DOMAIN_BLOCK_JOB_FAILED);
    assertAtOnceAndLater(fix, "ending test sdb\n", "ended test sdb 1\n");
    testBlockJob(fix, "vda", VIR_DOMAIN_BLOCK_JOB_TYPE_PULL, VIR_DOMAIN_BLOCK_JOB_CANCELED);
    assertAtOnceAndLater(fix, "ending test vda\n", "ended test vda 2\n");
    testBlockJob(fix, "vda", VIR_DOMAIN_BLOCK_JOB_TYPE_PULL, VIR_DOMAIN_BLOCK_JOB_READY);
    assertIgnored(fix);
    for (int type = 0; type <= VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP; type++) {
        if (type != VIR_DOMAIN_BLOCK_JOB_TYPE_PULL)
            testBlockJob(fix, "vda", type, VIR_DOMAIN_BLOCK_JOB_COMPLETED);
    }
    assertIgnored(fix);
}

/* libvirt's domain may be gone when the handler is called with it. */
static void
testRemoved(testFixture *fix, const void *opaque)
{
    testNew(fix);
    testDeviceRemoved(fix, "virtio-disk0");
    virDomainFree(g_steal_pointer(&fix->dom));
    assertAtOnceAndLater(fix, "", "removed test virtio-disk0\n");
}

static void
testTuned(testFixture *fix, const void *opaque)
{
    testNew(fix);
    testTunable(fix, VIR_DOMAIN_TUNABLE_BLKDEV_DISK);
    assertAtOnceAndLater(fix, "", "tuned test\n");
    testTunable(fix, VIR_DOMAIN_TUNABLE_CPU_CPU_SHARES);
    testTunable(fix, NULL);
    assertIgnored(fix);
}

static void
testQemu(testFixture *fix, const void *opaque)
{
    testNew(fix);
    g_assert_true(backendEventTellsStarts(fix->event));
    testMonitor(fix, "JOB_STATUS_CHANGE", RUNNING);
    assertAtOnceAndLater(fix, "", "running test vda\n");
    testMonitor(fix, "JOB_STATUS_CHANGE", ENDING);
    assertAtOnceAndLater(fix, "ending test vda\n", "");
    testMonitor(fix, "BLOCK_JOB_COMPLETED",
                "{\"device\": \"pull-vdb-libvirt-2-format\", \"error\": \"No space left\"}");
    assertAtOnceAndLater(fix, "", "error test vdb No space left\n");

    testMonitor(fix, "BLOCK_JOB_COMPLETED", "{\"device\": \"pull-vdb-libvirt-2-format\"}");
    testMonitor(fix, "JOB_STATUS_CHANGE", STATUS("paused", "pull-vda-libvirt-1-format"));
    testMonitor(fix, "JOB_STATUS_CHANGE", STATUS("running", "commit-vda-libvirt-1-format"));
    testMonitor(fix, "JOB_STATUS_CHANGE", "not JSON");
    testMonitor(fix, "JOB_STATUS_CHANGE", NULL);
    assertIgnored(fix);
}

/* What is dispatched keeps its order; that a job is ending overtakes it. */
static void
testOrder(testFixture *fix, const void *opaque)
{
    testNew(fix);
    testMonitor(fix, "JOB_STATUS_CHANGE", RUNNING);
    testDeviceRemoved(fix, "virtio-disk1");
    testMonitor(fix, "JOB_STATUS_CHANGE", ENDING);
    testBlockJob(fix, "vda", VIR_DOMAIN_BLOCK_JOB_TYPE_PULL, VIR_DOMAIN_BLOCK_JOB_COMPLETED);
    testLifecycle(fix, VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED);
    assertAtOnceAndLater(fix, "ending test vda\nending test vda\n",
                         "running test vda\nremoved test virtio-disk1\n"
                         "ended test vda 0\nstopped test 2\n");
}

/* What was registered before is given up, the reason is not. */
static void
testHalfWay(testFixture *fix, const void *opaque)
{
    g_autofree char *reason = g_strdup_printf("no callback %d", GPOINTER_TO_INT(opaque));

    fix->failing = GPOINTER_TO_INT(opaque);
    testNew(fix);
    expectError(VIR_ERR_OPERATION_FAILED, reason);
    g_assert_null(fix->event);
    g_assert_cmpint(fix->count, ==, fix->failing);
    testFree(fix);
}

/* All but QEMU's own events come. */
static void
testNoMonitor(testFixture *fix, const void *opaque)
{
    fix->failing = MONITOR;
    testNew(fix);
    g_assert_nonnull(fix->event);
    g_assert_false(backendEventTellsStarts(fix->event));
    g_assert_cmpstr(fix->warning, ==,
                    "no events of QEMU's own: streams that others start are seen within a second, "
                    "and reasons of failures are not known: operation failed: no callback 4");
    testBlockJob(fix, "vda", VIR_DOMAIN_BLOCK_JOB_TYPE_PULL, VIR_DOMAIN_BLOCK_JOB_FAILED);
    assertAtOnceAndLater(fix, "ending test vda\n", "ended test vda 1\n");
}

/* What waits to be told is not told any more, and what libvirt was about to tell neither. */
static void
testFreed(testFixture *fix, const void *opaque)
{
    fix->lingering = true;
    testNew(fix);
    g_assert_cmpint(fix->count, ==, MONITOR);
    testDeviceRemoved(fix, "virtio-disk0");
    testMonitor(fix, "JOB_STATUS_CHANGE", RUNNING);
    g_assert_cmpuint(g_queue_get_length(&fix->items), ==, 2);
    testFree(fix);
    testFinish(fix, true);
    assertTold(fix, "");

    testLifecycle(fix, VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SAVED);
    testBlockJob(fix, "vda", VIR_DOMAIN_BLOCK_JOB_TYPE_PULL, VIR_DOMAIN_BLOCK_JOB_COMPLETED);
    testDeviceRemoved(fix, "virtio-disk0");
    testTunable(fix, VIR_DOMAIN_TUNABLE_BLKDEV_DISK);
    testMonitor(fix, "JOB_STATUS_CHANGE", RUNNING);
    testMonitor(fix, "JOB_STATUS_CHANGE", ENDING);
    assertIgnored(fix);
}

/* Items that are only destroyed, after all else was freed */
static void
testFreedFirst(testFixture *fix, const void *opaque)
{
    testNew(fix);
    testDeviceRemoved(fix, "virtio-disk0");
    testMonitor(fix, "JOB_STATUS_CHANGE", RUNNING);
    testFree(fix);
    testFinish(fix, false);
    assertTold(fix, "");
}

static void *
testEndingThread(void *opaque)
{
    testMonitor(opaque, "JOB_STATUS_CHANGE", ENDING);
    return NULL;
}

/* A handler that is called at once has returned by then. */
static void
testFreeWaits(testFixture *fix, const void *opaque)
{
    GThread *thread;

    fix->held = g_async_queue_new();
    fix->freed = g_async_queue_new();
    fix->lingering = true;
    testNew(fix);
    thread = g_thread_new("libvirt", testEndingThread, fix);
    g_async_queue_pop(fix->held);
    testFree(fix);
    g_async_queue_push(fix->freed, fix);
    g_thread_join(thread);
    assertTold(fix, "ending test vda\n");
    g_async_queue_unref(fix->held);
    g_async_queue_unref(fix->freed);
}

static void
testFreeNothing(void)
{
    backendEventFree(NULL);
}

static void
testAdd(const char *name, int number, void (*func)(testFixture *fix, const void *opaque))
{
    g_autofree char *path = g_strconcat("/backend_event/", name, NULL);

    g_test_add(path, testFixture, GINT_TO_POINTER(number), testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    testAdd("stopped", 0, testStopped);
    testAdd("job", 0, testJob);
    testAdd("removed", 0, testRemoved);
    testAdd("tuned", 0, testTuned);
    testAdd("qemu", 0, testQemu);
    testAdd("order", 0, testOrder);
    for (int i = 0; i < MONITOR; i++) {
        g_autofree char *name = g_strdup_printf("half-way/%d", i);

        testAdd(name, i, testHalfWay);
    }
    testAdd("no-monitor", 0, testNoMonitor);
    testAdd("freed", 0, testFreed);
    testAdd("freed-first", 0, testFreedFirst);
    testAdd("free-waits", 0, testFreeWaits);
    g_test_add_func("/backend_event/free-nothing", testFreeNothing);
    return g_test_run();
}
