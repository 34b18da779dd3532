/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_nbd_server.c: a server's users, and its socket */

#include "backend/backend_nbd_server.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/backend_monitor.h"
#include "backend/backend_qmp.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define BACKEND_NBD_SERVER_FD_NAME "streamdisk"

LOG_INIT("backend.nbd_server");

struct _backendNbdServer {
    char *dir;
    char *path; /* of its socket */

    GMutex lock; /* held over the QMP calls that start and stop it; protects users */
    guint users;
};

backendNbdServer *
backendNbdServerNew(const char *dir, const char *uuid)
{
    backendNbdServer *self = g_new0(backendNbdServer, 1);

    self->dir = g_strdup(dir);
    self->path = g_build_filename(dir, uuid, NULL);
    g_mutex_init(&self->lock);
    return self;
}

void
backendNbdServerFree(backendNbdServer *self)
{
    if (!self)
        return;
    g_mutex_clear(&self->lock);
    g_free(self->dir);
    g_free(self->path);
    g_free(self);
}

static int
backendNbdServerAddress(const char *path, struct sockaddr_un *addr)
{
    addr->sun_family = AF_UNIX;
    if (g_strlcpy(addr->sun_path, path, sizeof(addr->sun_path)) < sizeof(addr->sun_path))
        return 0;
    errorReport(VIR_ERR_INTERNAL_ERROR, "the path of socket '%s' is too long", path);
    return -1;
}

/* Whether a QEMU still listens at @path. It is not connected to: QEMU 7.2 hangs when it stops
 * its server while somebody has connected and says nothing. */
static bool
backendNbdServerIsServed(const char *path)
{
    struct sockaddr_un addr = { 0 };
    bool served;
    int fd;

    if (backendNbdServerAddress(path, &addr) < 0 ||
        (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
        return false;
    served = connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0 && errno == EPROTOTYPE;
    close(fd);
    return served;
}

/* A socket that connects to @path or listens there; -1 with an error. */
static int
backendNbdServerSocket(const char *path, bool listening)
{
    struct sockaddr_un addr = { 0 };
    int fd;

    if (backendNbdServerAddress(path, &addr) < 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        (listening ? bind(fd, (struct sockaddr *) &addr, sizeof(addr)) == 0 && listen(fd, 8) == 0
                   : connect(fd, (struct sockaddr *) &addr, sizeof(addr)) == 0))
        return fd;
    errorReportSystem(errno, "cannot %s '%s'", listening ? "listen on" : "connect to", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Hands the socket to QEMU and lets it listen. A refused one is taken back: it would stay open. */
static int
backendNbdServerStart(virDomainPtr dom, int fd)
{
    g_autofree char *getfd = backendQmpGetfd(BACKEND_NBD_SERVER_FD_NAME);
    g_autofree char *closefd = backendQmpClosefd(BACKEND_NBD_SERVER_FD_NAME);
    g_autofree char *start = backendQmpNbdServerStart(BACKEND_NBD_SERVER_FD_NAME);
    virErrorPtr refused;

    if (backendMonitorSend(dom, getfd, fd, NULL) < 0)
        return -1;
    if (backendMonitorSend(dom, start, -1, NULL) == 0)
        return 0;
    refused = errorKeep();
    if (backendMonitorSend(dom, closefd, -1, NULL) < 0)
        LOG_DEBUG("taking a socket back: %s", errorText());
    errorRestore(refused);
    return -1;
}

/* Takes away what we left in this QEMU; false if there is nothing, or the server is somebody
 * else's. @ours: it is ours even if it exports nothing yet. */
static bool
backendNbdServerClear(virDomainPtr dom, bool ours)
{
    g_autofree char *query = backendQmpQueryBlockExports();
    g_autofree char *stop = backendQmpNbdServerStop();
    g_autofree char *reply = NULL;
    g_auto(GStrv) ids = NULL;

    if (backendMonitorSend(dom, query, -1, &reply) < 0 || !(ids = backendQmpReplyExports(reply)))
        return false;
    for (char **id = ids; *id; id++) {
        if (!g_str_has_prefix(*id, BACKEND_NBD_SERVER_PREFIX))
            return false;
    }
    for (char **id = ids; *id; id++) {
        g_autofree char *del = backendQmpExportDel(*id);

        if (backendMonitorSend(dom, del, -1, NULL) < 0)
            return false;
    }
    return (ours || ids[0]) && backendMonitorSend(dom, stop, -1, NULL) == 0;
}

static int
backendNbdServerBegin(backendNbdServer *self, virDomainPtr dom)
{
    int fd;
    int rc;

    if (g_mkdir_with_parents(self->dir, 0700) < 0) {
        errorReportSystem(errno, "cannot create directory '%s'", self->dir);
        return -1;
    }
    unlink(self->path);
    if ((fd = backendNbdServerSocket(self->path, true)) < 0)
        return -1;
    rc = backendNbdServerStart(dom, fd);
    if (rc < 0) {
        virErrorPtr refused = errorKeep();

        if (backendNbdServerClear(dom, false))
            rc = backendNbdServerStart(dom, fd);
        else
            errorRestore(g_steal_pointer(&refused));
        virFreeError(refused);
    }
    close(fd);
    if (rc < 0)
        unlink(self->path);
    return rc;
}

GStrv
backendNbdServerListLeft(const char *dir)
{
    g_autoptr(GDir) open = g_dir_open(dir, 0, NULL);
    g_autoptr(GStrvBuilder) uuids = g_strv_builder_new();
    const char *uuid;

    while (open && (uuid = g_dir_read_name(open)))
        g_strv_builder_add(uuids, uuid);
    return g_strv_builder_end(uuids);
}

void
backendNbdServerRemoveLeft(backendNbdServer *self, virDomainPtr dom)
{
    LOCK_SCOPE(&self->lock);

    if (self->users > 0)
        return;
    if (dom && backendNbdServerIsServed(self->path) && !backendNbdServerClear(dom, true))
        LOG_INFO("domain %s: its NBD server stays: %s", virDomainGetName(dom), errorText());
    unlink(self->path);
}

int
backendNbdServerAcquire(backendNbdServer *self, virDomainPtr dom)
{
    LOCK_SCOPE(&self->lock);

    if (self->users == 0 && backendNbdServerBegin(self, dom) < 0)
        return -1;
    self->users++;
    return 0;
}

bool
backendNbdServerRelease(backendNbdServer *self, virDomainPtr dom)
{
    LOCK_SCOPE(&self->lock);
    g_autofree char *stop = backendQmpNbdServerStop();

    if (--self->users > 0)
        return false;
    if (backendMonitorSend(dom, stop, -1, NULL) < 0)
        LOG_DEBUG("stopping the NBD server: %s", errorText());
    if (virConnectIsAlive(virDomainGetConnect(dom)) != 0)
        unlink(self->path);
    return true;
}

int
backendNbdServerConnect(const backendNbdServer *self)
{
    return backendNbdServerSocket(self->path, false);
}
