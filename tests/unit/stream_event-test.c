/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_event-test.c: listeners of a driver that only counts, in libvirt's own event loop */

#include "event_fixture.h"

#include "event_loop.h"
#include "expect.h"

/* A listener, and what it was told */
typedef struct {
    int id;
    GString *heard; /* "0 vda, 1 vda" */
    int destroyed;
    void (*then)(int event, void *opaque); /* what it does when called, if anything */
    void *opaque;
} testListener;

static void
testHear(int event, const streamRecord *entry, void *opaque)
{
    testListener *listener = opaque;

    g_assert_cmpint(listener->destroyed, ==, 0);
    g_string_append_printf(listener->heard, "%s%d %s", listener->heard->len > 0 ? ", " : "", event,
                           entry->disk);
    if (listener->then)
        listener->then(event, listener->opaque);
}

static void
testDestroy(void *opaque)
{
    ((testListener *) opaque)->destroyed++;
}

static testListener *
testListen(eventFixturePriv *priv)
{
    testListener *listener = g_new0(testListener, 1);
    driverConn via = { .driver = &eventFixtureDriver, .priv = priv };

    listener->heard = g_string_new(NULL);
    listener->id = streamEventListen(&via, testHear, listener, testDestroy);
    g_assert_cmpint(listener->id, >, 0);
    g_assert_null(via.driver);
    return listener;
}

/* After it has stopped to listen; once and no more was it destroyed. */
static void
testListenerFree(testListener *listener)
{
    streamEventUnlisten(listener->id);
    eventLoopRun();
    g_assert_cmpint(listener->destroyed, ==, 1);
    g_string_free(listener->heard, TRUE);
    g_free(listener);
}

static void
testOrder(eventFixture *fix, const void *opaque)
{
    testListener *listener = testListen(&fix->priv);

    g_assert_cmpint(fix->priv.subscribed, ==, 1);
    eventFixturePublish(fix, 0);
    streamEventPublish(&fix->priv, 1, streamRecordNew(fix->dom, "vdb"));
    eventFixturePublish(fix, 2);
    g_assert_cmpstr(listener->heard->str, ==, ""); /* only in the loop */
    eventLoopRun();
    g_assert_cmpstr(listener->heard->str, ==, "0 vda, 1 vdb, 2 vda");

    g_assert_cmpint(fix->priv.closed, ==, 0);
    testListenerFree(listener);
    g_assert_cmpint(fix->priv.closed, ==, 1);
}

static void
testTwo(eventFixture *fix, const void *opaque)
{
    eventFixturePriv another = { 0 };
    testListener *first = testListen(&fix->priv);
    testListener *second = testListen(&fix->priv);
    testListener *elsewhere = testListen(&another);

    g_assert_cmpint(first->id, !=, second->id);
    g_assert_cmpint(fix->priv.subscribed, ==, 2);
    eventFixturePublish(fix, 0);
    eventLoopRun();
    g_assert_cmpstr(first->heard->str, ==, "0 vda");
    g_assert_cmpstr(second->heard->str, ==, "0 vda");
    g_assert_cmpstr(elsewhere->heard->str, ==, "");

    testListenerFree(first);
    g_assert_cmpint(fix->priv.subscribed, ==, 1);
    eventFixturePublish(fix, 1);
    eventLoopRun();
    g_assert_cmpstr(second->heard->str, ==, "0 vda, 1 vda");
    testListenerFree(second);
    testListenerFree(elsewhere);
    g_assert_cmpint(another.closed, ==, 1);
}

static void
testThenUnlisten(int event, void *opaque)
{
    testListener *listener = opaque;

    streamEventUnlisten(listener->id);
}

static void
testUnlistenItself(eventFixture *fix, const void *opaque)
{
    testListener *first = testListen(&fix->priv);
    testListener *second = testListen(&fix->priv);

    first->then = testThenUnlisten;
    first->opaque = first;
    eventFixturePublish(fix, 0);
    eventFixturePublish(fix, 1);
    eventLoopRun();
    g_assert_cmpstr(first->heard->str, ==, "0 vda");
    g_assert_cmpint(first->destroyed, ==, 1);
    g_assert_cmpstr(second->heard->str, ==, "0 vda, 1 vda");
    testListenerFree(first);
    testListenerFree(second);
}

