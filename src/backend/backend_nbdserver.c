/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_nbdserver.c: each guest's server, its users, and its socket */

#include "backend/backend_nbdserver.h"

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

#define BACKEND_NBDSERVER_FD_NAME "streamdisk"

LOG_INIT("backend.nbdserver");

struct _backendNbdserverServer {
    backendNbdserver *owner;
    char *uuid;
    char *path; /* of its socket */
    guint refs; /* protected by the owner's lock */

    GMutex lock; /* held over the QMP calls that start and stop it; protects users */
    guint users;
};

struct _backendNbdserver {
    char *dir;
    GMutex lock;         /* protects the table */
    GHashTable *servers; /* UUID -> server, as long as somebody has it */
};

static void
backendNbdserverServerFree(void *opaque)
{
    backendNbdserverServer *server = opaque;

    g_mutex_clear(&server->lock);
    g_free(server->uuid);
    g_free(server->path);
    g_free(server);
}

backendNbdserver *
backendNbdserverNew(const char *dir)
{
    backendNbdserver *self = g_new0(backendNbdserver, 1);

    self->dir = g_strdup(dir);
    g_mutex_init(&self->lock);
    self->servers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                          backendNbdserverServerFree);
    return self;
}

void
backendNbdserverFree(backendNbdserver *self)
{
    if (!self)
        return;
    g_rmdir(self->dir);
    g_hash_table_unref(self->servers);
    g_mutex_clear(&self->lock);
    g_free(self->dir);
    g_free(self);
}

/* The guest's, which is made if there is none, as a reference */
static backendNbdserverServer *
backendNbdserverGetServer(backendNbdserver *self, const char *uuid)
{
    LOCK_SCOPE(&self->lock);
    backendNbdserverServer *server = g_hash_table_lookup(self->servers, uuid);

    if (!server) {
        server = g_new0(backendNbdserverServer, 1);
        server->owner = self;
        server->uuid = g_strdup(uuid);
        server->path = g_build_filename(self->dir, uuid, NULL);
        g_mutex_init(&server->lock);
        g_hash_table_insert(self->servers, server->uuid, server);
    }
    server->refs++;
    return server;
}

static void
backendNbdserverServerUnref(backendNbdserverServer *server)
{
    LOCK_SCOPE(&server->owner->lock);

    if (--server->refs == 0)
        g_hash_table_remove(server->owner->servers, server->uuid);
}

static int
backendNbdserverAddress(const char *path, struct sockaddr_un *addr)
{
    addr->sun_family = AF_UNIX;
    if (g_strlcpy(addr->sun_path, path, sizeof(addr->sun_path)) < sizeof(addr->sun_path))
        return 0;
    errorReport(VIR_ERR_INTERNAL_ERROR, "the path of socket '%s' is too long", path);
    return -1;
}

/* Whether a QEMU still listens at @path. It is not connected to: QEMU 7.2 hangs when it stops
 * its server while somebody has connected and says nothing. */
