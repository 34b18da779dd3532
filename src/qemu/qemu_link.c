/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_link.c: connecting, and waiting for libvirtd when it is not there
 *
 * What is waited for is a change in the directory of libvirtd's socket. A socket that is
 * there may still refuse for a moment, and a change can be missed when the directory itself
 * comes late, so a timer tries too, more and more seldom.
 */

#include "qemu/qemu_link.h"

#include <gio/gio.h>
#include <stdbool.h>

#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define QEMU_LINK_RETRY_MIN 100  /* ms */
#define QEMU_LINK_RETRY_MAX 5000 /* ms */
#define QEMU_LINK_FIRST_MAX 15000 /* ms; of it a guest that does not answer takes 3 s */
#define QEMU_LINK_KEEPALIVE_INTERVAL 5 /* s */
#define QEMU_LINK_KEEPALIVE_COUNT 5

LOG_INIT("qemu.link");

struct _qemuLink {
    char *uri;
    char *socketDir;
    loop *where;
    const qemuLinkHandlers *handlers;
    void *opaque;
    virConnectPtr conn; /* NULL while not connected */
    GFileMonitor *monitor;
    GSource *timer; /* NULL unless the next try is set */
    guint wait;     /* ms */

    GMutex lock; /* protects tried */
    GCond cond;
    bool tried; /* whether there is a libvirtd is known */
};

static gboolean qemuLinkTry(void *opaque);

static void
qemuLinkCancelTimer(qemuLink *self)
{
    if (!self->timer)
        return;
    g_source_destroy(self->timer);
    g_clear_pointer(&self->timer, g_source_unref);
}

static void
qemuLinkTryIn(qemuLink *self, guint ms)
{
    qemuLinkCancelTimer(self);
    self->timer = loopAddTimer(self->where, ms, qemuLinkTry, self);
}

static gboolean
qemuLinkLost(void *opaque)
{
    qemuLink *self = opaque;

    if (!self->conn)
        return G_SOURCE_REMOVE;
    LOG_WARNING("connection to libvirt (%s) lost", self->uri);
    self->handlers->down(self->opaque);
    g_clear_pointer(&self->conn, handleCloseConnect);
    self->wait = QEMU_LINK_RETRY_MIN;
    qemuLinkTryIn(self, 0);
    return G_SOURCE_REMOVE;
}

/* In libvirt's event loop */
static void
qemuLinkClosed(virConnectPtr conn, int reason, void *opaque)
{
    qemuLink *self = opaque;

    if (reason != VIR_CONNECT_CLOSE_REASON_CLIENT)
        loopInvoke(self->where, qemuLinkLost, self, NULL);
}

static int
qemuLinkOpen(qemuLink *self)
{
    g_autoptr(virConnect) conn = virConnectOpen(self->uri);

    if (!conn || virConnectSetKeepAlive(conn, QEMU_LINK_KEEPALIVE_INTERVAL,
                                        QEMU_LINK_KEEPALIVE_COUNT) < 0)
        return -1;
    if (virConnectRegisterCloseCallback(conn, qemuLinkClosed, self, NULL) < 0)
        return -1;
    if (self->handlers->up(conn, self->opaque) < 0) {
        virErrorPtr kept = errorKeep();

        virConnectUnregisterCloseCallback(conn, qemuLinkClosed);
        errorRestore(kept);
        return -1;
    }
    self->conn = g_steal_pointer(&conn);
    return 0;
}

static void
qemuLinkTried(qemuLink *self)
{
    LOCK_SCOPE(&self->lock);

    self->tried = true;
    g_cond_broadcast(&self->cond);
}

static void
qemuLinkAwaitFirst(qemuLink *self)
{
    gint64 until = g_get_monotonic_time() + QEMU_LINK_FIRST_MAX * 1000;
    LOCK_SCOPE(&self->lock);

    while (!self->tried && g_cond_wait_until(&self->cond, &self->lock, until))
        ;
}

static gboolean
qemuLinkTry(void *opaque)
{
    qemuLink *self = opaque;

    qemuLinkCancelTimer(self);
    if (self->conn)
        return G_SOURCE_REMOVE;
    if (qemuLinkOpen(self) < 0) {
        LOG_DEBUG("no libvirt at %s, again in %u ms: %s", self->uri, self->wait, errorText());
        qemuLinkTryIn(self, self->wait);
        self->wait = MIN(2 * self->wait, QEMU_LINK_RETRY_MAX);
        return G_SOURCE_REMOVE;
    }
    LOG_INFO("connected to libvirt (%s)", self->uri);
    return G_SOURCE_REMOVE;
}

static void
qemuLinkDirChanged(GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
                   void *opaque)
{
    qemuLink *self = opaque;

    if (self->conn || event != G_FILE_MONITOR_EVENT_CREATED)
        return;
    self->wait = QEMU_LINK_RETRY_MIN;
    qemuLinkTryIn(self, 0);
}

/* The first thing in the loop's thread, whose context the monitor reports to. */
static gboolean
qemuLinkBegin(void *opaque)
{
    qemuLink *self = opaque;
    g_autoptr(GFile) dir = g_file_new_for_path(self->socketDir);

    self->monitor = g_file_monitor_directory(dir, G_FILE_MONITOR_NONE, NULL, NULL);
    if (self->monitor)
        g_signal_connect(self->monitor, "changed", G_CALLBACK(qemuLinkDirChanged), self);
    qemuLinkTry(self);
    qemuLinkTried(self);
    return G_SOURCE_REMOVE;
}

qemuLink *
qemuLinkNew(const char *uri, const char *socketDir, loop *where,
            const qemuLinkHandlers *handlers, void *opaque)
{
    qemuLink *self = g_new0(qemuLink, 1);

    self->uri = g_strdup(uri);
    self->socketDir = g_strdup(socketDir);
    self->where = where;
    self->handlers = handlers;
    self->opaque = opaque;
    self->wait = QEMU_LINK_RETRY_MIN;
    g_mutex_init(&self->lock);
    g_cond_init(&self->cond);
    loopInvoke(where, qemuLinkBegin, self, NULL);
    qemuLinkAwaitFirst(self);
    return self;
}

void
qemuLinkFree(qemuLink *self)
{
    if (!self)
        return;
    qemuLinkCancelTimer(self);
    g_clear_object(&self->monitor);
    if (self->conn)
        virConnectUnregisterCloseCallback(self->conn, qemuLinkClosed);
    handleCloseConnect(self->conn);
    g_free(self->uri);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->cond);
    g_free(self->socketDir);
    g_free(self);
}
