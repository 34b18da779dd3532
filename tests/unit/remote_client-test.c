/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_client-test.c: daemons that are there, that come when needed, and that leave */

#include "remote/remote_client.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "remote_fixture.h"
#include "stream/stream_event.h"
#include "util/error.h"

#define CALLERS 8
#define LEAVERS 3

/* Of the session's sockets, and the socket itself */
static char *dir;
static char *path;

static struct {
    GMutex lock;
    GCond cond;
    GSList *privs; /* the connections that were lost */
} lost;

void
streamEventLost(void *priv)
{
    g_mutex_lock(&lost.lock);
    lost.privs = g_slist_prepend(lost.privs, priv);
    g_cond_signal(&lost.cond);
    g_mutex_unlock(&lost.lock);
}

void
streamEventPublish(void *priv, int event, streamRecord *entry)
{
    streamRecordFree(entry);
}

static void
prepare(remoteFixture *daemon)
{
    *daemon = (remoteFixture) { 0 };
    g_assert_no_errno(g_mkdir_with_parents(dir, 0755));
    daemon->server.dir = g_strdup(dir);
}

/* Ends the daemon, and with it the process's connection. */
static void
finish(remoteFixture *daemon, rpcClient *client)
{
    remoteFixtureStop(daemon);
    g_mutex_lock(&lost.lock);
    while (!g_slist_find(lost.privs, client))
        g_cond_wait(&lost.cond, &lost.lock);
    g_clear_pointer(&lost.privs, g_slist_free);
    g_mutex_unlock(&lost.lock);
    rpcClientUnref(client);
}

static void
testShared(void)
{
    rpcClient *first = NULL, *second = NULL;
    remoteFixture daemon;

    prepare(&daemon);
    remoteFixtureStart(&daemon);
    g_assert_cmpint(remoteClientOpen(REMOTE_INSTANCE_SESSION, &first), ==, 1);
    g_assert_cmpint(remoteClientOpen(REMOTE_INSTANCE_SESSION, &second), ==, 1);
    g_assert_true(first == second);
    rpcClientUnref(second);
    finish(&daemon, first);
}

static int
listenAnew(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_no_errno(fd);
    g_unlink(path);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_no_errno(bind(fd, (struct sockaddr *) &addr, sizeof(addr)));
    g_assert_no_errno(listen(fd, 1));
    return fd;
}

typedef struct {
    int fd; /* of the first daemon */
    remoteFixture *last;
} leaving;

/* Each daemon leaves when somebody has come, and the next is there already. */
static void *
leave(void *opaque)
{
    leaving *daemons = opaque;
    int fd = daemons->fd;

    for (int i = 1; i <= LEAVERS; i++) {
        struct pollfd somebody = { .fd = fd, .events = POLLIN };

        g_assert_cmpint(poll(&somebody, 1, -1), ==, 1);
        if (i < LEAVERS) {
            fd = listenAnew();
        } else {
            g_unlink(path);
            remoteFixtureStart(daemons->last);
        }
        close(somebody.fd);
    }
    return NULL;
}

static void
testLeaving(void)
{
    remoteFixture daemon;
    leaving daemons = { .last = &daemon };
    rpcClient *client = NULL;
    GThread *thread;

    prepare(&daemon);
    daemons.fd = listenAnew();
    thread = g_thread_new("daemons", leave, &daemons);
    virResetLastError();
    g_assert_cmpint(remoteClientOpen(REMOTE_INSTANCE_SESSION, &client), ==, 1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
    g_thread_join(thread);
    finish(&daemon, client);
}

/* The program that is started asks for the daemon and waits until it is there. Nobody answers
 * a second one, and the test would not end. */
typedef struct {
    remoteFixture daemon;
    char *program;
    char *asks, *waits; /* FIFOs, whose opening waits for the other end */
} starting;

static void
prepareStart(starting *fix, const char *script)
{
    g_autoptr(GString) text = g_string_new("#!/bin/sh\n");

    prepare(&fix->daemon);
    fix->program = g_build_filename(dir, "program", NULL);
    fix->asks = g_build_filename(dir, "asks", NULL);
    fix->waits = g_build_filename(dir, "waits", NULL);
    g_assert_no_errno(mkfifo(fix->asks, 0600));
    g_assert_no_errno(mkfifo(fix->waits, 0600));
    g_string_append(text, script);
    g_string_replace(text, "ASKS", fix->asks, 0);
    g_string_replace(text, "WAITS", fix->waits, 0);
    g_assert_true(g_file_set_contents(fix->program, text->str, -1, NULL));
    g_assert_no_errno(g_chmod(fix->program, 0700));
    g_setenv("VIRTSTREAMD_PATH", fix->program, TRUE);
    g_setenv("LIBVIRT_AUTOSTART", "1", TRUE);
}

static void
finishStart(starting *fix)
{
    g_setenv("LIBVIRT_AUTOSTART", "0", TRUE);
    g_assert_no_errno(g_unlink(fix->program));
    g_assert_no_errno(g_unlink(fix->asks));
    g_assert_no_errno(g_unlink(fix->waits));
    g_free(fix->program);
    g_free(fix->asks);
    g_free(fix->waits);
}

static void *
startDaemon(void *opaque)
{
    starting *fix = opaque;

    close(open(fix->asks, O_RDONLY));
    remoteFixtureStart(&fix->daemon);
    close(open(fix->waits, O_WRONLY));
    return NULL;
}

static void *
openClient(void *opaque)
{
    rpcClient *client = NULL;

    g_assert_cmpint(remoteClientOpen(REMOTE_INSTANCE_SESSION, &client), ==, 1);
    rpcClientUnref(client);
    return NULL;
}

/* Of many first callers one starts the daemon, and it serves all. */
static void
testStart(void)
{
    GThread *callers[CALLERS], *starter;
    rpcClient *client = NULL;
    starting fix;

    prepareStart(&fix, ": > ASKS; : < WAITS");
    starter = g_thread_new("starter", startDaemon, &fix);
    for (int i = 0; i < CALLERS; i++)
        callers[i] = g_thread_new("caller", openClient, NULL);
    for (int i = 0; i < CALLERS; i++)
        g_thread_join(callers[i]);
    g_thread_join(starter);

    g_assert_cmpint(remoteClientOpen(REMOTE_INSTANCE_SESSION, &client), ==, 1);
    finishStart(&fix);
    finish(&fix.daemon, client);
}

/* It cannot be started: there is none, and no error. */
static void
testNone(void)
{
    rpcClient *client = NULL;
    starting fix;

    prepareStart(&fix, "echo no >&2; exit 1");
    virResetLastError();
    g_assert_cmpint(remoteClientOpen(REMOTE_INSTANCE_SESSION, &client), ==, 0);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
    g_assert_null(client);
    finishStart(&fix);
    g_free(fix.daemon.server.dir);
}

int
main(int argc, char **argv)
{
    g_autofree char *runtime = g_dir_make_tmp("streamdisk-XXXXXX", NULL);
    int rc;

    g_setenv("XDG_RUNTIME_DIR", runtime, TRUE);
    g_setenv("LIBVIRT_AUTOSTART", "0", TRUE);
    dir = g_build_filename(runtime, "libvirt", NULL);
    path = g_build_filename(dir, "virtstreamd-sock", NULL);
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remote_client/shared", testShared);
    g_test_add_func("/remote_client/leaving", testLeaving);
    g_test_add_func("/remote_client/none", testNone);
    g_test_add_func("/remote_client/start", testStart);
    rc = g_test_run();
    g_rmdir(dir);
    g_rmdir(runtime);
    g_free(dir);
    g_free(path);
    return rc;
}
