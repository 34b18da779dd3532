/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_writeback-test.c: what may be written down, and that nobody waits for it */

#include "hydrate/hydrate_writeback.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void
testFile(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("writeback.XXXXXX", &path, NULL);
    hydrateWriteback *self = hydrateWritebackNew(path);

    g_assert_cmpint(fd, >=, 0);
    g_assert_nonnull(self);
    for (guint i = 0; i < 1000; i++) {
        g_assert_cmpint(write(fd, "x", 1), ==, 1);
        hydrateWritebackNote(self);
    }
    hydrateWritebackFree(self);
    close(fd);
    g_remove(path);
}

/* Its end does not wait until something is noted. */
static void
testUnused(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("writeback.XXXXXX", &path, NULL);
    gint64 began = g_get_monotonic_time();

    for (guint i = 0; i < 100; i++)
        hydrateWritebackFree(hydrateWritebackNew(path));
    g_assert_cmpint(g_get_monotonic_time() - began, <, 5 * G_USEC_PER_SEC);
    close(fd);
    g_remove(path);
}

/* What is no regular file is left to QEMU, and a FIFO does not block. */
static void
testOthers(void)
{
    g_autofree char *dir = g_dir_make_tmp("writeback.XXXXXX", NULL);
    g_autofree char *fifo = g_build_filename(dir, "fifo", NULL);

    g_assert_no_errno(mkfifo(fifo, 0600));
    g_assert_null(hydrateWritebackNew(NULL));
    g_assert_null(hydrateWritebackNew(dir));
    g_assert_null(hydrateWritebackNew(fifo));
    g_assert_null(hydrateWritebackNew("/dev/null"));
    g_assert_null(hydrateWritebackNew("/nowhere"));
    hydrateWritebackNote(NULL);
    hydrateWritebackFree(NULL);
    g_remove(fifo);
    g_rmdir(dir);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hydrate_writeback/file", testFile);
    g_test_add_func("/hydrate_writeback/unused", testUnused);
    g_test_add_func("/hydrate_writeback/others", testOthers);
    return g_test_run();
}
