/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_state-test.c: every way from one state to another, and what is told on it */

#include "stream/stream_state.h"

#include <glib.h>

#define STATES (VIR_DOMAIN_STREAM_DISK_STATE_FAILED + 1)

/* A row for each state before, a column for each wanted one: the states that are passed, of which
 * one in capitals is told; "-": there is no way */
static const char *const testWays[STATES][STATES] = {
    /*              STARTING RUNNING STOPPING COMPLETED STOPPED FAILED */
    /* STARTING  */ { "-", "R", "-", "RC", "RS", "RF" },
    /* RUNNING   */ { "-", "-", "p", "C", "S", "F" },
    /* STOPPING  */ { "-", "r", "-", "C", "S", "F" },
    /* COMPLETED */ { "-", "-", "-", "-", "-", "-" },
    /* STOPPED   */ { "-", "-", "-", "-", "-", "-" },
    /* FAILED    */ { "-", "-", "-", "-", "-", "-" },
};

static void
testEveryWay(void)
{
    static const int events[STATES] = {
        [VIR_DOMAIN_STREAM_DISK_STATE_RUNNING] = VIR_DOMAIN_STREAM_DISK_EVENT_STARTED,
        [VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED] = VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED,
        [VIR_DOMAIN_STREAM_DISK_STATE_STOPPED] = VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED,
        [VIR_DOMAIN_STREAM_DISK_STATE_FAILED] = VIR_DOMAIN_STREAM_DISK_EVENT_FAILED,
    };

    for (int before = 0; before < STATES; before++) {
        for (int wanted = 0; wanted < STATES; wanted++) {
            virDomainStreamDiskStateType state = (virDomainStreamDiskStateType) before;
            g_autoptr(GString) way = g_string_new(NULL);
            int event;

            while (streamStateStep(&state, (virDomainStreamDiskStateType) wanted, &event)) {
                bool told = event != STREAM_STATE_NO_EVENT;

                g_string_append_c(way, (told ? "-RPCSF" : "-rpcsf")[state]);
                if (told)
                    g_assert_cmpint(event, ==, events[state]);
            }
            g_assert_cmpstr(way->len > 0 ? way->str : "-", ==, testWays[before][wanted]);
            g_assert_cmpint(state, ==,
                            g_str_equal(testWays[before][wanted], "-") ? before : wanted);
        }
    }
}

static void
testActive(void)
{
    for (int state = 0; state < STATES; state++)
        g_assert_cmpint(streamStateIsActive((virDomainStreamDiskStateType) state), ==,
                        state < VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream_state/every-way", testEveryWay);
    g_test_add_func("/stream_state/active", testActive);
    return g_test_run();
}
