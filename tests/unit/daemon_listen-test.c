/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_listen-test.c: sockets that it makes, and those that a systemd of the test's passes */

#include "daemon/daemon_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "expect.h"

#define UNIT "virtstreamd.socket"
#define UNIT_RO "virtstreamd-ro.socket"
#define PASSED 3 /* at most, beginning with SD_LISTEN_FDS_START */

typedef struct {
    char *dir;
    char *sockDir; /* dir/run, not there yet */
    char *path;
    char *pathRO;
    char *passedPath; /* of the sockets that systemd passes, with their numbers */
    daemonConfig config;
    mode_t mask;
} testFixture;

/* What chown() was asked for, and whether it refuses */
static struct {
    bool refuses;
    int calls;
    gid_t group;
} testChown;

/* Stands in for libc's, which not everybody may call with any group */
int
chown(const char *path, uid_t owner, gid_t group)
{
    GStatBuf st;

    g_assert_no_errno(g_lstat(path, &st));
    g_assert_cmpint(st.st_mode, ==, S_IFSOCK | 0600); /* nobody else may have opened it before */
    testChown.calls++;
    testChown.group = group;
    if (testChown.refuses) {
        errno = EPERM;
        return -1;
    }
    return geteuid() == 0 ? lchown(path, owner, group) : 0;
}

/* What a test passes has numbers that nothing else must have. */
static void
testReserve(void)
{
    for (int i = 0; i < PASSED; i++)
        g_assert_no_errno(dup2(STDERR_FILENO, SD_LISTEN_FDS_START + i));
}

static void
testSetUp(testFixture *fix, const void *opaque)
{
    fix->dir = g_dir_make_tmp("streamdisk-XXXXXX", NULL);
    fix->sockDir = g_build_filename(fix->dir, "run", NULL);
    fix->path = g_build_filename(fix->sockDir, "virtstreamd-sock", NULL);
    fix->pathRO = g_build_filename(fix->sockDir, "virtstreamd-sock-ro", NULL);
    fix->passedPath = g_build_filename(fix->dir, "passed", NULL);
    fix->config = (daemonConfig) {
        .file = (char *) "test.conf",
        .unixSockGroup = (char *) "",
        .unixSockRWPerms = 0770,
        .unixSockROPerms = 0777,
        .unixSockDir = fix->sockDir,
    };
    memset(&testChown, 0, sizeof(testChown));
    fix->mask = umask(022);
}

/* Nothing may be left by then. */
static void
testTearDown(testFixture *fix, const void *opaque)
{
    g_assert_cmpint(umask(fix->mask), ==, 022);
    testReserve();
    if (g_file_test(fix->sockDir, G_FILE_TEST_EXISTS))
        g_assert_no_errno(g_rmdir(fix->sockDir));
    g_assert_no_errno(g_rmdir(fix->dir));
    g_free(fix->passedPath);
    g_free(fix->pathRO);
    g_free(fix->path);
    g_free(fix->sockDir);
    g_free(fix->dir);
}

static struct sockaddr_un
testAddress(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };

    g_assert_cmpuint(g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path)), <,
                     sizeof(addr.sun_path));
    return addr;
}