/* The second of two is removed by the first while both are being told. */
static void
testUnlistenNext(eventFixture *fix, const void *opaque)
{
    testListener *first = testListen(&fix->priv);
    testListener *second = testListen(&fix->priv);

    first->then = testThenUnlisten;
    first->opaque = second;
    eventFixturePublish(fix, 0);
    eventLoopRun();
    g_assert_cmpstr(second->heard->str, ==, "");
    g_assert_cmpint(second->destroyed, ==, 1);
    testListenerFree(first);
    testListenerFree(second);
}

/* The last one removes itself: what is queued is dropped with it. */
static void
testUnlistenLast(eventFixture *fix, const void *opaque)
{
    testListener *listener = testListen(&fix->priv);
    testListener *later;

    eventFixturePublish(fix, 0);
    streamEventUnlisten(listener->id);
    eventFixturePublish(fix, 1); /* nobody listens */
    later = testListen(&fix->priv);
    eventLoopRun();
    g_assert_cmpstr(listener->heard->str, ==, "");
    g_assert_cmpstr(later->heard->str, ==, "");
    eventFixturePublish(fix, 2);
    eventLoopRun();
    g_assert_cmpstr(later->heard->str, ==, "2 vda");
    testListenerFree(listener);
    testListenerFree(later);
}

typedef struct {
    eventFixturePriv *priv;
    testListener *made;
} testWithin;

static void
testThenListen(int event, void *opaque)
{
    testWithin *within = opaque;

    if (!within->made)
        within->made = testListen(within->priv);
}

static void
testListenWithin(eventFixture *fix, const void *opaque)
{
    testListener *first = testListen(&fix->priv);
    testWithin within = { .priv = &fix->priv };

    first->then = testThenListen;
    first->opaque = &within;
    eventFixturePublish(fix, 0);
    eventLoopRun();
    eventFixturePublish(fix, 1);
    eventLoopRun();
    g_assert_cmpstr(first->heard->str, ==, "0 vda, 1 vda");
    g_assert_nonnull(within.made);
    g_assert_cmpstr(within.made->heard->str, ==, "1 vda");
    testListenerFree(first);
    testListenerFree(within.made);
}

static void
testRefused(eventFixture *fix, const void *opaque)
{
    testListener listener = { 0 };
    driverConn via = { .driver = &eventFixtureDriver, .priv = &fix->priv };

    fix->priv.refuses = true;
    g_assert_cmpint(streamEventListen(&via, testHear, &listener, testDestroy), ==, -1);
    expectError(VIR_ERR_OPERATION_DENIED, "no events today");
    g_assert_true(via.driver == &eventFixtureDriver);
    g_assert_true(via.priv == &fix->priv);
    eventFixturePublish(fix, 0);
    eventLoopRun();
    g_assert_cmpint(listener.destroyed, ==, 0);
    g_assert_cmpint(fix->priv.closed, ==, 0);
}

static int
testCountFds(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    int count = 0;

    while (g_dir_read_name(dir))
        count++;
    return count;
}

static void
testFds(eventFixture *fix, const void *opaque)
{
    driverConn via = { .driver = &eventFixtureDriver, .priv = &fix->priv };
    int before;

    eventLoopRun();
    before = testCountFds();
    for (int i = 0; i < 10; i++) {
        testListener *first = testListen(&fix->priv);
        testListener *second = testListen(&fix->priv);

        g_assert_cmpint(testCountFds(), ==, before + 1);
        testListenerFree(first);
        testListenerFree(second);
        fix->priv.refuses = true;
        g_assert_cmpint(streamEventListen(&via, testHear, NULL, NULL), ==, -1);
        fix->priv.refuses = false;
        eventLoopRun();
        g_assert_cmpint(testCountFds(), ==, before);
    }
}

#define THREADS 4
#define EVENTS 1000

static void *
testPublisher(void *opaque)
{
    eventFixture *fix = opaque;

    for (int i = 0; i < EVENTS; i++)
        eventFixturePublish(fix, i);
    return NULL;
}

/* Every thread's events come in its order: each number THREADS times, none before all that
 * are lower came as often at least. */
