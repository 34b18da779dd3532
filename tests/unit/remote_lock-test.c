/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_lock-test.c: one holder at a time, threads of one process included */

#include "remote/remote_lock.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 50

static void
testNoWait(void)
{
    int first = remoteLockTake(TRUE, FALSE);

    g_assert_cmpint(first, >=, 0);
    g_assert_cmpint(remoteLockTake(TRUE, FALSE), ==, -1);
    g_assert_cmpint(errno, ==, EWOULDBLOCK);
    remoteLockRelease(first);
    first = remoteLockTake(TRUE, FALSE);
    g_assert_cmpint(first, >=, 0);
    remoteLockRelease(first);
}

/* A child that has the descriptor does not keep the lock. */
static void
testInherited(void)
{
    int first = remoteLockTake(TRUE, FALSE);
    int copy = dup(first);

    remoteLockRelease(first);
    first = remoteLockTake(TRUE, FALSE);
    g_assert_cmpint(first, >=, 0);
    remoteLockRelease(first);
    close(copy);
}

static int holders;
static int counter; /* not atomic: the lock protects it */

static void *
count(void *opaque)
{
    for (int i = 0; i < ROUNDS; i++) {
        int lock = remoteLockTake(TRUE, TRUE);

        g_assert_cmpint(lock, >=, 0);
        g_assert_cmpint(g_atomic_int_add(&holders, 1), ==, 0);
        counter++;
        g_atomic_int_add(&holders, -1);
        remoteLockRelease(lock);
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

    remoteLockRelease(remoteLockTake(TRUE, TRUE));
    g_assert_no_errno(g_rmdir(dir));
    g_assert_true(g_file_set_contents(dir, "", 0, NULL));
    g_assert_cmpint(remoteLockTake(TRUE, TRUE), ==, -1);
    g_assert_no_errno(g_unlink(dir));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
    g_test_add_func("/remote_lock/no-wait", testNoWait);
    g_test_add_func("/remote_lock/inherited", testInherited);
    g_test_add_func("/remote_lock/wait", testWait);
    g_test_add_func("/remote_lock/n_no-directory", testNoDirectory);
    return g_test_run();
}
