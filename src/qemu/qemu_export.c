/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_export.c: NBD servers by guest, and the exports on them */

#include "qemu/qemu_export.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
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

#define QEMU_EXPORT_FD_NAME "streamdisk"

LOG_INIT("qemu.export");

struct _qemuExports {
    char *dir;
    GMutex lock; /* held over the QMP calls that start and stop a server */
    GHashTable *servers; /* uuid string -> number of exports */
};

struct _qemuExport {
    qemuExports *exports;
    virDomainPtr dom;
    char uuid[VIR_UUID_STRING_BUFLEN];
    char *id;
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

/* The address of a guest's socket; -1 and an error if the directory is too deep. */
static int
qemuExportAddress(qemuExports *exports, const char *uuid, struct sockaddr_un *addr)
{
    *addr = (struct sockaddr_un) { .sun_family = AF_UNIX };
    if (g_snprintf(addr->sun_path, sizeof(addr->sun_path), "%s/%s", exports->dir, uuid) >=
        (int) sizeof(addr->sun_path)) {
        errorReport(VIR_ERR_INTERNAL_ERROR, "the path of socket '%s/%s' is too long",
                    exports->dir, uuid);
        return -1;
    }
    return 0;
}

static int
qemuExportListen(qemuExports *exports, const char *uuid)
{
    struct sockaddr_un addr;
    int fd;

    if (qemuExportAddress(exports, uuid, &addr) < 0)
        return -1;
    if (g_mkdir_with_parents(exports->dir, 0700) < 0) {
        errorReportSystem(errno, "cannot create directory '%s'", exports->dir);
        return -1;
    }
    unlink(addr.sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0 || listen(fd, 8) < 0) {
        errorReportSystem(errno, "cannot listen on '%s'", addr.sun_path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static int
qemuExportStartServer(qemuExports *exports, virDomainPtr dom, const char *uuid)
{
    g_autofree char *getfd = qemuQmpGetfd(QEMU_EXPORT_FD_NAME);
    g_autofree char *start = qemuQmpNbdServerStart(QEMU_EXPORT_FD_NAME);
    int fd = qemuExportListen(exports, uuid);
    int rc;

    if (fd < 0)
        return -1;
    rc = qemuMonitorSend(dom, getfd, fd, NULL);
    close(fd);
    if (rc == 0)
        rc = qemuMonitorSend(dom, start, -1, NULL);
    return rc;
}

static void
qemuExportRemoveSocket(qemuExports *exports, const char *uuid)
{
    struct sockaddr_un addr;

    if (qemuExportAddress(exports, uuid, &addr) == 0)
        unlink(addr.sun_path);
}

/* One more export on the guest's server, which is started if it is the first. */
static int
qemuExportAcquireServer(qemuExports *exports, virDomainPtr dom, const char *uuid)
{
    LOCK_SCOPE(&exports->lock);
    guint users = GPOINTER_TO_UINT(g_hash_table_lookup(exports->servers, uuid));

    if (users == 0 && qemuExportStartServer(exports, dom, uuid) < 0) {
        qemuExportRemoveSocket(exports, uuid);
        return -1;
    }
    g_hash_table_replace(exports->servers, g_strdup(uuid), GUINT_TO_POINTER(users + 1));
    return 0;
}

static void
qemuExportReleaseServer(qemuExports *exports, virDomainPtr dom, const char *uuid)
{
    LOCK_SCOPE(&exports->lock);
    guint users = GPOINTER_TO_UINT(g_hash_table_lookup(exports->servers, uuid));

    if (users > 1) {
        g_hash_table_replace(exports->servers, g_strdup(uuid), GUINT_TO_POINTER(users - 1));
        return;
    }
    g_hash_table_remove(exports->servers, uuid);
    {
        g_autofree char *stop = qemuQmpNbdServerStop();

        if (qemuMonitorSend(dom, stop, -1, NULL) < 0)
            LOG_DEBUG("stopping the NBD server: %s", errorText());
    }
    qemuExportRemoveSocket(exports, uuid);
}

static int
qemuExportAdd(qemuExport *self, const char *alias)
{
    g_autofree char *query = qemuQmpQueryBlock();
    g_autofree char *blocks = NULL;
    g_autofree char *node = NULL;
    g_autofree char *add = NULL;

    if (qemuMonitorSend(self->dom, query, -1, &blocks) < 0)
        return -1;
    if (!(node = qemuQmpReplyNode(blocks, alias))) {
        errorReport(VIR_ERR_OPERATION_FAILED, "QEMU has no node for device '%s'", alias);
        return -1;
    }
    add = qemuQmpExportAdd(self->id, node);
    return qemuMonitorSend(self->dom, add, -1, NULL);
}

qemuExport *
qemuExportNew(qemuExports *exports, virDomainPtr dom, const char *target, const char *alias)
{
    qemuExport *self = g_new0(qemuExport, 1);

    virDomainRef(dom);
    self->exports = exports;
    self->dom = dom;
    self->id = g_strdup_printf("streamdisk-%s", target);
    virDomainGetUUIDString(dom, self->uuid);
    if (qemuExportAcquireServer(exports, dom, self->uuid) == 0) {
        if (qemuExportAdd(self, alias) == 0)
            return self;
        {
            virErrorPtr kept = errorKeep();

            qemuExportReleaseServer(exports, dom, self->uuid);
            errorRestore(kept);
        }
    }
    handleFreeDomain(dom);
    g_free(self->id);
    g_free(self);
    return NULL;
}

int
qemuExportConnect(qemuExport *self)
{
    struct sockaddr_un addr;
    int fd;

    if (qemuExportAddress(self->exports, self->uuid, &addr) < 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0) {
        errorReportSystem(errno, "cannot connect to '%s'", addr.sun_path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

const char *
qemuExportGetName(const qemuExport *self)
{
    return self->id;
}

void
qemuExportFree(qemuExport *self)
{
    g_autofree char *del = NULL;

    if (!self)
        return;
    del = qemuQmpExportDel(self->id);
    if (qemuMonitorSend(self->dom, del, -1, NULL) < 0)
        LOG_DEBUG("removing export %s: %s", self->id, errorText());
    qemuExportReleaseServer(self->exports, self->dom, self->uuid);
    handleFreeDomain(self->dom);
    g_free(self->id);
    g_free(self);
}
