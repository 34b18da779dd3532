/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_worker-test.c: hydrates images that QEMU's own NBD server exports */

#include "hydrate/hydrate_worker.h"

#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"
#include "storage_fixture.h"
#include "util/lock.h"

#define MIB (1024 * 1024ULL)
#define ALL G_MAXUINT32 /* deepest */

/* What is asked of a guest's writes, and what was told of the end */
typedef struct {
    GMutex lock; /* protects all */
    GCond changed;
    bool ended;
    bool near;
    char *error;
    guint asked;
} testEnd;

static bool
testGuest(streamGuestStats *figures, void *opaque)
{
    testEnd *end = opaque;
    LOCK_SCOPE(&end->lock);

    end->asked++;
    *figures = (streamGuestStats) {
        .requests = end->asked * 100,
        .writes = end->asked * 100,
        .writeNs = end->asked * 100 * 1000000,
    };
    return true;
}

static void
testNear(void *opaque)
{
    testEnd *end = opaque;
    LOCK_SCOPE(&end->lock);

    g_assert_false(end->near);
    end->near = true;
    g_cond_broadcast(&end->changed);
}

static void
testTailDone(bool late, void *opaque)
{
    g_assert_true(late);
    testNear(opaque);
}

static void
testEnded(const char *error, void *opaque)
{
    testEnd *end = opaque;
    LOCK_SCOPE(&end->lock);

    g_assert_false(end->ended);
    end->ended = true;
    end->error = g_strdup(error);
    g_cond_broadcast(&end->changed);
}

static void
testWait(testEnd *end)
{
    LOCK_SCOPE(&end->lock);

    while (!end->ended)
        g_cond_wait(&end->changed, &end->lock);
}

static void
testEndClear(testEnd *end)
{
    g_assert_true(end->ended);
    g_free(end->error);
    g_mutex_clear(&end->lock);
    g_cond_clear(&end->changed);
}

static hydrateWorker *
testBegin(int fd, testEnd *end, guint32 deepest, guint64 bandwidth)
{
    const hydrateWorkerConfig config = {
        .fd = fd,
        .name = STORAGE_FIXTURE_EXPORT,
        .deepest = deepest,
        .order = hydrateOrderWalk(),
        .settings.bandwidth = bandwidth,
        .guest = testGuest,
        .ended = testEnded,
        .opaque = end,
    };

    return hydrateWorkerNew(&config);
}

/* Hydrates to the end; returns what it copied. */
static guint64
testHydrate(storageFixture *fix, guint32 deepest, guint64 bandwidth, const char *error)
{
    testEnd end = { 0 };
    hydrateWorker *worker = testBegin(storageFixtureConnect(fix), &end, deepest, bandwidth);
    streamHydrationStats figures;

    g_assert_nonnull(worker);
    testWait(&end);
    figures = hydrateWorkerGetStats(worker);
    hydrateWorkerFree(worker);
    g_assert_cmpstr(end.error, ==, error);
    testEndClear(&end);
    g_assert_cmpuint(figures.pulled, ==, 0);
    if (!error) {
        g_assert_cmpuint(figures.left, ==, 0);
        g_assert_true(figures.exact);
        g_assert_cmpuint(figures.inFlight, ==, 0);
    }
    return figures.copied;
}

#define assertDepths(fix, expected) \
    do { \
        g_autofree char *depths_ = storageFixtureDepths(fix); \
        g_assert_cmpstr(depths_, ==, (expected)); \
    } while (0)

typedef struct {
    const char *name;
    guint32 deepest;
    const char *before; /* STORAGE_FIXTURE_UNIT each */
    const char *after;
    guint64 copied;      /* units */
    const char *patches; /* see storageFixtureMake() */
} testLayout;

#define PATCHES \
    "write -P 200 1000k 4k\nwrite -P 201 2046k 4k\nwrite -z 3100k 512\nwrite -P 202 5000000 1\n"

