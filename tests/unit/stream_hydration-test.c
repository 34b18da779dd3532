/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_hydration-test.c: every cell of the table, and what the picture says of it */

#include "stream/stream_hydration.h"

#include <glib.h>

#define IDLE STREAM_HYDRATION_IDLE
#define WORKING STREAM_HYDRATION_WORKING
#define RESTING STREAM_HYDRATION_RESTING
#define YIELDING STREAM_HYDRATION_YIELDING
#define DONE STREAM_HYDRATION_DONE
#define OFF STREAM_HYDRATION_OFF

#define BEGUN STREAM_HYDRATION_BEGUN
#define FAILED STREAM_HYDRATION_FAILED
#define REFUSED STREAM_HYDRATION_REFUSED
#define THROUGH STREAM_HYDRATION_THROUGH
#define STOPPED STREAM_HYDRATION_STOPPED
#define YIELDED STREAM_HYDRATION_YIELDED
#define GIVEN_BACK STREAM_HYDRATION_GIVEN_BACK
#define CUT STREAM_HYDRATION_CUT

/* All that changes something; the other cells do not. */
static const struct {
    streamHydrationState state;
    streamHydrationEvent event;
    streamHydrationState next;
} testChanges[] = {
    { IDLE, BEGUN, WORKING },   { IDLE, FAILED, RESTING },      { IDLE, REFUSED, OFF },
    { IDLE, CUT, OFF },         { WORKING, FAILED, RESTING },   { WORKING, REFUSED, OFF },
    { WORKING, THROUGH, DONE }, { WORKING, STOPPED, IDLE },     { WORKING, YIELDED, YIELDING },
    { WORKING, CUT, DONE },     { RESTING, BEGUN, WORKING },    { RESTING, REFUSED, OFF },
    { RESTING, CUT, OFF },      { YIELDING, STOPPED, RESTING }, { YIELDING, GIVEN_BACK, RESTING },
    { YIELDING, CUT, OFF },
};

static streamHydrationState
testExpect(streamHydrationState state, streamHydrationEvent event)
{
    for (gsize i = 0; i < G_N_ELEMENTS(testChanges); i++) {
        if (testChanges[i].state == state && testChanges[i].event == event)
            return testChanges[i].next;
    }
    return state;
}

static void
testTable(void)
{
    for (int state = 0; state < STREAM_HYDRATION_STATE_LAST; state++) {
        for (int event = 0; event < STREAM_HYDRATION_EVENT_LAST; event++)
            g_assert_cmpint(streamHydrationNext(state, event), ==, testExpect(state, event));
    }
}

/* Nothing leads out of DONE and OFF. */
static void
testForGood(void)
{
    for (int event = 0; event < STREAM_HYDRATION_EVENT_LAST; event++) {
        g_assert_cmpint(streamHydrationNext(DONE, event), ==, DONE);
        g_assert_cmpint(streamHydrationNext(OFF, event), ==, OFF);
    }
}

/* A job that ends, or that QEMU does not bear hydration of, is never hydrated after that. */
static void
testNeverAgain(void)
{
    for (int state = 0; state < STREAM_HYDRATION_STATE_LAST; state++) {
        g_assert_cmpint(streamHydrationNext(state, CUT), >=, DONE);
        g_assert_cmpint(streamHydrationNext(streamHydrationNext(state, CUT), BEGUN), !=, WORKING);
    }
    g_assert_cmpint(streamHydrationNext(streamHydrationNext(IDLE, REFUSED), BEGUN), ==, OFF);
}

/* Only who does nothing begins; and who yields has to give back first. */
static void
testBegins(void)
{
    for (int state = 0; state < STREAM_HYDRATION_STATE_LAST; state++)
        g_assert_cmpint(streamHydrationNext(state, BEGUN) == WORKING, ==,
                        state == IDLE || state == RESTING || state == WORKING);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream_hydration/table", testTable);
    g_test_add_func("/stream_hydration/for-good", testForGood);
    g_test_add_func("/stream_hydration/never-again", testNeverAgain);
    g_test_add_func("/stream_hydration/begins", testBegins);
    return g_test_run();
}