static void
testThreads(eventFixture *fix, const void *opaque)
{
    testListener *listener = testListen(&fix->priv);
    GThread *threads[THREADS];
    g_auto(GStrv) heard = NULL;
    int times[EVENTS] = { 0 };

    for (int i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("publisher", testPublisher, fix);
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    eventLoopRun();

    heard = g_strsplit(listener->heard->str, ", ", -1);
    g_assert_cmpuint(g_strv_length(heard), ==, THREADS * EVENTS);
    for (char **one = heard; *one; one++) {
        int event = (int) g_ascii_strtoll(*one, NULL, 10);

        times[event]++;
        g_assert_true(event == 0 || times[event] <= times[event - 1]);
    }
    testListenerFree(listener);
}

typedef struct {
    eventFixture *fix;
    eventFixturePriv priv;
    gint running; /* atomic */
    gint heard;   /* atomic */
} testRace;

static void
testRaceHear(int event, const streamRecord *entry, void *opaque)
{
    testRace *race = opaque;

    g_atomic_int_inc(&race->heard);
}

/* Listens, alone or beside the other, and each time waits for an event of its own. */
static void *
testRaceRun(void *opaque)
{
    testRace *race = opaque;

    for (int i = 0; i < 2000; i++) {
        driverConn via = { .driver = &eventFixtureDriver, .priv = &race->priv };
        int id = streamEventListen(&via, testRaceHear, race, NULL);
        gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

        g_assert_cmpint(id, >, 0);
        g_atomic_int_set(&race->heard, 0);
        streamEventPublish(&race->priv, 0, streamRecordNew(race->fix->dom, "vda"));
        while (g_atomic_int_get(&race->heard) == 0) {
            g_assert_cmpint(g_get_monotonic_time(), <, deadline);
            g_thread_yield();
        }
        streamEventUnlisten(id);
    }
    g_atomic_int_set(&race->running, 0);
    return NULL;
}

/* The last leaves while the first comes: whoever listens hears. */
static void
testComeAndGo(eventFixture *fix, const void *opaque)
{
    testRace races[] = { { fix, .running = 1 }, { fix, .running = 1 } };
    GThread *first;
    GThread *second;

#ifdef __SANITIZE_THREAD__
    g_test_skip("the sanitizer does not see the lock of GLib's main context");
    return;
#endif
    first = g_thread_new("first", testRaceRun, &races[0]);
    second = g_thread_new("second", testRaceRun, &races[1]);
    while (g_atomic_int_get(&races[0].running) || g_atomic_int_get(&races[1].running))
        eventLoopRun();
    g_thread_join(first);
    g_thread_join(second);
}

/* Run by testNoLoop in a process of its own, without fixture */
static void
testNoLoopWithin(void)
{
    eventFixturePriv priv = { 0 };
    driverConn via = { .driver = &eventFixtureDriver, .priv = &priv };

    g_assert_cmpint(streamEventListen(&via, testHear, NULL, NULL), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID,
                "stream events need an event loop: call "
                "virEventRegisterDefaultImpl before opening the connection");
    g_assert_true(via.driver == &eventFixtureDriver);
    g_assert_cmpint(priv.subscribed, ==, 0);
    streamEventPublish(&priv, 0, g_new0(streamRecord, 1));
}

static void
testNoLoop(void)
{
    if (g_test_subprocess()) {
        testNoLoopWithin();
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
    g_test_trap_assert_passed();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    eventFixtureAdd("/stream_event/order", testOrder);
    eventFixtureAdd("/stream_event/two", testTwo);
    eventFixtureAdd("/stream_event/unlisten-itself", testUnlistenItself);
    eventFixtureAdd("/stream_event/unlisten-next", testUnlistenNext);
    eventFixtureAdd("/stream_event/unlisten-last", testUnlistenLast);
    eventFixtureAdd("/stream_event/listen-within", testListenWithin);
    eventFixtureAdd("/stream_event/refused", testRefused);
    eventFixtureAdd("/stream_event/fds", testFds);
    eventFixtureAdd("/stream_event/threads", testThreads);
    eventFixtureAdd("/stream_event/come-and-go", testComeAndGo);
    g_test_add_func("/stream_event/no-loop", testNoLoop);
    return g_test_run();
}
