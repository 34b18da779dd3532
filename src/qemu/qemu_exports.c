/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_exports.c: a count of users for each guest's server, and its socket */

#include "qemu/qemu_exports.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "qemu/qemu_monitor.h"
#include "qemu/qemu_qmp.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define QEMU_EXPORTS_FD_NAME "streamdisk"

LOG_INIT("qemu.exports");

struct _qemuExports {
    char *dir;
    GMutex lock;         /* held over the QMP calls that start and stop a server */
    GHashTable *servers; /* socket path -> number of users */
};

qemuExports *
qemuExportsNew(const char *dir)
{
    qemuExports *self = g_new0(qemuExports, 1);

    self->dir = g_strdup(dir);
    g_mutex_init(&self->lock);
    self->servers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return self;
}

void
qemuExportsFree(qemuExports *self)
{
    if (!self)
        return;
    g_rmdir(self->dir);
    g_hash_table_unref(self->servers);
    g_mutex_clear(&self->lock);
    g_free(self->dir);
    g_free(self);
}

static char *
qemuExportsPath(qemuExports *self, virDomainPtr dom)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(dom, uuid);
    return g_build_filename(self->dir, uuid, NULL);
}

static int
qemuExportsAddress(const char *path, struct sockaddr_un *addr)
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
qemuExportsIsServed(const char *path)
{
    struct sockaddr_un addr = { 0 };
    gboolean served;
    int fd;

    if (qemuExportsAddress(path, &addr) < 0 ||
        (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
        return FALSE;
    served = connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0 && errno == EPROTOTYPE;
    close(fd);
    return served;
}

/* A socket that connects to @path or listens there; -1 with an error. */
static int
qemuExportsSocket(const char *path, gboolean listening)
{
    struct sockaddr_un addr = { 0 };
    int fd;

    if (qemuExportsAddress(path, &addr) < 0)
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
qemuExportsStart(virDomainPtr dom, int fd)
{
    g_autofree char *getfd = qemuQmpGetfd(QEMU_EXPORTS_FD_NAME);
    g_autofree char *closefd = qemuQmpClosefd(QEMU_EXPORTS_FD_NAME);
    g_autofree char *start = qemuQmpNbdServerStart(QEMU_EXPORTS_FD_NAME);
    virErrorPtr refused;

    if (qemuMonitorSend(dom, getfd, fd, NULL) < 0)
        return -1;
    if (qemuMonitorSend(dom, start, -1, NULL) == 0)
        return 0;
    refused = errorKeep();
    if (qemuMonitorSend(dom, closefd, -1, NULL) < 0)
        LOG_DEBUG("taking a socket back: %s", errorText());
    errorRestore(refused);
    return -1;
}

/* Takes away what we left in this QEMU; false if there is nothing, or the server is somebody
 * else's. @ours: it is ours even if it exports nothing yet. */
static gboolean
qemuExportsClear(virDomainPtr dom, gboolean ours)
{
    g_autofree char *query = qemuQmpQueryBlockExports();
    g_autofree char *stop = qemuQmpNbdServerStop();
    g_autofree char *reply = NULL;
    g_auto(GStrv) ids = NULL;

    if (qemuMonitorSend(dom, query, -1, &reply) < 0 || !(ids = qemuQmpReplyExports(reply)))
        return FALSE;
    for (char **id = ids; *id; id++) {
        if (!g_str_has_prefix(*id, QEMU_EXPORTS_PREFIX))
            return FALSE;
    }
    for (char **id = ids; *id; id++) {
        g_autofree char *del = qemuQmpExportDel(*id);

        if (qemuMonitorSend(dom, del, -1, NULL) < 0)
            return FALSE;
    }
    return (ours || ids[0]) && qemuMonitorSend(dom, stop, -1, NULL) == 0;
}

static int
qemuExportsStartNew(qemuExports *self, virDomainPtr dom, const char *path)
{
    int fd;
    int rc;

    if (g_mkdir_with_parents(self->dir, 0700) < 0) {
        errorReportSystem(errno, "cannot create directory '%s'", self->dir);
        return -1;
    }
    unlink(path);
    if ((fd = qemuExportsSocket(path, TRUE)) < 0)
        return -1;
    rc = qemuExportsStart(dom, fd);
    if (rc < 0) {
        virErrorPtr refused = errorKeep();

        if (qemuExportsClear(dom, FALSE))
            rc = qemuExportsStart(dom, fd);
        else
            errorRestore(g_steal_pointer(&refused));
        virFreeError(refused);
    }
    close(fd);
    if (rc < 0)
        unlink(path);
    return rc;
}

void
qemuExportsSweep(qemuExports *self, virConnectPtr conn)
{
    LOCK_SCOPE(&self->lock);
    g_autoptr(GDir) dir = g_dir_open(self->dir, 0, NULL);
    const char *uuid;

    while (dir && (uuid = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(self->dir, uuid, NULL);
        g_autoptr(virDomain) dom = virDomainLookupByUUIDString(conn, uuid);

        if (dom && qemuExportsIsServed(path) && !qemuExportsClear(dom, TRUE))
            LOG_INFO("domain %s: its NBD server stays: %s", virDomainGetName(dom), errorText());
        unlink(path);
    }
}

int
qemuExportsAcquire(qemuExports *self, virDomainPtr dom)
{
    LOCK_SCOPE(&self->lock);
    g_autofree char *path = qemuExportsPath(self, dom);
    guint users = GPOINTER_TO_UINT(g_hash_table_lookup(self->servers, path));

    if (users == 0 && qemuExportsStartNew(self, dom, path) < 0)
        return -1;
    g_hash_table_replace(self->servers, g_steal_pointer(&path), GUINT_TO_POINTER(users + 1));
    return 0;
}

bool
qemuExportsRelease(qemuExports *self, virDomainPtr dom)
{
    LOCK_SCOPE(&self->lock);
    g_autofree char *path = qemuExportsPath(self, dom);
    g_autofree char *stop = qemuQmpNbdServerStop();
    guint users = GPOINTER_TO_UINT(g_hash_table_lookup(self->servers, path));

    if (users > 1) {
        g_hash_table_replace(self->servers, g_steal_pointer(&path), GUINT_TO_POINTER(users - 1));
        return false;
    }
    g_hash_table_remove(self->servers, path);
    if (qemuMonitorSend(dom, stop, -1, NULL) < 0)
        LOG_DEBUG("stopping the NBD server: %s", errorText());
    if (virConnectIsAlive(virDomainGetConnect(dom)) != 0)
        unlink(path);
    return true;
}

int
qemuExportsConnect(qemuExports *self, virDomainPtr dom)
{
    g_autofree char *path = qemuExportsPath(self, dom);

    return qemuExportsSocket(path, FALSE);
}
