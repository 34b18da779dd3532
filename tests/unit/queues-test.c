/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* queues-test.c: order by key, keys that do not wait for one another, and the end */

#include "util/queues.h"

#include "util/lock.h"

typedef struct {
    queues *queues;
    GMutex lock;
    GCond cond;
    GString *done; /* one letter for each thing */
    int destroyed;
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
    fix->queues = queuesNew();
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    queuesFree(fix->queues);
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
testPush(testFixture *fix, const char *key, void (*func)(void *), char letter)
{
    testTask *task = g_new(testTask, 1);

    *task = (testTask) { .fix = fix, .letter = letter };
    queuesPush(fix->queues, key, func, task, testTaskFree);
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
    testPush(fix, "one", testGate, 0);
    for (int letter = 'a'; letter <= 'z'; letter++)
        testPush(fix, "one", testRun, letter);
    testOpen(fix);
    queuesDrain(fix->queues, testSoon());
    g_assert_cmpstr(fix->done->str, ==, "[]abcdefghijklmnopqrstuvwxyz");
    g_assert_cmpint(fix->destroyed, ==, 27);
}

/* What waits behind another of its key holds up no other key. */
static void
testKeys(testFixture *fix, const void *opaque)
{
    testPush(fix, "one", testGate, 0);
    testPush(fix, "one", testRun, 'a');
    testWaitDone(fix, "[");
    testPush(fix, "two", testRun, 'b');
    testWaitDone(fix, "[b");
    g_assert_true(queuesIsBusy(fix->queues, "one"));
    g_assert_false(queuesIsBusy(fix->queues, "three"));
    testOpen(fix);
    queuesDrain(fix->queues, testSoon());
    g_assert_cmpstr(fix->done->str, ==, "[b]a");
    g_assert_false(queuesIsBusy(fix->queues, "one"));
    g_assert_false(queuesIsBusy(fix->queues, "two"));
}

static void
testDrain(testFixture *fix, const void *opaque)
{
    queuesDrain(fix->queues, testSoon()); /* there is nothing */
    testPush(fix, "one", testGate, 0);
    queuesDrain(fix->queues, g_get_monotonic_time() + 1000);
    g_assert_true(queuesIsBusy(fix->queues, "one"));
    testOpen(fix);
}

static void *
testStopper(void *opaque)
{
    testFixture *fix = opaque;

    queuesStop(fix->queues);
    return NULL;
}

/* What runs is finished, what waits is not run, what comes later neither; all is destroyed. */
static void
testStop(testFixture *fix, const void *opaque)
{
    GThread *stopper;

    testPush(fix, "one", testGate, 0);
    testPush(fix, "one", testRun, 'a');
    testWaitDone(fix, "[");
    stopper = g_thread_new("stopper", testStopper, fix);
    while (g_atomic_int_get(&fix->destroyed) == 0) /* at once, when the stop has begun */
        testPush(fix, "one", testRun, 'b');
    testOpen(fix);
    g_thread_join(stopper);
    g_assert_cmpstr(fix->done->str, ==, "[]");
    g_assert_false(queuesIsBusy(fix->queues, "one"));

    fix->destroyed = 0;
    testPush(fix, "two", testRun, 'c');
    g_assert_cmpint(fix->destroyed, ==, 1);
    g_assert_cmpstr(fix->done->str, ==, "[]");
}

static void
testCount(void *opaque)
{
    g_atomic_int_inc((gint *) opaque);
}

/* More keys than there are threads, from several threads at once */
static void *
testPusher(void *opaque)
{
    testFixture *fix = opaque;

    for (int i = 0; i < 2000; i++) {
        g_autofree char *key = g_strdup_printf("%d", i % 40);

        queuesPush(fix->queues, key, testCount, &fix->destroyed, NULL);
    }
    return NULL;
}

static void
testMany(testFixture *fix, const void *opaque)
{
    GThread *pushers[4];

    for (guint i = 0; i < G_N_ELEMENTS(pushers); i++)
        pushers[i] = g_thread_new("pusher", testPusher, fix);
    for (guint i = 0; i < G_N_ELEMENTS(pushers); i++)
        g_thread_join(pushers[i]);
    queuesDrain(fix->queues, testSoon());
    g_assert_cmpint(fix->destroyed, ==, 8000);
}

static void
testFreeNothing(void)
{
    queuesFree(NULL);
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
    testAdd("/queues/order", testOrder);
    testAdd("/queues/keys", testKeys);
    testAdd("/queues/drain", testDrain);
    testAdd("/queues/stop", testStop);
    testAdd("/queues/many", testMany);
    g_test_add_func("/queues/free-nothing", testFreeNothing);
    return g_test_run();
}
