/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_governor-test.c: a source and a guest that are made up, one interval after the other */

#include "hydrate/hydrate_governor.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define INTERVALS_PER_SECOND (1000.0 / HYDRATE_GOVERNOR_INTERVAL)
#define NS_PER_MS 1000000ULL

static const streamGuestLatency testUsual;
static const streamGuestLatency testNone = { .fast = true };
static const streamGuestLatency testTwice = { .factor = 2 };

typedef struct {
    double delay;       /* seconds that a request takes at least */
    double bandwidth;   /* bytes per second that the source, or the disk, has */
    guint64 writes;     /* of the guest, in an interval */
    double calmMs;      /* of a write, undisturbed */
    guint64 disturbing; /* bytes in flight from which on a write takes 20 times as long */
} testWorld;

static guint64
testInFlight(const hydrateGovernor *governor)
{
    return hydrateGovernorRequests(governor) * hydrateGovernorSize(governor);
}

static bool
testIsDisturbed(const testWorld *world, const hydrateGovernor *governor)
{
    return world->disturbing > 0 && testInFlight(governor) >= world->disturbing;
}

static hydrateGovernorSample
testMeasure(const testWorld *world, const hydrateGovernor *governor)
{
    double inFlight = (double) testInFlight(governor);
    double ms = world->calmMs * (testIsDisturbed(world, governor) ? 20 : 1);

    return (hydrateGovernorSample) {
        .copied = (guint64) (inFlight / (world->delay + inFlight / world->bandwidth)),
        .requests = world->writes,
        .writes = world->writes,
        .writeNs = (guint64) ((double) world->writes * ms * (double) NS_PER_MS),
    };
}

/* Lets time pass; returns the share of intervals in which the guest was disturbed. */
static double
testPass(hydrateGovernor *governor, const testWorld *world, guint seconds)
{
    guint intervals = (guint) (seconds * INTERVALS_PER_SECOND);
    guint disturbed = 0;

    for (guint i = 0; i < intervals; i++) {
        hydrateGovernorSample sample = testMeasure(world, governor);

        disturbed += testIsDisturbed(world, governor);
        hydrateGovernorStep(governor, &sample);
    }
    return (double) disturbed / intervals;
}

/* The share of what the source can give that is used now */
static double
testUse(const hydrateGovernor *governor, const testWorld *world)
{
    return (double) testMeasure(world, governor).copied / world->bandwidth;
}

/* It begins small, and finds what a source needs within seconds, whatever its delay. */
static void
testClimbs(void)
{
    static const double delays[] = { 0.0001, 0.001, 0.01, 0.04 };

    for (gsize i = 0; i < G_N_ELEMENTS(delays); i++) {
        testWorld world = { .delay = delays[i], .bandwidth = 125e6 };
        hydrateGovernor governor;

        hydrateGovernorInit(&governor, &testUsual);
        g_assert_cmpuint(testInFlight(&governor), <=, 256 * KIB);
        testPass(&governor, &world, 4);
        g_assert_cmpfloat(testUse(&governor, &world), >, 0.7);
    }
}

/* More than pays is not asked for, now and then a try apart. */
static void
testStays(void)
{
    testWorld world = { .delay = 0, .bandwidth = 100e6 };
    hydrateGovernor governor;
    guint64 before;

    hydrateGovernorInit(&governor, &testUsual);
    before = testInFlight(&governor);
    for (guint second = 0; second < 60; second++) {
        testPass(&governor, &world, 1);
        g_assert_cmpuint(testInFlight(&governor), <=, 2 * before);
    }
}

/* A source that becomes better is found to be so. */
static void
testTriesAgain(void)
{
    testWorld world = { .delay = 0, .bandwidth = 10e6 };
    hydrateGovernor governor;

    hydrateGovernorInit(&governor, &testUsual);
    testPass(&governor, &world, 60);
    world = (testWorld) { .delay = 0.01, .bandwidth = 500e6 };
    testPass(&governor, &world, 20);
    g_assert_cmpfloat(testUse(&governor, &world), >, 0.7);
}

/* The guest's writes suffer: half of the level at once, then again up and down, but most of
 * the time below; when they do not suffer any more, all the way up. */
static void
testGuestFirst(void)
{
    testWorld world = { .delay = 0.04, .bandwidth = 1e9, .writes = 100, .calmMs = 0.6 };
    hydrateGovernor governor;
    guint64 before;

    hydrateGovernorInit(&governor, &testTwice);
    testPass(&governor, &world, 10);
    before = testInFlight(&governor);
    g_assert_cmpuint(before, >=, 16 * MIB);

    world.disturbing = MIB;
    testPass(&governor, &world, 1);
    g_assert_cmpuint(testInFlight(&governor), <=, before / 8);
    testPass(&governor, &world, 5);
    g_assert_cmpfloat(testPass(&governor, &world, 60), <, 0.25);

    world.disturbing = 0;
    testPass(&governor, &world, 20);
    g_assert_cmpuint(testInFlight(&governor), ==, before);
}