/* A socket of somebody else's, which listens only if @backlog is not negative */
static int
testBind(const char *path, int type, int backlog)
{
    struct sockaddr_un addr = testAddress(path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    g_assert_no_errno(fd);
    g_assert_no_errno(bind(fd, (struct sockaddr *) &addr, sizeof(addr)));
    if (backlog >= 0)
        g_assert_no_errno(listen(fd, backlog));
    return fd;
}

/* A client's, or -1 with errno */
static int
testConnect(const char *path)
{
    struct sockaddr_un addr = testAddress(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int err;

    g_assert_no_errno(fd);
    if (connect(fd, (struct sockaddr *) &addr, sizeof(addr)) == 0)
        return fd;
    err = errno;
    close(fd);
    errno = err;
    return -1;
}

/* Who connects to @path comes to the listening socket @fd. */
static void
assertAnswers(const char *path, int fd)
{
    int client = testConnect(path);
    int server;

    g_assert_no_errno(client);
    server = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    g_assert_no_errno(server);
    close(server);
    close(client);
}

static gint64
testMode(const char *path)
{
    GStatBuf st;

    g_assert_no_errno(g_lstat(path, &st));
    return st.st_mode;
}

#define assertMissing(path) g_assert_cmpint(g_access((path), F_OK), ==, -1)

#define assertRefused(fix, code, text) \
    do { \
        g_assert_null(daemonListenNew(&(fix)->config)); \
        expectError((code), (text)); \
    } while (0)

static daemonListen *
testNew(testFixture *fix)
{
    daemonListen *sockets = daemonListenNew(&fix->config);

    if (!sockets)
        g_error("%s", virGetLastErrorMessage());
    return sockets;
}

static void
testMade(testFixture *fix, const void *opaque)
{
    g_autoptr(daemonListen) sockets = testNew(fix);

    g_assert_cmpint(testMode(fix->sockDir), ==, S_IFDIR | (geteuid() == 0 ? 0755 : 0700));
    g_assert_cmpint(testMode(fix->path), ==, S_IFSOCK | 0770);
    g_assert_cmpint(testMode(fix->pathRO), ==, S_IFSOCK | 0777);
    g_assert_cmpint(testChown.calls, ==, 2);
    g_assert_cmpint(testChown.group, ==, (gid_t) -1);
    for (int readonly = 0; readonly <= 1; readonly++) {
        int fd = daemonListenStealFd(sockets, readonly);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(daemonListenStealFd(sockets, readonly), ==, -1);
        g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
        g_assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assertAnswers(readonly ? fix->pathRO : fix->path, fd);
        close(fd);
    }
}

/* The files go with it, and the sockets, unless the caller has taken them. */
static void
testFree(testFixture *fix, const void *opaque)
{
    daemonListen *sockets = testNew(fix);
    int fd = daemonListenStealFd(sockets, true);
    int client = testConnect(fix->path);
    char byte;

    g_assert_no_errno(client);
    daemonListenFree(sockets);
    assertMissing(fix->path);
    assertMissing(fix->pathRO);
    g_assert_cmpint(recv(client, &byte, 1, 0), <=, 0);
    g_assert_cmpint(errno, !=, EAGAIN);
    close(client);
    g_assert_no_errno(fcntl(fd, F_GETFD));
    close(fd);
    daemonListenFree(NULL);
}

static void
testPerms(testFixture *fix, const void *opaque)
{
    g_autoptr(daemonListen) sockets = NULL;

    fix->config.unixSockRWPerms = 0600;
    fix->config.unixSockROPerms = 0666;
    sockets = testNew(fix);
    g_assert_cmpint(testMode(fix->path), ==, S_IFSOCK | 0600);
    g_assert_cmpint(testMode(fix->pathRO), ==, S_IFSOCK | 0666);
}

/* The name of a group that new files do not have anyway */
static char *
testFindGroup(gid_t *gid)
{
    struct group *group;
    char *name = NULL;

    setgrent();
    while (!name && (group = getgrent())) {
        *gid = group->gr_gid;
        if (*gid != getegid())
            name = g_strdup(group->gr_name);
    }
    endgrent();
    g_assert_nonnull(name);
    return name;
}

static void
testGroup(testFixture *fix, const void *opaque)
{
    gid_t gid = -1;
    g_autofree char *name = testFindGroup(&gid);
    g_autoptr(daemonListen) sockets = NULL;
    GStatBuf st;

    fix->config.unixSockGroup = name;
    fix->config.unixSockGroupGiven = true;
    sockets = testNew(fix);
    g_assert_cmpint(testChown.calls, ==, 2);
    g_assert_cmpint(testChown.group, ==, gid);
    for (int readonly = 0; readonly <= 1 && geteuid() == 0; readonly++) {
        g_assert_no_errno(g_lstat(readonly ? fix->pathRO : fix->path, &st));
        g_assert_cmpint(st.st_gid, ==, gid);
    }
}

/* A group that nobody has made need only be there if the file names it. */
static void
testNoGroup(testFixture *fix, const void *opaque)
{
    daemonListen *sockets;

    fix->config.unixSockGroup = (char *) "no such group";
    sockets = testNew(fix);
    g_assert_cmpint(testChown.group, ==, (gid_t) -1);
    daemonListenFree(sockets);
    g_assert_no_errno(g_rmdir(fix->sockDir));

    fix->config.unixSockGroupGiven = true;
    assertRefused(fix, VIR_ERR_CONF_SYNTAX,
                  "test.conf: unix_sock_group: there is no group 'no such group'");
    assertMissing(fix->sockDir);
}

/* A group that the process may not give files to */
static void
testChownRefused(testFixture *fix, const void *opaque)
{
    testChown.refuses = true;
    assertRefused(fix, VIR_ERR_SYSTEM_ERROR, "cannot set group and permissions of socket");
    g_assert_cmpint(testChown.calls, ==, 1);
    assertMissing(fix->path);
}

static void
testStale(testFixture *fix, const void *opaque)
{
    g_autoptr(daemonListen) sockets = NULL;
    int fd;

    g_assert_no_errno(g_mkdir(fix->sockDir, 0700));
    close(testBind(fix->path, SOCK_STREAM, 1));
    close(testBind(fix->pathRO, SOCK_STREAM, 1));
    sockets = testNew(fix);
    fd = daemonListenStealFd(sockets, false);
    assertAnswers(fix->path, fd);
    close(fd);
    fd = daemonListenStealFd(sockets, true);
    assertAnswers(fix->pathRO, fd);
    close(fd);
}

/* The other one goes on, also if only one of its sockets is met. */
static void
testAlive(testFixture *fix, const void *opaque)
{
    g_autoptr(daemonListen) alive = testNew(fix);
    int fd = daemonListenStealFd(alive, false);
    int fdRO = daemonListenStealFd(alive, true);

    assertRefused(fix, VIR_ERR_OPERATION_INVALID, "another daemon answers on it");
    assertAnswers(fix->path, fd);
    assertAnswers(fix->pathRO, fdRO);
    close(fd); /* now it is stale */
    assertRefused(fix, VIR_ERR_OPERATION_INVALID, "virtstreamd-sock-ro' is in use");
    assertMissing(fix->path);
    assertAnswers(fix->pathRO, fdRO);
    close(fdRO);
}

/* So much to do that it takes no more clients for now */
static void
testBusy(testFixture *fix, const void *opaque)
{
    g_autoptr(GArray) clients = g_array_new(FALSE, FALSE, sizeof(int));
    int fd, client;

    g_assert_no_errno(g_mkdir(fix->sockDir, 0700));
    fd = testBind(fix->path, SOCK_STREAM, 0);
    while ((client = testConnect(fix->path)) >= 0)
        g_array_append_val(clients, client);
    g_assert_cmpint(errno, ==, EAGAIN);
    assertRefused(fix, VIR_ERR_OPERATION_INVALID, "another daemon answers on it");
    g_assert_cmpint(testMode(fix->path) & S_IFMT, ==, S_IFSOCK);
    for (guint i = 0; i < clients->len; i++)
        close(g_array_index(clients, int, i));
    close(fd);
    g_assert_no_errno(g_unlink(fix->path));
}

/* What is no daemon's socket is not removed, even if nobody answers. */
static void
testOthers(testFixture *fix, const void *opaque)
{
    g_autofree char *text = NULL;
    int fd;

    g_assert_no_errno(g_mkdir(fix->sockDir, 0700));
    g_assert_true(g_file_set_contents(fix->path, "precious", -1, NULL));
    assertRefused(fix, VIR_ERR_OPERATION_INVALID, "or it is not a socket");
    g_assert_true(g_file_get_contents(fix->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "precious");
    g_assert_no_errno(g_unlink(fix->path));

    fd = testBind(fix->path, SOCK_DGRAM, -1);
    assertRefused(fix, VIR_ERR_OPERATION_INVALID, "another daemon answers on it");
    g_assert_no_errno(g_unlink(fix->path));
    close(fd);

    close(testBind(fix->passedPath, SOCK_STREAM, 1));
    g_assert_no_errno(symlink(fix->passedPath, fix->path));
    assertRefused(fix, VIR_ERR_OPERATION_INVALID, "or it is not a socket");
    g_assert_cmpint(testMode(fix->path) & S_IFMT, ==, S_IFLNK);
    g_assert_cmpint(testMode(fix->passedPath) & S_IFMT, ==, S_IFSOCK);
    g_assert_no_errno(g_unlink(fix->path));
    g_assert_no_errno(g_unlink(fix->passedPath));
}

/* The read-only one's name is the longer: of two, both or none are made. */
static void
testLong(testFixture *fix, const void *opaque)
{
    struct sockaddr_un addr;
    gsize room = sizeof(addr.sun_path) - 1 - strlen(fix->sockDir) - strlen("/virtstreamd-sock");
    g_autofree char *fits = g_strnfill(room, 'x');
    g_autofree char *dir = g_strconcat(fix->sockDir, fits, NULL);
    g_autofree char *longer = g_strconcat(dir, "x", NULL);

    fix->config.unixSockDir = dir;
    assertRefused(fix, VIR_ERR_CONFIG_UNSUPPORTED, "sock-ro' is longer than 107 bytes");
    g_assert_cmpint(testChown.calls, ==, 1);
    g_assert_no_errno(g_rmdir(dir));

    fix->config.unixSockDir = longer;
    assertRefused(fix, VIR_ERR_CONFIG_UNSUPPORTED, "sock' is longer than 107 bytes");
    g_assert_cmpint(testChown.calls, ==, 1);
    g_assert_no_errno(g_rmdir(longer));
}

static void
testNoDir(testFixture *fix, const void *opaque)
{
    g_autofree char *inside = g_build_filename(fix->sockDir, "inside", NULL);

    g_assert_true(g_file_set_contents(fix->sockDir, "", 0, NULL));
    fix->config.unixSockDir = inside;
    assertRefused(fix, VIR_ERR_SYSTEM_ERROR, "cannot create directory");
    g_assert_no_errno(g_unlink(fix->sockDir));
}

/* Passes a socket as systemd does. It may be one that it would not pass. */
static void
testPass(testFixture *fix, int index, int type, int backlog)
{
    g_autofree char *path = g_strdup_printf("%s%d", fix->passedPath, index);
    int fd = testBind(path, type, backlog);

    g_assert_no_errno(dup2(fd, SD_LISTEN_FDS_START + index));
    close(fd);
}

static void
testRemovePassed(testFixture *fix, int count)
{
    for (int i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf("%s%d", fix->passedPath, i);

        g_assert_no_errno(g_unlink(path));
    }
}

/* @names: NULL if it names none */
static void
testTell(GPid pid, const char *count, const char *names)
{
    g_autofree char *text = g_strdup_printf("%d", pid);

    g_setenv("LISTEN_PID", text, TRUE);
    g_setenv("LISTEN_FDS", count, TRUE);
    if (names)
        g_setenv("LISTEN_FDNAMES", names, TRUE);
    else
        g_unsetenv("LISTEN_FDNAMES");
}

/* Nor do children take the sockets for theirs. */
static void
assertTold(void)
{
    g_assert_null(g_getenv("LISTEN_PID"));
    g_assert_null(g_getenv("LISTEN_FDS"));
    g_assert_null(g_getenv("LISTEN_FDNAMES"));
}

/* The names count, not the order; no other sockets are made, and their files are systemd's. */
static void
testPassed(testFixture *fix, const void *opaque)
{
    bool swapped = opaque != NULL;
    daemonListen *sockets;

    testPass(fix, 0, SOCK_STREAM, 1);
    testPass(fix, 1, SOCK_STREAM, 1);
    testTell(getpid(), "2", swapped ? UNIT_RO ":" UNIT : UNIT ":" UNIT_RO);
    sockets = testNew(fix);
    assertTold();
    g_assert_cmpint(daemonListenStealFd(sockets, swapped), ==, SD_LISTEN_FDS_START);
    g_assert_cmpint(daemonListenStealFd(sockets, !swapped), ==, SD_LISTEN_FDS_START + 1);
    g_assert_cmpint(daemonListenStealFd(sockets, false), ==, -1);
    g_assert_cmpint(fcntl(SD_LISTEN_FDS_START, F_GETFD), ==, FD_CLOEXEC);
    assertMissing(fix->sockDir);
    daemonListenFree(sockets);
    testRemovePassed(fix, 2);
}

/* If only one unit is enabled, the other's socket is not there. */
static void
testPassedOne(testFixture *fix, const void *opaque)
{
    bool readonly = g_str_equal(opaque, UNIT_RO);
    g_autoptr(daemonListen) sockets = NULL;

    testPass(fix, 0, SOCK_STREAM, 1);
    testTell(getpid(), "1", opaque);
    sockets = testNew(fix);
    g_assert_cmpint(daemonListenStealFd(sockets, !readonly), ==, -1);
    g_assert_cmpint(daemonListenStealFd(sockets, readonly), ==, SD_LISTEN_FDS_START);
    assertMissing(fix->sockDir);
    testRemovePassed(fix, 1);
}

/* What is meant for another process is not looked at. */
static void
testPassedOther(testFixture *fix, const void *opaque)
{
    g_autoptr(daemonListen) sockets = NULL;

    testPass(fix, 0, SOCK_STREAM, 1);
    testTell(getpid() + 1, "1", UNIT);
    sockets = testNew(fix);
    assertTold();
    g_assert_cmpint(testMode(fix->path), ==, S_IFSOCK | 0770);
    testRemovePassed(fix, 1);
}

static void
testPassedRefused(testFixture *fix, const void *opaque)
{
    static const struct {
        const char *count;
        const char *names;
        int type;
        int backlog;
        int code;
        const char *text;
    } cases[] = {
        { "1", "a.socket", SOCK_STREAM, 1, VIR_ERR_CONFIG_UNSUPPORTED, "named 'a.socket'" },
        { "1", NULL, SOCK_STREAM, 1, VIR_ERR_CONFIG_UNSUPPORTED, "named 'unknown'" },
        { "2", UNIT ":" UNIT, SOCK_STREAM, 1, VIR_ERR_CONFIG_UNSUPPORTED, "named '" UNIT "'" },
        { "3", UNIT ":" UNIT_RO ":c", SOCK_STREAM, 1, VIR_ERR_CONFIG_UNSUPPORTED, "named 'c'" },
        { "1", UNIT, SOCK_STREAM, -1, VIR_ERR_CONFIG_UNSUPPORTED, "not the listening sockets" },
        { "1", UNIT_RO, SOCK_DGRAM, -1, VIR_ERR_CONFIG_UNSUPPORTED, "named '" UNIT_RO "'" },
        { "2", UNIT, SOCK_STREAM, 1, VIR_ERR_SYSTEM_ERROR, "cannot take the sockets" },
        { "x", UNIT, SOCK_STREAM, 1, VIR_ERR_SYSTEM_ERROR, "cannot take the sockets" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        testReserve();
        for (int index = 0; index < PASSED; index++)
            testPass(fix, index, cases[i].type, cases[i].backlog);
        testTell(getpid(), cases[i].count, cases[i].names);
        assertRefused(fix, cases[i].code, cases[i].text);
        assertTold();
        assertMissing(fix->sockDir);
        testRemovePassed(fix, PASSED);
    }
}

/* Something that is no socket at all */
static void
testPassedFile(testFixture *fix, const void *opaque)
{
    testTell(getpid(), "1", UNIT);
    assertRefused(fix, VIR_ERR_CONFIG_UNSUPPORTED, "named '" UNIT "'");
    assertMissing(fix->sockDir);
}

static void
testAdd(const char *path, const void *opaque, void (*func)(testFixture *fix, const void *opaque))
{
    g_test_add(path, testFixture, opaque, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    testReserve();
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    testAdd("/daemon_listen/made", NULL, testMade);
    testAdd("/daemon_listen/free", NULL, testFree);
    testAdd("/daemon_listen/perms", NULL, testPerms);
    testAdd("/daemon_listen/group", NULL, testGroup);
    testAdd("/daemon_listen/n_no-group", NULL, testNoGroup);
    testAdd("/daemon_listen/n_chown", NULL, testChownRefused);
    testAdd("/daemon_listen/stale", NULL, testStale);
    testAdd("/daemon_listen/n_alive", NULL, testAlive);
    testAdd("/daemon_listen/n_busy", NULL, testBusy);
    testAdd("/daemon_listen/n_others", NULL, testOthers);
    testAdd("/daemon_listen/n_long", NULL, testLong);
    testAdd("/daemon_listen/n_no-dir", NULL, testNoDir);
    testAdd("/daemon_listen/passed", NULL, testPassed);
    testAdd("/daemon_listen/passed-swapped", "", testPassed);
    testAdd("/daemon_listen/passed-one", UNIT, testPassedOne);
    testAdd("/daemon_listen/passed-one-ro", UNIT_RO, testPassedOne);
    testAdd("/daemon_listen/passed-other", NULL, testPassedOther);
    testAdd("/daemon_listen/n_passed", NULL, testPassedRefused);
    testAdd("/daemon_listen/n_passed-file", NULL, testPassedFile);
    return g_test_run();
}
