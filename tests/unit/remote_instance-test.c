/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_instance-test.c: the four names; one holder at a time, threads of one process included */

#include "remote/remote_instance.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 50

static void
assertPath(remoteInstance instance, bool readonly, const char *expected)
{
    g_autofree char *path = remoteInstanceGetSocket(instance, readonly);

    g_assert_cmpstr(path, ==, expected);
}

static void
testPaths(void)
{
    const char *dir = g_get_user_runtime_dir();
    g_autofree char *usual = g_build_filename(dir, "libvirt", "virtstreamd-sock", NULL);
    g_autofree char *readonly = g_build_filename(dir, "libvirt", "virtstreamd-sock-ro", NULL);

    assertPath(REMOTE_INSTANCE_SYSTEM, false, "/run/libvirt/virtstreamd-sock");
    assertPath(REMOTE_INSTANCE_SYSTEM, true, "/run/libvirt/virtstreamd-sock-ro");
    assertPath(REMOTE_INSTANCE_SESSION, false, usual);
    assertPath(REMOTE_INSTANCE_SESSION, true, readonly);
}

static void
testNoWait(void)
{
    int first = remoteInstanceLock(REMOTE_INSTANCE_SESSION, false);

    g_assert_cmpint(first, >=, 0);
    g_assert_cmpint(remoteInstanceLock(REMOTE_INSTANCE_SESSION, false), ==, -1);
    g_assert_cmpint(errno, ==, EWOULDBLOCK);
    remoteInstanceUnlock(first);
    first = remoteInstanceLock(REMOTE_INSTANCE_SESSION, false);
    g_assert_cmpint(first, >=, 0);
    remoteInstanceUnlock(first);
}

/* A child that has the descriptor does not keep the lock. */
static void
testInherited(void)
{
    int first = remoteInstanceLock(REMOTE_INSTANCE_SESSION, false);
    int copy = dup(first);

    remoteInstanceUnlock(first);
    first = remoteInstanceLock(REMOTE_INSTANCE_SESSION, false);
    g_assert_cmpint(first, >=, 0);
    remoteInstanceUnlock(first);
    close(copy);
}

static int holders;
static int counter; /* not atomic: the lock protects it */

static void *
count(void *opaque)
{
    for (int i = 0; i < ROUNDS; i++) {
        int lock = remoteInstanceLock(REMOTE_INSTANCE_SESSION, true);

        g_assert_cmpint(lock, >=, 0);
        g_assert_cmpint(g_atomic_int_add(&holders, 1), ==, 0);
        counter++;
        g_atomic_int_add(&holders, -1);
        remoteInstanceUnlock(lock);
    }
    return NULL;
}

static void
testWait(void)
{
    GThread *threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("holder", count, NULL);
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(counter, ==, THREADS * ROUNDS);
}

/* Where no directory can be made */
static void
testNoDirectory(void)
{
    g_autofree char *dir = g_build_filename(g_get_user_runtime_dir(), "libvirt", NULL);

    remoteInstanceUnlock(remoteInstanceLock(REMOTE_INSTANCE_SESSION, true));
    g_assert_no_errno(g_rmdir(dir));
    g_assert_true(g_file_set_contents(dir, "", 0, NULL));
    g_assert_cmpint(remoteInstanceLock(REMOTE_INSTANCE_SESSION, true), ==, -1);
    g_assert_no_errno(g_unlink(dir));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
    g_test_add_func("/remote_instance/paths", testPaths);
    g_test_add_func("/remote_instance/no-wait", testNoWait);
    g_test_add_func("/remote_instance/inherited", testInherited);
    g_test_add_func("/remote_instance/wait", testWait);
    g_test_add_func("/remote_instance/n_no-directory", testNoDirectory);
    return g_test_run();
}
