/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* task_queue-test.c: order in a queue, queues that do not wait for one another, and the end */

#include "util/task_queue.h"

#include "util/lock.h"

typedef struct {
    taskQueuePool *pool;
    taskQueue *one;
    taskQueue *two;
    GMutex lock;
    GCond cond;
    GString *done; /* one letter for each thing */
    int destroyed;
    gint ran;  /* atomic */
    bool open; /* lets pass who waits at the gate */
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
    fix->pool = taskQueuePoolNew();
    fix->one = taskQueueNew(fix->pool);
    fix->two = taskQueueNew(fix->pool);
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    taskQueueFree(fix->one);
    taskQueueFree(fix->two);
    taskQueuePoolFree(fix->pool);
    g_string_free(fix->done, TRUE);
    g_mutex_clear(&fix->lock);
    g_cond_clear(&fix->cond);
}

static void
testDone(testFixture *fix, char letter)
{
    g_string_append_c(fix->done, letter);
    g_cond_broadcast(&fix->cond);
}

static void
testRun(void *opaque)
{
    testTask *task = opaque;
    LOCK_SCOPE(&task->fix->lock);

    testDone(task->fix, task->letter);
}

/* Does not go on before testOpen(). */
static void
testGate(void *opaque)
{
    testTask *task = opaque;
    LOCK_SCOPE(&task->fix->lock);

    testDone(task->fix, '[');
    while (!task->fix->open)
        g_cond_wait(&task->fix->cond, &task->fix->lock);
    testDone(task->fix, ']');
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
testPush(testFixture *fix, taskQueue *queue, void (*func)(void *), char letter)
{
    testTask *task = g_new(testTask, 1);

    *task = (testTask) { .fix = fix, .letter = letter };
    taskQueuePush(queue, func, task, testTaskFree);
}

static void
testWaitDone(testFixture *fix, const char *done)
{
    LOCK_SCOPE(&fix->lock);

    while (!g_str_equal(fix->done->str, done))
        g_cond_wait(&fix->cond, &fix->lock);
}

static void
testOpen(testFixture *fix)
{
    LOCK_SCOPE(&fix->lock);

    fix->open = true;
    g_cond_broadcast(&fix->cond);
}

static gint64
testSoon(void)
{
    return g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
}

static void
testOrder(testFixture *fix, const void *opaque)
{
    testPush(fix, fix->one, testGate, 0);
    for (int letter = 'a'; letter <= 'z'; letter++)
        testPush(fix, fix->one, testRun, (char) letter);
    testOpen(fix);
    taskQueuePoolDrain(fix->pool, testSoon());
    g_assert_cmpstr(fix->done->str, ==, "[]abcdefghijklmnopqrstuvwxyz");
    g_assert_cmpint(fix->destroyed, ==, 27);
}

/* What waits behind another in its queue holds up no other queue. */
static void
testQueues(testFixture *fix, const void *opaque)
{
    testPush(fix, fix->one, testGate, 0);
    testPush(fix, fix->one, testRun, 'a');
    testWaitDone(fix, "[");
    testPush(fix, fix->two, testRun, 'b');
    testWaitDone(fix, "[b");
    g_assert_true(taskQueueIsBusy(fix->one));
    testOpen(fix);
    taskQueuePoolDrain(fix->pool, testSoon());
    g_assert_cmpstr(fix->done->str, ==, "[b]a");
    g_assert_false(taskQueueIsBusy(fix->one));
    g_assert_false(taskQueueIsBusy(fix->two));
}

static void
testDrain(testFixture *fix, const void *opaque)
{
    taskQueuePoolDrain(fix->pool, testSoon()); /* there is nothing */
    testPush(fix, fix->one, testGate, 0);
    taskQueuePoolDrain(fix->pool, g_get_monotonic_time() + 1000);
    g_assert_true(taskQueueIsBusy(fix->one));
    testOpen(fix);
}

static void
testCountRun(void *opaque)
{
    testTask *task = opaque;

    g_atomic_int_inc(&task->fix->ran);
}

/* Whether a task has been destroyed that was not run */
static bool
testIsCanceling(testFixture *fix)
{
    LOCK_SCOPE(&fix->lock);

    return fix->destroyed > g_atomic_int_get(&fix->ran);
}

static void *
testCanceler(void *opaque)
{
    testFixture *fix = opaque;

    taskQueuePoolCancel(fix->pool);
    return NULL;
}

/* What runs is finished, what waits is not run; all is destroyed, and what comes later is run. */
static void
testCancel(testFixture *fix, const void *opaque)
{
    GThread *canceler;

    testPush(fix, fix->one, testGate, 0);
    testPush(fix, fix->one, testRun, 'a');
    testWaitDone(fix, "[");
    canceler = g_thread_new("canceler", testCanceler, fix);
    while (!testIsCanceling(fix))
        testPush(fix, fix->two, testCountRun, 0);
    testOpen(fix);
    g_thread_join(canceler);
    g_assert_cmpstr(fix->done->str, ==, "[]");
    g_assert_false(taskQueueIsBusy(fix->one));

    testPush(fix, fix->one, testRun, 'c');
    taskQueuePoolDrain(fix->pool, testSoon());
    g_assert_cmpstr(fix->done->str, ==, "[]c");
}

/* A queue whose owner has let go of it goes on until it is empty. */
static void
testFree(testFixture *fix, const void *opaque)
{
    taskQueue *queue = taskQueueNew(fix->pool);

    testPush(fix, queue, testGate, 0);
    testPush(fix, queue, testRun, 'a');
    testWaitDone(fix, "[");
    taskQueueFree(queue);
    testOpen(fix);
    taskQueuePoolDrain(fix->pool, testSoon());
    g_assert_cmpstr(fix->done->str, ==, "[]a");
}

static void
testCount(void *opaque)
{
    g_atomic_int_inc((gint *) opaque);
}

/* More queues than there are threads, from several threads at once */
typedef struct {
    taskQueue *queues[40];
    gint count;
} testCrowd;

static void *
testPusher(void *opaque)
{
    testCrowd *crowd = opaque;

    for (guint i = 0; i < 2000; i++)
        taskQueuePush(crowd->queues[i % G_N_ELEMENTS(crowd->queues)], testCount, &crowd->count,
                      NULL);
    return NULL;
}

static void
testMany(testFixture *fix, const void *opaque)
{
    testCrowd crowd = { .count = 0 };
    GThread *pushers[4];

    for (guint i = 0; i < G_N_ELEMENTS(crowd.queues); i++)
        crowd.queues[i] = taskQueueNew(fix->pool);
    for (guint i = 0; i < G_N_ELEMENTS(pushers); i++)
        pushers[i] = g_thread_new("pusher", testPusher, &crowd);
    for (guint i = 0; i < G_N_ELEMENTS(pushers); i++)
        g_thread_join(pushers[i]);
    taskQueuePoolDrain(fix->pool, testSoon());
    g_assert_cmpint(crowd.count, ==, 8000);
    for (guint i = 0; i < G_N_ELEMENTS(crowd.queues); i++)
        taskQueueFree(crowd.queues[i]);
}

static void
testFreeNothing(void)
{
    taskQueueFree(NULL);
    taskQueuePoolFree(NULL);
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
    testAdd("/task_queue/order", testOrder);
    testAdd("/task_queue/queues", testQueues);
    testAdd("/task_queue/drain", testDrain);
    testAdd("/task_queue/cancel", testCancel);
    testAdd("/task_queue/free", testFree);
    testAdd("/task_queue/many", testMany);
    g_test_add_func("/task_queue/free-nothing", testFreeNothing);
    return g_test_run();
}
