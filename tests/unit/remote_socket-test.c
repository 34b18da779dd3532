/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_socket-test.c: the four names */

#include "remote/remote_socket.h"

static void
assertPath(gboolean session, gboolean readonly, const char *expected)
{
    g_autofree char *path = remoteSocketPath(session, readonly);

    g_assert_cmpstr(path, ==, expected);
}

static void
testPaths(void)
{
    assertPath(FALSE, FALSE, "/run/libvirt/virtstreamd-sock");
    assertPath(FALSE, TRUE, "/run/libvirt/virtstreamd-sock-ro");
    assertPath(TRUE, FALSE, "/the/runtime/dir/libvirt/virtstreamd-sock");
    assertPath(TRUE, TRUE, "/the/runtime/dir/libvirt/virtstreamd-sock-ro");
}

int
main(int argc, char **argv)
{
    g_setenv("XDG_RUNTIME_DIR", "/the/runtime/dir", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remote_socket/paths", testPaths);
    return g_test_run();
}
