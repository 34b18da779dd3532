/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_nbd_server.c: a server's exports, and its socket */

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

    gint open; /* atomic: QEMU has something of ours, or may have */

    GMutex lock;        /* held over the QMP calls; protects all below */
    GPtrArray *exports; /* ids of those in use */
    bool stray;         /* QEMU may have others of ours */
};

backendNbdServer *
backendNbdServerNew(const char *dir, const char *uuid)
{
    backendNbdServer *self = g_new0(backendNbdServer, 1);

    self->dir = g_strdup(dir);
    self->path = g_build_filename(dir, uuid, NULL);
    g_mutex_init(&self->lock);
    self->exports = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void
backendNbdServerFree(backendNbdServer *self)
{
    if (!self)
        return;
    g_mutex_clear(&self->lock);
    g_ptr_array_unref(self->exports);
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

static bool
backendNbdServerIsExport(const backendNbdServer *self, const char *id)
{
    return g_ptr_array_find_with_equal_func(self->exports, id, g_str_equal, NULL);
}

/* Removes the exports of ours that are not in use, and tells which there are; -1 if that fails. */
static int
backendNbdServerRemoveStray(backendNbdServer *self, virDomainPtr dom, bool *ours, bool *others)
{
    g_autofree char *query = backendQmpQueryBlockExports();
    g_autofree char *reply = NULL;
    g_auto(GStrv) ids = NULL;

    *ours = *others = false;
    if (backendMonitorSend(dom, query, -1, &reply) < 0 || !(ids = backendQmpReplyExports(reply)))
        return -1;
    for (char **id = ids; *id; id++) {
        g_autofree char *del = backendQmpExportDel(*id);
        bool isOurs = g_str_has_prefix(*id, BACKEND_NBD_SERVER_PREFIX);

        *(isOurs ? ours : others) = true;
        if (isOurs && !backendNbdServerIsExport(self, *id) &&
            backendMonitorSend(dom, del, -1, NULL) < 0)
            return -1;
    }
    self->stray = false;
    return 0;
}

/* Stops the server of a QEMU, if it is ours and nobody uses it. @ours: it is, even if it exports
 * nothing yet. */
static bool
backendNbdServerStop(backendNbdServer *self, virDomainPtr dom, bool ours)
{
    g_autofree char *stop = backendQmpNbdServerStop();
    bool exportsOurs;
    bool exportsOthers;

    return backendNbdServerRemoveStray(self, dom, &exportsOurs, &exportsOthers) == 0 &&
           !exportsOthers && (ours || exportsOurs) && backendMonitorSend(dom, stop, -1, NULL) == 0;
}

/* Nobody listens any more: QEMU has closed the socket, or never had it. Then it is crossed off. */
static bool
backendNbdServerIsSettled(backendNbdServer *self)
{
    if (self->exports->len > 0 || backendNbdServerIsServed(self->path))
        return false;
    unlink(self->path);
    self->stray = false;
    g_atomic_int_set(&self->open, false);
    return true;
}

/* A socket may be in QEMU without being a server's: of a start that was refused, or did not come. */
static bool
backendNbdServerTakeBack(backendNbdServer *self, virDomainPtr dom)
{
    g_autofree char *closefd = backendQmpClosefd(BACKEND_NBD_SERVER_FD_NAME);

    if (backendNbdServerIsSettled(self))
        return true;
    g_atomic_int_set(&self->open, true);
    if (!dom)
        return false;
    if (backendMonitorSend(dom, closefd, -1, NULL) == 0 && backendNbdServerIsSettled(self))
        return true;
    return backendNbdServerStop(self, dom, true) && backendNbdServerIsSettled(self);
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
    if (!backendNbdServerTakeBack(self, dom)) {
        errorReport(VIR_ERR_OPERATION_FAILED, "%s", "QEMU still has an NBD server of before");
        return -1;
    }
    if ((fd = backendNbdServerSocket(self->path, true)) < 0)
        return -1;
    g_atomic_int_set(&self->open, true);
    rc = backendNbdServerStart(dom, fd);
    if (rc < 0) {
        virErrorPtr refused = errorKeep();

        if (backendNbdServerStop(self, dom, false))
            rc = backendNbdServerStart(dom, fd);
        else
            errorRestore(g_steal_pointer(&refused));
        virFreeError(refused);
    }
    close(fd);
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

bool
backendNbdServerIsOpen(backendNbdServer *self)
{
    return g_atomic_int_get(&self->open);
}

static void
backendNbdServerRemoveUnused(backendNbdServer *self, virDomainPtr dom)
{
    bool ours;
    bool others;

    if (self->exports->len == 0) {
        if (!backendNbdServerTakeBack(self, dom))
            LOG_DEBUG("socket '%s' is still QEMU's: %s", self->path, errorText());
    } else if (self->stray && backendNbdServerRemoveStray(self, dom, &ours, &others) < 0) {
        LOG_DEBUG("removing exports: %s", errorText());
    }
}

void
backendNbdServerRemoveLeft(backendNbdServer *self, virDomainPtr dom)
{
    if (!g_mutex_trylock(&self->lock))
        return; /* somebody waits for QEMU: the next time */
    backendNbdServerRemoveUnused(self, dom);
    g_mutex_unlock(&self->lock);
}

int
backendNbdServerAcquire(backendNbdServer *self, virDomainPtr dom, const char *id)
{
    LOCK_SCOPE(&self->lock);

    if (self->exports->len == 0 && backendNbdServerBegin(self, dom) < 0) {
        virErrorPtr kept = errorKeep();

        backendNbdServerIsSettled(self);
        errorRestore(kept);
        return -1;
    }
    g_ptr_array_add(self->exports, g_strdup(id));
    return 0;
}

void
backendNbdServerRelease(backendNbdServer *self, virDomainPtr dom, const char *id)
{
    LOCK_SCOPE(&self->lock);
    g_autofree char *del = backendQmpExportDel(id);
    g_autofree char *stop = backendQmpNbdServerStop();
    guint index;

    if (g_ptr_array_find_with_equal_func(self->exports, id, g_str_equal, &index))
        g_ptr_array_remove_index_fast(self->exports, index);
    /* the fewer commands, the less likely that somebody's next call comes between them */
    if (backendMonitorSend(dom, self->exports->len > 0 ? del : stop, -1, NULL) < 0) {
        LOG_DEBUG("giving back export %s: %s", id, errorText());
        self->stray = true;
    }
    backendNbdServerIsSettled(self);
}

int
backendNbdServerConnect(const backendNbdServer *self)
{
    return backendNbdServerSocket(self->path, false);
}
