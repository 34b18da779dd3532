/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_listen.c: makes the listening sockets, with their permissions, or takes systemd's */

#include "daemon/daemon_listen.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "remote/remote_instance.h"
#include "util/error.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_RPC

LOG_INIT("daemon.listen");

/* The index, here and below, is whether the socket is read-only. */
static const char *const daemonListenUnits[] = { "virtstreamd.socket", "virtstreamd-ro.socket" };

struct _daemonListen {
    int fd[2];
    char *path[2]; /* NULL: systemd's */
};

static bool
daemonListenAddress(const char *path, struct sockaddr_un *addr)
{
    *addr = (struct sockaddr_un) { .sun_family = AF_UNIX };
    if (g_strlcpy(addr->sun_path, path, sizeof(addr->sun_path)) < sizeof(addr->sun_path))
        return true;
    errorReport(VIR_ERR_CONFIG_UNSUPPORTED, "the socket's path '%s' is longer than %zu bytes", path,
                sizeof(addr->sun_path) - 1);
    return false;
}

/* Whether the file is a socket that nobody answers on: only then may it be replaced. */
static bool
daemonListenIsStale(const struct sockaddr_un *addr)
{
    struct stat st;
    bool stale;
    int fd;

    if (lstat(addr->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    stale = fd >= 0 && connect(fd, (const struct sockaddr *) addr, sizeof(*addr)) < 0 &&
            errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return stale;
}

static int
daemonListenBind(int fd, const struct sockaddr_un *addr)
{
    mode_t mask = umask(0177);
    int rc = bind(fd, (const struct sockaddr *) addr, sizeof(*addr));
    int err = errno;

    if (rc < 0 && err == EADDRINUSE && daemonListenIsStale(addr)) {
        unlink(addr->sun_path);
        rc = bind(fd, (const struct sockaddr *) addr, sizeof(*addr));
        err = errno;
    }
    umask(mask);
    if (rc < 0 && err == EADDRINUSE)
        errorReport(VIR_ERR_OPERATION_INVALID,
                    "'%s' is in use: another daemon answers on it, "
                    "or it is not a socket",
                    addr->sun_path);
    else if (rc < 0)
        errorReportSystem(err, "cannot bind to socket '%s'", addr->sun_path);
    return rc;
}

/* The file is there, but nobody can connect before listen(). */
static int
daemonListenOpen(int fd, const char *path, gid_t group, mode_t perms)
{
    if (chown(path, -1, group) < 0 || chmod(path, perms) < 0) {
        errorReportSystem(errno, "cannot set group and permissions of socket '%s'", path);
        return -1;
    }
    if (listen(fd, SOMAXCONN) < 0) {
        errorReportSystem(errno, "cannot listen on socket '%s'", path);
        return -1;
    }
    return 0;
}

/* -1 is chown's word for the group that the file has anyway */
static int
daemonListenGroup(const daemonConfig *config, gid_t *group)
{
    const struct group *found;

    *group = -1;
    if (!*config->unixSockGroup)
        return 0;

    found = getgrnam(config->unixSockGroup);
    if (found) {
        *group = found->gr_gid;
    } else if (config->unixSockGroupGiven) {
        errorReport(VIR_ERR_CONF_SYNTAX, "%s: unix_sock_group: there is no group '%s'",
                    config->file, config->unixSockGroup);
        return -1;
    }
    return 0;
}

static int
daemonListenMake(daemonListen *sockets, const daemonConfig *config, bool readonly, gid_t group)
{
    g_autofree char *usual = remoteInstanceGetSocket(REMOTE_INSTANCE_SYSTEM, readonly);
    g_autofree char *name = g_path_get_basename(usual);
    g_autofree char *path = g_build_filename(config->unixSockDir, name, NULL);
    struct sockaddr_un addr;
    int fd;

    if (!daemonListenAddress(path, &addr))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        errorReportSystem(errno, "cannot create socket '%s'", path);
        return -1;
    }
    sockets->fd[readonly] = fd;
    if (daemonListenBind(fd, &addr) < 0)
        return -1;

    sockets->path[readonly] = g_steal_pointer(&path);
    return daemonListenOpen(fd, sockets->path[readonly], group,
                            readonly ? config->unixSockROPerms : config->unixSockRWPerms);
}

static int
daemonListenMakeAll(daemonListen *sockets, const daemonConfig *config)
{
    gid_t group;

    if (daemonListenGroup(config, &group) < 0)
        return -1;
    if (g_mkdir_with_parents(config->unixSockDir, geteuid() == 0 ? 0755 : 0700) < 0) {
        errorReportSystem(errno, "cannot create directory '%s'", config->unixSockDir);
        return -1;
    }
    if (daemonListenMake(sockets, config, false, group) < 0 ||
        daemonListenMake(sockets, config, true, group) < 0)
        return -1;
    LOG_INFO("listening on '%s' and '%s'", sockets->path[0], sockets->path[1]);
    return 0;
}

/* The index of the unit, -1 if it is not one of ours */
static int
daemonListenFind(const char *unit)
{
    for (size_t i = 0; i < G_N_ELEMENTS(daemonListenUnits); i++) {
        if (g_str_equal(daemonListenUnits[i], unit))
            return i;
    }
    return -1;
}

static int
daemonListenTake(daemonListen *sockets, char **units, int nunits)
{
    for (int i = 0; i < nunits; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        int index = daemonListenFind(units[i]);

        if (index < 0 || sockets->fd[index] >= 0 ||
            sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) <= 0) {
            errorReport(VIR_ERR_CONFIG_UNSUPPORTED,
                        "systemd passes a socket named '%s', not the "
                        "listening sockets of virtstreamd.socket and virtstreamd-ro.socket",
                        units[i]);
            return -1;
        }
        sockets->fd[index] = fd;
        LOG_INFO("listening on the socket of %s", units[i]);
    }
    return 0;
}

daemonListen *
daemonListenNew(const daemonConfig *config)
{
    g_autoptr(daemonListen) sockets = g_new0(daemonListen, 1);
    g_auto(GStrv) units = NULL;
    int nunits = sd_listen_fds_with_names(1, &units);

    sockets->fd[0] = sockets->fd[1] = -1;
    if (nunits < 0) {
        errorReportSystem(-nunits, "cannot take the sockets that systemd passes");
        return NULL;
    }
    if ((nunits ? daemonListenTake(sockets, units, nunits) : daemonListenMakeAll(sockets, config)) <
        0)
        return NULL;
    return g_steal_pointer(&sockets);
}

void
daemonListenFree(daemonListen *sockets)
{
    if (!sockets)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(sockets->fd); i++) {
        if (sockets->fd[i] >= 0)
            close(sockets->fd[i]);
        if (sockets->path[i])
            unlink(sockets->path[i]);
        g_free(sockets->path[i]);
    }
    g_free(sockets);
}

int
daemonListenStealFd(daemonListen *sockets, bool readonly)
{
    int fd = sockets->fd[readonly];

    sockets->fd[readonly] = -1;
    return fd;
}