static gboolean
backendNbdserverIsServed(const char *path)
{
    struct sockaddr_un addr = { 0 };
    gboolean served;
    int fd;

    if (backendNbdserverAddress(path, &addr) < 0 ||
        (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
        return FALSE;
    served = connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0 && errno == EPROTOTYPE;
    close(fd);
    return served;
}

/* A socket that connects to @path or listens there; -1 with an error. */
static int
backendNbdserverSocket(const char *path, gboolean listening)
{
    struct sockaddr_un addr = { 0 };
    int fd;

    if (backendNbdserverAddress(path, &addr) < 0)
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
backendNbdserverStart(virDomainPtr dom, int fd)
{
    g_autofree char *getfd = backendQmpGetfd(BACKEND_NBDSERVER_FD_NAME);
    g_autofree char *closefd = backendQmpClosefd(BACKEND_NBDSERVER_FD_NAME);
    g_autofree char *start = backendQmpNbdServerStart(BACKEND_NBDSERVER_FD_NAME);
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
static gboolean
backendNbdserverClear(virDomainPtr dom, gboolean ours)
{
    g_autofree char *query = backendQmpQueryBlockExports();
    g_autofree char *stop = backendQmpNbdServerStop();
    g_autofree char *reply = NULL;
    g_auto(GStrv) ids = NULL;

    if (backendMonitorSend(dom, query, -1, &reply) < 0 || !(ids = backendQmpReplyExports(reply)))
        return FALSE;
    for (char **id = ids; *id; id++) {
        if (!g_str_has_prefix(*id, BACKEND_NBDSERVER_PREFIX))
            return FALSE;
    }
    for (char **id = ids; *id; id++) {
        g_autofree char *del = backendQmpExportDel(*id);

        if (backendMonitorSend(dom, del, -1, NULL) < 0)
            return FALSE;
    }
    return (ours || ids[0]) && backendMonitorSend(dom, stop, -1, NULL) == 0;
}

static int
backendNbdserverServerStart(backendNbdserverServer *server, virDomainPtr dom)
{
    int fd;
    int rc;

    if (g_mkdir_with_parents(server->owner->dir, 0700) < 0) {
        errorReportSystem(errno, "cannot create directory '%s'", server->owner->dir);
        return -1;
    }
    unlink(server->path);
    if ((fd = backendNbdserverSocket(server->path, TRUE)) < 0)
        return -1;
    rc = backendNbdserverStart(dom, fd);
    if (rc < 0) {
        virErrorPtr refused = errorKeep();

        if (backendNbdserverClear(dom, FALSE))
            rc = backendNbdserverStart(dom, fd);
        else
            errorRestore(g_steal_pointer(&refused));
        virFreeError(refused);
    }
    close(fd);
    if (rc < 0)
        unlink(server->path);
    return rc;
}

GStrv
backendNbdserverListLeft(backendNbdserver *self)
{
    g_autoptr(GDir) dir = g_dir_open(self->dir, 0, NULL);
    g_autoptr(GStrvBuilder) uuids = g_strv_builder_new();
    const char *uuid;

    while (dir && (uuid = g_dir_read_name(dir)))
        g_strv_builder_add(uuids, uuid);
    return g_strv_builder_end(uuids);
}

static void
backendNbdserverServerSweep(backendNbdserverServer *server, virDomainPtr dom)
{
    LOCK_SCOPE(&server->lock);

    if (server->users > 0)
        return;
    if (dom && backendNbdserverIsServed(server->path) && !backendNbdserverClear(dom, TRUE))
        LOG_INFO("domain %s: its NBD server stays: %s", virDomainGetName(dom), errorText());
    unlink(server->path);
}

void
backendNbdserverSweep(backendNbdserver *self, const char *uuid, virDomainPtr dom)
{
    backendNbdserverServer *server = backendNbdserverGetServer(self, uuid);

    backendNbdserverServerSweep(server, dom);
    backendNbdserverServerUnref(server);
}

static int
backendNbdserverServerUse(backendNbdserverServer *server, virDomainPtr dom)
{
    LOCK_SCOPE(&server->lock);

    if (server->users == 0 && backendNbdserverServerStart(server, dom) < 0)
        return -1;
    server->users++;
    return 0;
}

backendNbdserverServer *
backendNbdserverAcquire(backendNbdserver *self, virDomainPtr dom)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    backendNbdserverServer *server;

    virDomainGetUUIDString(dom, uuid);
    server = backendNbdserverGetServer(self, uuid);
    if (backendNbdserverServerUse(server, dom) == 0)
        return server;
    backendNbdserverServerUnref(server);
    return NULL;
}

/* Whether that was the last user */
static bool
backendNbdserverServerLeave(backendNbdserverServer *server, virDomainPtr dom)
{
    LOCK_SCOPE(&server->lock);
    g_autofree char *stop = backendQmpNbdServerStop();

    if (--server->users > 0)
        return false;
    if (backendMonitorSend(dom, stop, -1, NULL) < 0)
        LOG_DEBUG("stopping the NBD server: %s", errorText());
    if (virConnectIsAlive(virDomainGetConnect(dom)) != 0)
        unlink(server->path);
    return true;
}

bool
backendNbdserverRelease(backendNbdserverServer *server, virDomainPtr dom)
{
    bool last = backendNbdserverServerLeave(server, dom);

    backendNbdserverServerUnref(server);
    return last;
}

int
backendNbdserverConnect(const backendNbdserverServer *server)
{
    return backendNbdserverSocket(server->path, FALSE);
}
