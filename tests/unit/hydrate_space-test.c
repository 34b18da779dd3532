/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_space-test.c: what may be asked of the file system that the test runs on */

#include "hydrate/hydrate_space.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "expect.h"

#define MORE_THAN_THERE_IS (1ULL << 62)

static void
testFile(void)
{
    g_autofree char *image = NULL;
    int fd = g_file_open_tmp(NULL, &image, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_cmpint(hydrateSpaceCheck(image, MORE_THAN_THERE_IS), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "almost full");
    g_unlink(image);
}

static void
testUnknown(void)
{
    g_assert_cmpint(hydrateSpaceCheck(NULL, MORE_THAN_THERE_IS), ==, 0);
    g_assert_cmpint(hydrateSpaceCheck("/nowhere/image", MORE_THAN_THERE_IS), ==, 0);
    g_assert_cmpint(hydrateSpaceCheck("/dev/null", MORE_THAN_THERE_IS), ==, 0);
    g_assert_cmpint(hydrateSpaceCheck("/", MORE_THAN_THERE_IS), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hydrate_space/file", testFile);
    g_test_add_func("/hydrate_space/unknown", testUnknown);
    return g_test_run();
}
