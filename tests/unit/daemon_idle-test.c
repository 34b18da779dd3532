/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_idle-test.c: when a daemon leaves, and what keeps it */

#include "daemon/daemon_idle.h"

#include "remote/remote_instance.h"

typedef struct {
    GMainLoop *loop;
    daemonIdle *idle;
    int asked; /* how often it was about to leave */
    int busy;  /* how often that is refused */
    int lock;  /* held by somebody else until it has asked twice; -1: not held */
} fixture;

static bool
isBusy(void *opaque)
{
    fixture *fix = opaque;

    fix->asked++;
    if (fix->lock >= 0 && fix->asked == 2) {
        remoteInstanceUnlock(fix->lock);
        fix->lock = -1;
    }
    return fix->asked <= fix->busy;
}

static void
start(fixture *fix, unsigned int seconds)
{
    fix->loop = g_main_loop_new(NULL, FALSE);
    fix->lock = -1;
    fix->idle = daemonIdleNew(seconds, REMOTE_INSTANCE_SESSION, fix->loop, isBusy, fix);
}

/* What it took stays taken until the process ends: so each case has a process of its own. */
static void
stop(fixture *fix)
{
    daemonIdleFree(fix->idle);
    g_main_loop_unref(fix->loop);
}

static void
leaves(void)
{
    fixture fix = { 0 };

    start(&fix, 1);
    g_main_loop_run(fix.loop);
    g_assert_cmpint(fix.asked, ==, 1);
    g_assert_cmpint(remoteInstanceLock(REMOTE_INSTANCE_SESSION, false), <, 0);
    stop(&fix);
}

static void
busy(void)
{
    fixture fix = { .busy = 2 };

    start(&fix, 1);
    g_main_loop_run(fix.loop);
    g_assert_cmpint(fix.asked, ==, 3);
    stop(&fix);
}

static void
locked(void)
{
    fixture fix = { 0 };

    start(&fix, 1);
    fix.lock = remoteInstanceLock(REMOTE_INSTANCE_SESSION, false);
    g_assert_cmpint(fix.lock, >=, 0);
    g_main_loop_run(fix.loop);
    g_assert_cmpint(fix.asked, ==, 2);
    stop(&fix);
}

static gboolean
clientLeaves(void *opaque)
{
    fixture *fix = opaque;

    g_assert_cmpint(fix->asked, ==, 0);
    daemonIdleSetClients(0, fix->idle);
    return G_SOURCE_REMOVE;
}

static void
client(void)
{
    fixture fix = { 0 };

    start(&fix, 1);
    daemonIdleSetClients(1, fix.idle);
    daemonIdleRestart(fix.idle);
    g_timeout_add(2000, clientLeaves, &fix);
    g_main_loop_run(fix.loop);
    g_assert_cmpint(fix.asked, ==, 1);
    stop(&fix);
}

static gboolean
quit(void *opaque)
{
    g_main_loop_quit(opaque);
    return G_SOURCE_REMOVE;
}

static void
never(void)
{
    fixture fix = { 0 };

    start(&fix, 0);
    daemonIdleSetClients(1, fix.idle);
    daemonIdleSetClients(0, fix.idle);
    g_timeout_add(100, quit, fix.loop);
    g_main_loop_run(fix.loop);
    g_assert_cmpint(fix.asked, ==, 0);
    stop(&fix);
}

static void
run(gconstpointer opaque)
{
    if (g_test_subprocess()) {
        ((void (*)(void)) opaque)();
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
    g_test_trap_assert_passed();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
    g_test_add_data_func("/daemon_idle/leaves", leaves, run);
    g_test_add_data_func("/daemon_idle/busy", busy, run);
    g_test_add_data_func("/daemon_idle/locked", locked, run);
    g_test_add_data_func("/daemon_idle/client", client, run);
    g_test_add_data_func("/daemon_idle/never", never, run);
    return g_test_run();
}