static const testLayout testLayouts[] = {
    { "all", ALL, "1230z3312", "111011111", 6 },
    { "deepest-3", 3, "1230z3312", "111011111", 6 },
    { "deepest-2", 2, "1230z3312",
      "1130333"
      "11",
      2 },
    { "deepest-1", 1, "1230z3312",
      "1230333"
      "12",
      0 },
    { "deepest-0", 0, "1230z3312",
      "1230333"
      "12",
      0 },
    { "nothing", ALL, "0", "0", 0 },
    { "local", ALL, "1", "1", 0 },
    { "zeroes", ALL, "zzz", "111", 3 },
    { "patched", ALL, "2323232", "1111111", 0, PATCHES },
    { "patched-deepest", 2, "2222222", "1111111", 0, PATCHES },
};

static void
testCopies(const void *opaque)
{
    const testLayout *layout = opaque;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    storageFixture fix;
    guint64 copied;

    storageFixtureMake(&fix, layout->before, layout->patches ? layout->patches : "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    before = storageFixtureSum(&fix);
    copied = testHydrate(&fix, layout->deepest, 0, NULL);
    if (!layout->patches)
        g_assert_cmpuint(copied, ==, layout->copied * STORAGE_FIXTURE_UNIT);
    assertDepths(&fix, layout->after);
    after = storageFixtureSum(&fix);
    g_assert_cmpstr(before, ==, after);

    /* once more, and there is nothing to do */
    g_assert_cmpuint(testHydrate(&fix, layout->deepest, 0, NULL), ==, 0);
    storageFixtureClear(&fix);
}

/* More than one window, and both walks */
static void
testBig(void)
{
    g_autoptr(GString) layout = g_string_new(NULL);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    storageFixture fix;

    for (guint i = 0; i < 20; i++)
        g_string_append(layout, "123z0z0zz23");
    storageFixtureMake(&fix, layout->str, "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    before = storageFixtureSum(&fix);
    g_assert_cmpuint(testHydrate(&fix, ALL, 0, NULL), ==, 20 * 8 * STORAGE_FIXTURE_UNIT);
    after = storageFixtureSum(&fix);
    g_assert_cmpstr(before, ==, after);
    storageFixtureClear(&fix);
}

/* A limit holds, but for what one range and the bucket have in advance; another one counts. */
static void
testBandwidth(void)
{
    storageFixture fix;
    const streamSettings unlimited = { 0 };
    testEnd end = { 0 };
    gint64 began;
    hydrateWorker *worker;

    storageFixtureMake(&fix, "2323", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    began = g_get_monotonic_time();
    g_assert_cmpuint(testHydrate(&fix, 2, 2 * MIB, NULL), ==, 2 * MIB);
    g_assert_cmpint(g_get_monotonic_time() - began, >, 600000);
    assertDepths(&fix, "1313");

    began = g_get_monotonic_time();
    worker = testBegin(storageFixtureConnect(&fix), &end, ALL, 1);
    g_assert_nonnull(worker);
    hydrateWorkerSet(worker, &unlimited);
    testWait(&end);
    hydrateWorkerFree(worker);
    g_assert_null(end.error);
    testEndClear(&end);
    assertDepths(&fix, "1111");
    storageFixtureClear(&fix);
}

/* What the job has passed over is left to it, and counted as its work. */
static void
testPosition(void)
{
    const streamSettings unlimited = { 0 };
    g_autofree char *depths = NULL;
    storageFixture fix;
    testEnd end = { 0 };
    hydrateWorker *worker;
    streamHydrationStats figures;

    storageFixtureMake(&fix, "2222", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    worker = testBegin(storageFixtureConnect(&fix), &end, ALL, 1); /* it copies one range */
    g_assert_nonnull(worker);
    figures = hydrateWorkerGetStats(worker);
    g_assert_cmpuint(figures.copied + figures.left, ==, 4 * MIB);
    hydrateWorkerSetPosition(worker, 2 * MIB);
    hydrateWorkerSet(worker, &unlimited);
    testWait(&end);
    figures = hydrateWorkerGetStats(worker);
    hydrateWorkerFree(worker);
    g_assert_null(end.error);
    testEndClear(&end);
    g_assert_cmpuint(figures.copied + figures.pulled, ==, 4 * MIB);
    g_assert_cmpuint(figures.pulled, >, MIB);
    g_assert_cmpuint(figures.left, ==, 0);
    depths = storageFixtureDepths(&fix);
    g_assert_true(g_str_has_suffix(depths, "211"));
    storageFixtureClear(&fix);
}

static hydrateWorker *
testBeginNear(storageFixture *fix, testEnd *end, guint64 bandwidth)
{
    const hydrateWorkerConfig config = {
        .fd = storageFixtureConnect(fix),
        .name = STORAGE_FIXTURE_EXPORT,
        .deepest = ALL,
        .order = hydrateOrderWalk(),
        .settings.bandwidth = bandwidth,
        .nearEnd = testNear,
        .ended = testEnded,
        .opaque = end,
    };

    return hydrateWorkerNew(&config);
}

static void
testWaitNear(testEnd *end)
{
    LOCK_SCOPE(&end->lock);

    while (!end->near)
        g_cond_wait(&end->changed, &end->lock);
}

/* Near the end something is kept back until it may end; at the end all is flushed: a server that is
 * killed then loses nothing. @opaque: the layout */
static void
testNearEnd(const void *opaque)
{
    storageFixture fix;
    testEnd end = { 0 };
    hydrateWorker *worker;
    streamHydrationStats figures;

    storageFixtureMake(&fix, opaque, "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    worker = testBeginNear(&fix, &end, 0);
    g_assert_nonnull(worker);
    testWaitNear(&end);
    hydrateWorkerFlush(worker, 10 * G_USEC_PER_SEC); /* and nothing more is begun */
    hydrateWorkerLetEnd(worker);
    figures = hydrateWorkerGetStats(worker);
    g_assert_cmpuint(figures.flushed, ==, figures.copied);
    if (strpbrk(opaque, "23z"))
        g_assert_cmpuint(figures.left, >, 0);
    hydrateWorkerFree(worker);
    testEndClear(&end);

    end = (testEnd) { 0 };
    worker = testBeginNear(&fix, &end, 0);
    testWaitNear(&end);
    g_assert_false(end.ended);
    hydrateWorkerLetEnd(worker);
    testWait(&end);
    figures = hydrateWorkerGetStats(worker);
    g_assert_null(end.error);
    g_assert_cmpuint(figures.left, ==, 0);
    g_assert_cmpuint(figures.flushed, ==, figures.copied);
    hydrateWorkerFree(worker);
    testEndClear(&end);

    storageFixtureKill(&fix);
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    assertDepths(&fix, "1111");
    storageFixtureClear(&fix);
}

/* What is flushed when it is told to ends well before what is left, and is safe. */
static void
testFlush(void)
{
    g_autofree char *depths = NULL;
    storageFixture fix;
    testEnd end = { 0 };
    hydrateWorker *worker;
    streamHydrationStats figures;

    storageFixtureMake(&fix, "2222", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    worker = testBeginNear(&fix, &end, 1); /* it copies one range, the bucket's */
    g_assert_nonnull(worker);
    do
        figures = hydrateWorkerGetStats(worker);
    while (figures.copied == 0);
    hydrateWorkerFlush(worker, 10 * G_USEC_PER_SEC);
    figures = hydrateWorkerGetStats(worker);
    g_assert_cmpuint(figures.flushed, ==, figures.copied);
    g_assert_cmpuint(figures.left, >, 0);
    storageFixtureKill(&fix);
    testWait(&end);
    hydrateWorkerFlush(worker, 10 * G_USEC_PER_SEC); /* it has ended: nothing to wait for */
    hydrateWorkerFree(worker);
    testEndClear(&end);
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    depths = storageFixtureDepths(&fix);
    g_assert_true(strpbrk(depths, "1?"));
    storageFixtureClear(&fix);
}

/* An order of the test's: half a unit each time; it writes down what it was asked for */
static bool
testOrderWindow(void *state, hydrateMap *map, guint64 *offset, guint64 *len)
{
    if (!hydrateMapNextWindow(map, offset, len))
        return false;
    g_string_append_printf(state, "ask %.1f, ", (double) *len / STORAGE_FIXTURE_UNIT);
    return true;
}

static bool
testOrderRange(void *state, hydrateMap *map, guint64 max, guint64 *offset, guint64 *len)
{
    if (!hydrateMapNextRange(map, STORAGE_FIXTURE_UNIT / 2, offset, len))
        return false;
    g_string_append_printf(state, "%.1f, ", (double) *offset / STORAGE_FIXTURE_UNIT);
    return true;
}

/* What is asked and copied is what the order says. */
static void
testOrder(void)
{
    storageFixture fix;
    testEnd end = { 0 };
    g_autoptr(GString) told = g_string_new(NULL);
    hydrateWorkerConfig config = {
        .name = STORAGE_FIXTURE_EXPORT,
        .deepest = ALL,
        .order = { testOrderWindow, testOrderRange, told },
        .ended = testEnded,
        .opaque = &end,
    };
    hydrateWorker *worker;

    storageFixtureMake(&fix, "2123", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    config.fd = storageFixtureConnect(&fix);
    worker = hydrateWorkerNew(&config);
    g_assert_nonnull(worker);
    testWait(&end);
    hydrateWorkerFree(worker);
    g_assert_null(end.error);
    testEndClear(&end);
    g_assert_cmpstr(told->str, ==, "ask 4.0, 0.0, 0.5, 2.0, 2.5, 3.0, 3.5, ");
    assertDepths(&fix, "1111");
    storageFixtureClear(&fix);
}

/* Beyond the end of the image below, all is zeroes before any data is copied, whatever the limit. */
static void
testTail(void)
{
    storageFixture fix;
    testEnd end = { 0 };
    hydrateWorkerConfig config = {
        .name = STORAGE_FIXTURE_EXPORT,
        .deepest = ALL,
        .order = hydrateOrderWalk(),
        .settings.bandwidth = 1,
        .tail = 3 * MIB,
        .tailDone = testTailDone,
        .ended = testEnded,
        .opaque = &end,
    };
    g_autofree char *depths = NULL;
    hydrateWorker *worker;

    storageFixtureMake(&fix, "222010", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    config.fd = storageFixtureConnect(&fix);
    worker = hydrateWorkerNew(&config);
    g_assert_nonnull(worker);
    testWaitNear(&end);
    hydrateWorkerFree(worker);
    testEndClear(&end);
    depths = storageFixtureDepths(&fix);
    g_assert_true(g_str_has_suffix(depths, "111"));
    storageFixtureClear(&fix);
}

/* Whoever stops it: the end is told once, says so, and comes at once. */
static void
testStopped(const void *opaque)
{
    gboolean before = opaque != NULL;
    storageFixture fix;
    testEnd end = { 0 };
    gint64 began;
    hydrateWorker *worker;

    storageFixtureMake(&fix, "2222", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    worker = testBegin(storageFixtureConnect(&fix), &end, ALL, 1);
    g_assert_nonnull(worker);
    began = g_get_monotonic_time();
    if (before) {
        hydrateWorkerStop(worker);
        testWait(&end);
        hydrateWorkerStop(worker);
    }
    hydrateWorkerFree(worker);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 2 * G_USEC_PER_SEC);
    g_assert_cmpstr(end.error, ==, "stopped");
    testEndClear(&end);
    storageFixtureClear(&fix);
}

static void
testServerDies(void)
{
    storageFixture fix;
    testEnd end = { 0 };
    hydrateWorker *worker;

    storageFixtureMake(&fix, "2222", "");
    storageFixtureStart(&fix, STORAGE_FIXTURE_TEMPLATE, TRUE);
    worker = testBegin(storageFixtureConnect(&fix), &end, ALL, MIB);
    g_assert_nonnull(worker);
    storageFixtureKill(&fix);
    testWait(&end);
    hydrateWorkerFree(worker);
    g_assert_nonnull(end.error);
    g_assert_cmpstr(end.error, !=, "stopped");
    testEndClear(&end);
    storageFixtureClear(&fix);
}

/* The first request that fails is the end; what was copied is sound. */
static void
testRequestFails(void)
{
    storageFixture fix;
    g_autofree char *depths = NULL;

    storageFixtureMake(&fix, "233333", "");
    storageFixtureStart(&fix,
                        "driver=blkdebug,inject-error.0.event=none,"
                        "inject-error.0.iotype=read,inject-error.0.sector=8000,"
                        "image.driver=file,image.filename=template",
                        TRUE);
    testHydrate(&fix, ALL, 0, "copying: Input/output error");
    depths = storageFixtureDepths(&fix);
    g_assert_nonnull(strpbrk(depths, "3?"));
    storageFixtureClear(&fix);
}

/* The socket is taken over all the same. */
static void
testNoServer(void)
{
    testEnd end = { 0 };
    int fds[2];
    char byte;

    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    g_assert_no_errno(shutdown(fds[1], SHUT_WR));
    g_assert_null(testBegin(fds[0], &end, ALL, 0));
    expectError(VIR_ERR_OPERATION_FAILED, "export '" STORAGE_FIXTURE_EXPORT "': ");
    g_assert_cmpint(recv(fds[1], &byte, 1, 0), ==, 0);
    close(fds[1]);
    hydrateWorkerFree(NULL);
}

static guint
testCountFds(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (g_dir_read_name(dir))
        count++;
    return count;
}

/* A round of all that can happen leaves no descriptor open. */
static void
testDescriptors(void)
{
    guint before;

    testStopped(NULL); /* GLib opens some of its own the first time */
    before = testCountFds();
    testCopies(&testLayouts[0]);
    testStopped(NULL);
    testServerDies();
    testRequestFails();
    testNoServer();
    g_assert_cmpuint(testCountFds(), ==, before);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(testLayouts); i++) {
        g_autofree char *path = g_strconcat("/hydrate_worker/copies/", testLayouts[i].name, NULL);

        g_test_add_data_func(path, &testLayouts[i], testCopies);
    }
    g_test_add_func("/hydrate_worker/big", testBig);
    g_test_add_func("/hydrate_worker/bandwidth", testBandwidth);
    g_test_add_func("/hydrate_worker/position", testPosition);
    g_test_add_data_func("/hydrate_worker/stopped/freed", NULL, testStopped);
    g_test_add_data_func("/hydrate_worker/stopped/before", "", testStopped);
    g_test_add_data_func("/hydrate_worker/near-end/data", "2232", testNearEnd);
    g_test_add_data_func("/hydrate_worker/near-end/zeroes", "zzzz", testNearEnd);
    g_test_add_data_func("/hydrate_worker/near-end/nothing", "1111", testNearEnd);
    g_test_add_func("/hydrate_worker/flush", testFlush);
    g_test_add_func("/hydrate_worker/order", testOrder);
    g_test_add_func("/hydrate_worker/tail", testTail);
    g_test_add_func("/hydrate_worker/server-dies", testServerDies);
    g_test_add_func("/hydrate_worker/request-fails", testRequestFails);
    g_test_add_func("/hydrate_worker/no-server", testNoServer);
    g_test_add_func("/hydrate_worker/descriptors", testDescriptors);
    return g_test_run();
}