/* What disturbs at any level leaves it at the lowest, which goes on working. */
static void
testWorst(void)
{
    testWorld world = { .delay = 0.01, .bandwidth = 1e9, .writes = 100, .calmMs = 0.6 };
    hydrateGovernor governor;

    hydrateGovernorInit(&governor, &testUsual);
    testPass(&governor, &world, 1);
    world.disturbing = 1;
    testPass(&governor, &world, 3);
    g_assert_cmpuint(testInFlight(&governor), ==, 64 * KIB);
}

/* While the guest is busy, little more than twice a stock pull is in flight, however little its
 * writes suffer, but what a distant source needs to give something; as soon as it is idle, all
 * the way up, and down at once when it wakes. */
static void
testBusyGuest(void)
{
    static const struct {
        double delay;
        guint64 most;
    } sources[] = {
        { 0.0001, 10 * 128 * KIB }, { 0.01, 10 * 128 * KIB }, { 0.04, 4 * MIB }, { 0.1, 8 * MIB }
    };

    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        testWorld world = {
            .delay = sources[i].delay, .bandwidth = 1e9, .writes = 100, .calmMs = 0.6
        };
        hydrateGovernor governor;

        hydrateGovernorInit(&governor, &testUsual);
        testPass(&governor, &world, 60);
        g_assert_cmpuint(testInFlight(&governor), ==, sources[i].most);
        world.writes = 0;
        testPass(&governor, &world, 20);
        g_assert_cmpuint(testInFlight(&governor), >=, sources[i].most);
        world.writes = 100;
        testPass(&governor, &world, 10);
        g_assert_cmpuint(testInFlight(&governor), ==, sources[i].most);
    }
}

/* A busy guest gets them one after the other; an idle one, and one with fast, as they come. */
static void
testSpacing(void)
{
    testWorld world = { .delay = 0.01, .bandwidth = 1e9, .writes = 100, .calmMs = 0.6 };
    hydrateGovernor governor;

    hydrateGovernorInit(&governor, &testUsual);
    g_assert_cmpint(hydrateGovernorSpacing(&governor, 10000), ==, 0);
    testPass(&governor, &world, 10);
    g_assert_cmpint(hydrateGovernorSpacing(&governor, 10000), ==, 750);
    hydrateGovernorSetGuestLatency(&governor, &testNone);
    g_assert_cmpint(hydrateGovernorSpacing(&governor, 10000), ==, 0);
    hydrateGovernorSetGuestLatency(&governor, &testUsual);
    world.writes = 0;
    testPass(&governor, &world, 1);
    g_assert_cmpint(hydrateGovernorSpacing(&governor, 10000), ==, 0);
}

/* Who allows the guest a latency gets no other limit; and may do so meanwhile. */
static void
testGuestLatency(void)
{
    testWorld world = { .delay = 0.04, .bandwidth = 1e9, .writes = 100, .calmMs = 0.6 };
    const streamGuestLatency strict = { .maxNs = NS_PER_MS / 2 };
    const streamGuestLatency lenient = { .maxNs = NS_PER_MS };
    hydrateGovernor governor;

    hydrateGovernorInit(&governor, &lenient);
    testPass(&governor, &world, 10);
    g_assert_cmpuint(testInFlight(&governor), >=, 16 * MIB);
    hydrateGovernorSetGuestLatency(&governor, &strict);
    testPass(&governor, &world, 2);
    g_assert_cmpuint(testInFlight(&governor), ==, 64 * KIB);
    hydrateGovernorSetGuestLatency(&governor, &testTwice);
    testPass(&governor, &world, 10);
    g_assert_cmpuint(testInFlight(&governor), >=, 16 * MIB);
    hydrateGovernorSetGuestLatency(&governor, &testUsual);
    testPass(&governor, &world, 1);
    g_assert_cmpuint(testInFlight(&governor), <=, 4 * MIB);
}

/* Writes that are always slow do not hurt. */
static void
testSlowGuest(void)
{
    testWorld calm = { .delay = 0.04, .bandwidth = 1e9 };
    testWorld slow = calm;
    hydrateGovernor governors[2];

    slow.writes = 100;
    slow.calmMs = 30;
    for (guint i = 0; i < 2; i++) {
        hydrateGovernorInit(&governors[i], &testTwice);
        testPass(&governors[i], i == 0 ? &calm : &slow, 20);
    }
    g_assert_cmpuint(testInFlight(&governors[0]), ==, testInFlight(&governors[1]));
}

