/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* storage_fixture.c: a qemu-storage-daemon on a socket that is handed to it, as QEMU gets one */

#include "storage_fixture.h"

#include <glib/gstdio.h>
#include <libnbd.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STORAGE_FIXTURE_FD 3

static const char *const storageFixtureImages[] = { "overlay", "middle", "template" };

typedef struct nbd_handle nbdHandle;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(nbdHandle, nbd_close)

/* In the child: it ends with the test, however that does. */
static void
storageFixtureSetup(void *opaque)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Without GSubprocess, whose thread would be one too many for sanitizers; @fd is taken over */
static GPid
storageFixtureSpawn(storageFixture *fix, int fd, const char *const *argv)
{
    g_auto(GStrv) env = g_environ_unsetenv(g_get_environ(), "LD_PRELOAD");
    const int target = STORAGE_FIXTURE_FD;
    g_autoptr(GError) error = NULL;
    GPid pid;

    g_spawn_async_with_pipes_and_fds(fix->dir, argv, (const char *const *) env,
                                     G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                     storageFixtureSetup, NULL, -1, -1, -1, &fd, &target, fd >= 0,
                                     &pid, NULL, NULL, NULL, &error);
    g_assert_no_error(error);
    if (fd >= 0)
        close(fd);
    return pid;
}

static int
storageFixtureReap(GPid pid)
{
    int status;

    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return status;
}

static void
storageFixtureRun(storageFixture *fix, const char *const *argv)
{
    g_autoptr(GError) error = NULL;

    g_spawn_check_wait_status(storageFixtureReap(storageFixtureSpawn(fix, -1, argv)), &error);
    g_assert_no_error(error);
}

/* Writes what the layout says of image @index, and @patches. */
static void
storageFixtureFill(storageFixture *fix, guint index, const char *layout, const char *patches)
{
    const char *const argv[] = { "sh", "-c", "qemu-io -f qcow2 \"$0\" > /dev/null < commands",
                                 storageFixtureImages[index], NULL };
    g_autofree char *path = g_build_filename(fix->dir, "commands", NULL);
    g_autoptr(GString) commands = g_string_new(NULL);

    for (guint i = 0; layout[i]; i++) {
        if (layout[i] == (char) ('1' + index))
            g_string_append_printf(commands, "write -P %u %uM 1M\n", 1 + i % 255, i);
        else if (layout[i] == 'z' && index == 2)
            g_string_append_printf(commands, "write -z %uM 1M\n", i);
    }
    g_string_append(commands, patches);
    g_assert_true(g_file_set_contents(path, commands->str, -1, NULL));
    storageFixtureRun(fix, argv);
}

void
storageFixtureMake(storageFixture *fix, const char *layout, const char *patches)
{
    g_autofree char *size = g_strdup_printf("%zuM", strlen(layout));

    fix->dir = g_dir_make_tmp("storage.XXXXXX", NULL);
    fix->server = 0;
    for (guint i = G_N_ELEMENTS(storageFixtureImages); i-- > 0;) {
        const char *image = storageFixtureImages[i];
        const char *const bottom[] = {
            "qemu-img", "create", "-q", "-f", "qcow2", image, size, NULL
        };
        const char *const above[] = { "qemu-img", "create", "-q",
                                      "-f",       "qcow2",  "-F",
                                      "qcow2",    "-b",     storageFixtureImages[MIN(i + 1, 2)],
                                      image,      NULL };

        storageFixtureRun(fix, i == 2 ? bottom : above);
        storageFixtureFill(fix, i, layout, i == 0 ? patches : "");
    }
}

/* A socket that connects to the server, or listens for it */
static int
storageFixtureSocket(storageFixture *fix, bool listening)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    g_autofree char *path = g_build_filename(fix->dir, "socket", NULL);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_no_errno(fd);
    g_assert_cmpuint(g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path)), <,
                     sizeof(addr.sun_path));
    if (listening)
        g_assert_no_errno(bind(fd, (struct sockaddr *) &addr, sizeof(addr)));
    g_assert_no_errno(listening ? listen(fd, 8)
                                : connect(fd, (struct sockaddr *) &addr, sizeof(addr)));
    return fd;
}

