/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_listener-test.c: clients that are accepted, and one for whom there is no descriptor */

#include "rpc/rpc_listener.h"

#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire.h"

typedef struct {
    char *dir;
    char *path;
    rpcListener *listener;
    int accepted;
} fixture;

static void
onClient(rpcTransport *transport, bool readonly, void *opaque)
{
    fixture *fix = opaque;

    g_assert_true(readonly);
    fix->accepted++;
    rpcTransportClose(transport);
}

static void
setUp(fixture *fix, gconstpointer opaque)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_no_errno(fd);
    fix->dir = g_dir_make_tmp("streamdisk-XXXXXX", NULL);
    fix->path = g_build_filename(fix->dir, "sock", NULL);
    g_strlcpy(addr.sun_path, fix->path, sizeof(addr.sun_path));
    g_assert_no_errno(bind(fd, (struct sockaddr *) &addr, sizeof(addr)));
    g_assert_no_errno(listen(fd, 10));
    fix->listener = rpcListenerNew(fd, TRUE, onClient, fix);
}

static void
tearDown(fixture *fix, gconstpointer opaque)
{
    rpcListenerFree(fix->listener);
    g_unlink(fix->path);
    g_rmdir(fix->dir);
    g_free(fix->path);
    g_free(fix->dir);
}

static void
settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
testAccept(fixture *fix, gconstpointer opaque)
{
    int fds[] = { wireConnect(fix->path), wireConnect(fix->path) };

    settle();
    g_assert_cmpint(fix->accepted, ==, 2);
    close(fds[0]);
    close(fds[1]);
}

static void
testNoDescriptor(fixture *fix, gconstpointer opaque)
{
    int turnedAway = wireConnect(fix->path);
    struct rlimit before, none;
    int later;

    g_assert_no_errno(getrlimit(RLIMIT_NOFILE, &before));
    none = before;
    none.rlim_cur = turnedAway + 1;
    g_assert_no_errno(setrlimit(RLIMIT_NOFILE, &none));
    settle();
    g_assert_no_errno(setrlimit(RLIMIT_NOFILE, &before));
    g_assert_cmpint(fix->accepted, ==, 0);
    wireExpectClosed(turnedAway);
    close(turnedAway);

    later = wireConnect(fix->path);
    settle();
    g_assert_cmpint(fix->accepted, ==, 1);
    close(later);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/rpc_listener/accept", fixture, NULL, setUp, testAccept, tearDown);
    g_test_add("/rpc_listener/n_no-descriptor", fixture, NULL, setUp, testNoDescriptor, tearDown);
    return g_test_run();
}
