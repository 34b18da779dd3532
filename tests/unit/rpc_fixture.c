/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_fixture.c: binds two sockets and lends the default main context to a thread */

#include "rpc_fixture.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>

static int
rpcFixtureListen(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_no_errno(fd);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_no_errno(bind(fd, (struct sockaddr *) &addr, sizeof(addr)));
    g_assert_no_errno(listen(fd, 100));
    return fd;
}

static void
rpcFixtureClients(unsigned int nclients, void *opaque)
{
    rpcFixture *fix = opaque;

    g_mutex_lock(&fix->lock);
    fix->clients = nclients;
    g_cond_broadcast(&fix->cond);
    g_mutex_unlock(&fix->lock);
}

static void *
rpcFixtureRun(void *opaque)
{
    rpcFixture *fix = opaque;

    g_main_loop_run(fix->loop);
    g_clear_pointer(&fix->server, rpcServerFree);
    return NULL;
}

void
rpcFixtureStart(rpcFixture *fix)
{
    const rpcServerCallbacks callbacks = { .accept = fix->accept, .clients = rpcFixtureClients };

    if (!fix->dir)
        fix->dir = g_dir_make_tmp("streamdisk-XXXXXX", NULL);
    if (!fix->limits.maxClients)
        fix->limits.maxClients = 100;
    if (!fix->limits.maxReadonlyClients)
        fix->limits.maxReadonlyClients = 100;
    if (!fix->limits.maxWorkers)
        fix->limits.maxWorkers = 10;
    if (!fix->limits.session.maxRequests)
        fix->limits.session.maxRequests = 5;
    fix->path = g_build_filename(fix->dir, "virtstreamd-sock", NULL);
    fix->readonlyPath = g_build_filename(fix->dir, "virtstreamd-sock-ro", NULL);

    fix->server = rpcServerNew(&fix->limits, &callbacks, fix);
    rpcServerAddProgram(fix->server, fix->program);
    rpcServerListen(fix->server, rpcFixtureListen(fix->path), FALSE);
    rpcServerListen(fix->server, rpcFixtureListen(fix->readonlyPath), TRUE);
    fix->loop = g_main_loop_new(NULL, FALSE);
    fix->thread = g_thread_new("server", rpcFixtureRun, fix);
}

static gboolean
rpcFixtureQuitLoop(void *opaque)
{
    g_main_loop_quit(opaque);
    return G_SOURCE_REMOVE;
}

void
rpcFixtureQuit(rpcFixture *fix)
{
    /* not g_main_loop_quit() itself: the thread may not have come to run the loop */
    if (!fix->quitting)
        g_idle_add(rpcFixtureQuitLoop, fix->loop);
    fix->quitting = TRUE;
}

void
rpcFixtureStop(rpcFixture *fix)
{
    rpcFixtureQuit(fix);
    g_thread_join(fix->thread);
    g_main_loop_unref(fix->loop);
    g_unlink(fix->path);
    g_unlink(fix->readonlyPath);
    g_rmdir(fix->dir);
    g_free(fix->path);
    g_free(fix->readonlyPath);
    g_free(fix->dir);
    *fix = (rpcFixture) { 0 };
}

void
rpcFixtureWaitForClients(rpcFixture *fix, unsigned int count)
{
    g_mutex_lock(&fix->lock);
    while (fix->clients != count)
        g_cond_wait(&fix->cond, &fix->lock);
    g_mutex_unlock(&fix->lock);
}