void
storageFixtureStart(storageFixture *fix, const char *template, gboolean depths)
{
    g_autofree char *data = g_strconcat(template, ",node-name=data,read-only=on", NULL);
    const char *const argv[] = {
        "qemu-storage-daemon",
        "--blockdev",
        data,
        "--blockdev",
        "driver=qcow2,node-name=template,file=data,read-only=on",
        "--blockdev",
        "driver=qcow2,node-name=middle,file.driver=file,file.filename=middle,"
        "backing=template,read-only=on",
        "--blockdev",
        "driver=qcow2,node-name=overlay,file.driver=file,file.filename=overlay,"
        "backing=middle",
        "--nbd-server",
        "addr.type=fd,addr.str=" G_STRINGIFY(STORAGE_FIXTURE_FD),
        "--export",
        depths ? "type=nbd,id=export,node-name=overlay,name=" STORAGE_FIXTURE_EXPORT
                 ",allocation-depth=on"
               : "type=nbd,id=export,node-name=overlay,name=" STORAGE_FIXTURE_EXPORT,
        NULL
    };

    fix->server = storageFixtureSpawn(fix, storageFixtureSocket(fix, true), argv);
}

int
storageFixtureConnect(storageFixture *fix)
{
    return storageFixtureSocket(fix, false);
}

static nbdHandle *
storageFixtureOpen(storageFixture *fix)
{
    nbdHandle *nbd = nbd_create();

    g_assert_no_errno(nbd_set_export_name(nbd, STORAGE_FIXTURE_EXPORT));
    g_assert_no_errno(nbd_add_meta_context(nbd, "qemu:allocation-depth"));
    g_assert_no_errno(nbd_connect_socket(nbd, storageFixtureConnect(fix)));
    return nbd;
}

static int
storageFixtureExtents(void *opaque, const char *context, uint64_t offset, uint32_t *entries,
                      size_t n, int *error)
{
    g_string_append_c(opaque, entries[0] >= STORAGE_FIXTURE_UNIT ? (char) ('0' + entries[1]) : '?');
    return 0;
}

char *
storageFixtureDepths(storageFixture *fix)
{
    g_autoptr(nbdHandle) nbd = storageFixtureOpen(fix);
    GString *depths = g_string_new(NULL);

    for (int64_t at = 0; at < nbd_get_size(nbd); at += STORAGE_FIXTURE_UNIT)
        g_assert_no_errno(
            nbd_block_status(nbd, STORAGE_FIXTURE_UNIT, (uint64_t) at,
                             (nbd_extent_callback) { .callback = storageFixtureExtents,
                                                     .user_data = depths },
                             0));
    return g_string_free(depths, FALSE);
}

char *
storageFixtureSum(storageFixture *fix)
{
    g_autoptr(nbdHandle) nbd = storageFixtureOpen(fix);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree guchar *data = g_malloc(STORAGE_FIXTURE_UNIT);

    for (int64_t at = 0; at < nbd_get_size(nbd); at += STORAGE_FIXTURE_UNIT) {
        g_assert_no_errno(nbd_pread(nbd, data, STORAGE_FIXTURE_UNIT, (uint64_t) at, 0));
        g_checksum_update(sum, data, STORAGE_FIXTURE_UNIT);
    }
    return g_strdup(g_checksum_get_string(sum));
}

void
storageFixtureKill(storageFixture *fix)
{
    static const char *const repair[] = {
        "qemu-img", "check", "-q", "-r", "leaks", "overlay", NULL
    };
    g_autofree char *socket = g_build_filename(fix->dir, "socket", NULL);

    kill(fix->server, SIGKILL);
    storageFixtureReap(fix->server);
    fix->server = 0;
    g_remove(socket);
    storageFixtureRun(fix, repair);
}

void
storageFixtureClear(storageFixture *fix)
{
    static const char *const files[] = { "overlay", "middle", "template", "commands", "socket" };
    static const char *const check[] = { "qemu-img", "check", "-q", "overlay", NULL };

    if (fix->server) {
        kill(fix->server, SIGTERM);
        storageFixtureReap(fix->server);
    }
    storageFixtureRun(fix, check);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(fix->dir, files[i], NULL);

        g_remove(path);
    }
    g_assert_no_errno(g_rmdir(fix->dir));
    g_free(fix->dir);
}