/* The mean of quick writes is not steady: by default a little longer does not hurt. */
static void
testGrace(void)
{
    testWorld world = { .delay = 0.04, .bandwidth = 1e9, .writes = 100, .calmMs = 0.01 };
    hydrateGovernor governor;

    hydrateGovernorInit(&governor, &testUsual);
    world.disturbing = 256 * KIB; /* 0.2 ms then */
    testPass(&governor, &world, 10);
    g_assert_cmpuint(testInFlight(&governor), >=, MIB);
}

/* A few writes tell nothing, be they as slow as they may. */
static void
testIdleGuest(void)
{
    testWorld world = { .delay = 0.04, .bandwidth = 1e9, .writes = 100, .calmMs = 0.6 };
    hydrateGovernor governor;
    guint64 before;

    hydrateGovernorInit(&governor, &testTwice);
    testPass(&governor, &world, 10);
    before = testInFlight(&governor);
    world.writes = 2;
    world.calmMs = 500;
    testPass(&governor, &world, 10);
    g_assert_cmpuint(testInFlight(&governor), ==, before);
}

/* With fast it begins higher, and never yields. */
static void
testFast(void)
{
    testWorld world = { .delay = 0.04, .bandwidth = 1e9, .writes = 100, .calmMs = 0.6 };
    hydrateGovernor governor;
    guint64 before;

    hydrateGovernorInit(&governor, &testNone);
    g_assert_cmpuint(testInFlight(&governor), >=, 4 * MIB);
    testPass(&governor, &world, 10);
    before = testInFlight(&governor);
    world.disturbing = 1;
    testPass(&governor, &world, 10);
    g_assert_cmpuint(testInFlight(&governor), ==, before);
}

/* Whatever is measured, what QEMU takes is not left. */
static void
testBounds(void)
{
    static const guint64 values[] = {
        0, 1, 3, 4, 100, MIB, 100 * MIB, G_MAXUINT64 / 2, G_MAXUINT64
    };
    hydrateGovernor governor;

    for (guint i = 0; i < 100000; i++) {
        const hydrateGovernorSample sample = {
            .copied = values[g_test_rand_int_range(0, G_N_ELEMENTS(values))],
            .requests = values[g_test_rand_int_range(0, G_N_ELEMENTS(values))],
            .writes = values[g_test_rand_int_range(0, G_N_ELEMENTS(values))],
            .writeNs = values[g_test_rand_int_range(0, G_N_ELEMENTS(values))],
        };

        if (i % 1000 == 0)
            hydrateGovernorInit(&governor, i % 3000 == 0   ? &testNone
                                           : i % 2000 == 0 ? &testTwice
                                                           : &testUsual);
        hydrateGovernorStep(&governor, &sample);
        g_assert_cmpuint(hydrateGovernorRequests(&governor), >=, 1);
        g_assert_cmpuint(hydrateGovernorRequests(&governor), <=, 16);
        g_assert_cmpuint(hydrateGovernorSize(&governor), >=, 64 * KIB);
        g_assert_cmpuint(hydrateGovernorSize(&governor), <=, 4 * MIB);
    }
}

/* What nobody looked at is as it was: a busy guest stays busy, and is not said to suffer. */
static void
testUnseen(void)
{
    const testWorld world = { .delay = 0.01, .bandwidth = 125e6, .writes = 50, .calmMs = 1 };
    hydrateGovernor governor;
    hydrateGovernorSample sample;

    hydrateGovernorInit(&governor, &testUsual);
    testPass(&governor, &world, 10);
    g_assert_true(governor.busy);
    sample = testMeasure(&world, &governor);
    sample.requests = sample.writes = sample.writeNs = 0;
    sample.unseen = true;
    hydrateGovernorStep(&governor, &sample);
    g_assert_true(governor.busy);
    g_assert_cmpfloat(governor.nowNs, ==, (double) NS_PER_MS);
    sample.unseen = false;
    hydrateGovernorStep(&governor, &sample);
    g_assert_false(governor.busy);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hydrate_governor/climbs", testClimbs);
    g_test_add_func("/hydrate_governor/stays", testStays);
    g_test_add_func("/hydrate_governor/tries-again", testTriesAgain);
    g_test_add_func("/hydrate_governor/guest-first", testGuestFirst);
    g_test_add_func("/hydrate_governor/worst", testWorst);
    g_test_add_func("/hydrate_governor/busy-guest", testBusyGuest);
    g_test_add_func("/hydrate_governor/spacing", testSpacing);
    g_test_add_func("/hydrate_governor/guest-latency", testGuestLatency);
    g_test_add_func("/hydrate_governor/slow-guest", testSlowGuest);
    g_test_add_func("/hydrate_governor/grace", testGrace);
    g_test_add_func("/hydrate_governor/idle-guest", testIdleGuest);
    g_test_add_func("/hydrate_governor/fast", testFast);
    g_test_add_func("/hydrate_governor/bounds", testBounds);
    g_test_add_func("/hydrate_governor/unseen", testUnseen);
    return g_test_run();
}
