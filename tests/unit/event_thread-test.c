/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_thread-test.c: the order of what a loop is handed, its timers, and its end */

#include "util/event_thread.h"

#include "util/lock.h"

/* What the loop's thread did, for the test's thread to wait for */
typedef struct {
    eventThread *loop;
    GMutex lock;
    GCond cond;
    GString *done; /* one letter for each thing */
    int destroyed;
    GThread *thread; /* that did the last of them */
    gboolean open;   /* a gate lets the loop pass */
} testFixture;

typedef struct {
    testFixture *fix;
    char letter;
} testTask;

static void
testSetUp(testFixture *fix, const void *opaque)
{
    g_mutex_init(&fix->lock);
    g_cond_init(&fix->cond);
    fix->done = g_string_new(NULL);
    fix->loop = eventThreadNew("test");
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    eventThreadFree(fix->loop);
    g_string_free(fix->done, TRUE);
    g_mutex_clear(&fix->lock);
    g_cond_clear(&fix->cond);
}

static gboolean
testTaskRun(void *opaque)
{
    testTask *task = opaque;
    LOCK_SCOPE(&task->fix->lock);

    g_string_append_c(task->fix->done, task->letter);
    task->fix->thread = g_thread_self();
    g_cond_broadcast(&task->fix->cond);
    return G_SOURCE_CONTINUE; /* once only, all the same */
}

static void
testTaskFree(void *opaque)
{
    testTask *task = opaque;

    g_mutex_lock(&task->fix->lock);
    task->fix->destroyed++;
    g_cond_broadcast(&task->fix->cond);
    g_mutex_unlock(&task->fix->lock);
    g_free(task);
}

static void
testInvoke(testFixture *fix, char letter)
{
    testTask *task = g_new(testTask, 1);

    *task = (testTask) { .fix = fix, .letter = letter };
    eventThreadInvoke(fix->loop, testTaskRun, task, testTaskFree);
}

static void
testWaitFor(testFixture *fix, int destroyed)
{
    LOCK_SCOPE(&fix->lock);

    while (fix->destroyed < destroyed)
        g_cond_wait(&fix->cond, &fix->lock);
}

/* Holds the loop up until testOpenGate(). */
static gboolean
testGate(void *opaque)
{
    testFixture *fix = opaque;
    LOCK_SCOPE(&fix->lock);

    g_string_append_c(fix->done, '[');
    g_cond_broadcast(&fix->cond);
    while (!fix->open)
        g_cond_wait(&fix->cond, &fix->lock);
    g_string_append_c(fix->done, ']');
    return G_SOURCE_REMOVE;
}

static void
testCloseGate(testFixture *fix)
{
    eventThreadInvoke(fix->loop, testGate, fix, NULL);

    {
        LOCK_SCOPE(&fix->lock);

        while (fix->done->len == 0)
            g_cond_wait(&fix->cond, &fix->lock);
    }
}

static void
testOpenGate(testFixture *fix)
{
    LOCK_SCOPE(&fix->lock);

    fix->open = TRUE;
    g_cond_broadcast(&fix->cond);
}

static void
testOrder(testFixture *fix, const void *opaque)
{
    testCloseGate(fix);
    for (int letter = 'a'; letter <= 'z'; letter++)
        testInvoke(fix, letter);
    testOpenGate(fix);
    testWaitFor(fix, 26);
    g_assert_cmpstr(fix->done->str, ==, "[]abcdefghijklmnopqrstuvwxyz");
    g_assert_true(fix->thread != g_thread_self());
}

static void *
testStopper(void *opaque)
{
    testFixture *fix = opaque;

    eventThreadStop(fix->loop);
    return NULL;
}

/* What runs is finished, what waits is not run, what comes later neither; all is destroyed. */
static void
testStop(testFixture *fix, const void *opaque)
{
    GThread *stopper;

    testCloseGate(fix);
    testInvoke(fix, 'a');
    stopper = g_thread_new("stopper", testStopper, fix);
    while (fix->destroyed < 2) /* until the stop has begun: then it is destroyed at once */
        testInvoke(fix, 'b');
    testOpenGate(fix);
    g_thread_join(stopper);
    g_assert_cmpstr(fix->done->str, ==, "[]");

    fix->destroyed = 0;
    testInvoke(fix, 'c');
    g_assert_cmpint(fix->destroyed, ==, 1);
    eventThreadInvoke(fix->loop, testGate, fix, NULL);
    eventThreadStop(fix->loop);
    g_assert_cmpstr(fix->done->str, ==, "[]");
}

static gboolean
testTick(void *opaque)
{
    testFixture *fix = opaque;
    LOCK_SCOPE(&fix->lock);

    g_string_append_c(fix->done, 't');
    g_cond_broadcast(&fix->cond);
    return fix->done->len < 3 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
testTimer(testFixture *fix, const void *opaque)
{
    gint64 began = g_get_monotonic_time();
    g_autoptr(GSource) timer = eventThreadAddTimer(fix->loop, 5, testTick, fix);

    g_mutex_lock(&fix->lock);
    while (fix->done->len < 3)
        g_cond_wait(&fix->cond, &fix->lock);
    g_mutex_unlock(&fix->lock);
    g_assert_cmpint(g_get_monotonic_time() - began, >=, 15 * 1000);
    eventThreadStop(fix->loop);
    g_assert_true(g_source_is_destroyed(timer));
    g_assert_cmpstr(fix->done->str, ==, "ttt");
}

static void
testTimerDestroyed(testFixture *fix, const void *opaque)
{
    GSource *timer;

    testCloseGate(fix);
    timer = eventThreadAddTimer(fix->loop, 1, testTick, fix);
    g_usleep(5 * 1000); /* it is due */
    g_source_destroy(timer);
    g_source_unref(timer);
    testOpenGate(fix);
    testInvoke(fix, 'a');
    testWaitFor(fix, 1);
    g_assert_cmpstr(fix->done->str, ==, "[]a");
}

static gboolean
testDefaultContext(void *opaque)
{
    testFixture *fix = opaque;
    g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
    LOCK_SCOPE(&fix->lock);

    g_string_append_c(fix->done, context == g_main_context_default() ? 'n' : 'y');
    return G_SOURCE_REMOVE;
}

/* GLib's sources made in the thread stay in it. */
static void
testContext(testFixture *fix, const void *opaque)
{
    eventThreadInvoke(fix->loop, testDefaultContext, fix, NULL);
    testInvoke(fix, 'a');
    testWaitFor(fix, 1);
    g_assert_cmpstr(fix->done->str, ==, "ya");
}

static void
testFreeNothing(void)
{
    eventThreadFree(NULL);
}

static void
testAdd(const char *path, void (*func)(testFixture *, const void *))
{
    g_test_add(path, testFixture, NULL, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    testAdd("/loop/order", testOrder);
    testAdd("/loop/stop", testStop);
    testAdd("/loop/timer", testTimer);
    testAdd("/loop/timer-destroyed", testTimerDestroyed);
    testAdd("/loop/context", testContext);
    g_test_add_func("/loop/free-nothing", testFreeNothing);
    return g_test_run();
}
