/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_connection.c: connecting, and waiting for libvirtd when it is not there
 *
 * What is waited for is a change in the directory of libvirtd's socket. A socket that is
 * there may still refuse for a moment, and a change can be missed when the directory itself
 * comes late, so a timer tries too, more and more seldom.
 */

#include "backend/backend_connection.h"

#include <gio/gio.h>
#include <stdbool.h>

#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define BACKEND_CONNECTION_RETRY_MIN 100   /* ms */
#define BACKEND_CONNECTION_RETRY_MAX 5000  /* ms */
#define BACKEND_CONNECTION_FIRST_MAX 15000 /* ms; of it a guest that does not answer takes 3 s */
#define BACKEND_CONNECTION_KEEPALIVE_INTERVAL 5 /* s */
#define BACKEND_CONNECTION_KEEPALIVE_COUNT 5

LOG_INIT("backend.connection");

struct _backendConnection {
    char *uri;
    char *socketDir;
    eventThread *where;
    const backendConnectionHandlers *handlers;
    void *opaque;
    virConnectPtr conn; /* NULL while not connected */
    GFileMonitor *monitor;
    GSource *timer; /* NULL unless the next try is set */
    guint wait;     /* ms */

    GMutex lock; /* protects tried */
    GCond cond;
    bool tried; /* whether there is a libvirtd is known */
};

static gboolean backendConnectionTry(void *opaque);

static void
backendConnectionCancelTimer(backendConnection *self)
{
    if (!self->timer)
        return;
    g_source_destroy(self->timer);
    g_clear_pointer(&self->timer, g_source_unref);
}

static void
backendConnectionTryIn(backendConnection *self, guint ms)
{
    backendConnectionCancelTimer(self);
    self->timer = eventThreadAddTimer(self->where, ms, backendConnectionTry, self);
}

static gboolean
backendConnectionLost(void *opaque)
{
    backendConnection *self = opaque;

    if (!self->conn)
        return G_SOURCE_REMOVE;
    LOG_WARNING("connection to libvirt (%s) lost", self->uri);
    self->handlers->down(self->opaque);
    g_clear_pointer(&self->conn, handleCloseConnect);
    self->wait = BACKEND_CONNECTION_RETRY_MIN;
    backendConnectionTryIn(self, 0);
    return G_SOURCE_REMOVE;
}

/* In libvirt's event thread */
static void
backendConnectionClosed(virConnectPtr conn, int reason, void *opaque)
{
    backendConnection *self = opaque;

    if (reason != VIR_CONNECT_CLOSE_REASON_CLIENT)
        eventThreadInvoke(self->where, backendConnectionLost, self, NULL);
}

static int
backendConnectionOpen(backendConnection *self)
{
    g_autoptr(virConnect) conn = virConnectOpen(self->uri);

    if (!conn || virConnectSetKeepAlive(conn, BACKEND_CONNECTION_KEEPALIVE_INTERVAL,
                                        BACKEND_CONNECTION_KEEPALIVE_COUNT) < 0)
        return -1;
    if (virConnectRegisterCloseCallback(conn, backendConnectionClosed, self, NULL) < 0)
        return -1;
    if (self->handlers->up(conn, self->opaque) < 0) {
        virErrorPtr kept = errorKeep();

        virConnectUnregisterCloseCallback(conn, backendConnectionClosed);
        errorRestore(kept);
        return -1;
    }
    self->conn = g_steal_pointer(&conn);
    return 0;
}

static void
backendConnectionTried(backendConnection *self)
{
    LOCK_SCOPE(&self->lock);

    self->tried = true;
    g_cond_broadcast(&self->cond);
}

static void
backendConnectionAwaitFirst(backendConnection *self)
{
    gint64 until = g_get_monotonic_time() + BACKEND_CONNECTION_FIRST_MAX * 1000;
    LOCK_SCOPE(&self->lock);

    while (!self->tried && g_cond_wait_until(&self->cond, &self->lock, until))
        ;
}

static gboolean
backendConnectionTry(void *opaque)
{
    backendConnection *self = opaque;

    backendConnectionCancelTimer(self);
    if (self->conn)
        return G_SOURCE_REMOVE;
    if (backendConnectionOpen(self) < 0) {
        LOG_DEBUG("no libvirt at %s, again in %u ms: %s", self->uri, self->wait, errorText());
        backendConnectionTryIn(self, self->wait);
        self->wait = MIN(2 * self->wait, BACKEND_CONNECTION_RETRY_MAX);
        return G_SOURCE_REMOVE;
    }
    LOG_INFO("connected to libvirt (%s)", self->uri);
    return G_SOURCE_REMOVE;
}

static void
backendConnectionDirChanged(GFileMonitor *monitor, GFile *file, GFile *other,
                            GFileMonitorEvent event, void *opaque)
{
    backendConnection *self = opaque;

    if (self->conn || event != G_FILE_MONITOR_EVENT_CREATED)
        return;
    self->wait = BACKEND_CONNECTION_RETRY_MIN;
    backendConnectionTryIn(self, 0);
}

/* The first thing in the loop's thread, whose context the monitor reports to. */
static gboolean
backendConnectionBegin(void *opaque)
{
    backendConnection *self = opaque;
    g_autoptr(GFile) dir = g_file_new_for_path(self->socketDir);

    self->monitor = g_file_monitor_directory(dir, G_FILE_MONITOR_NONE, NULL, NULL);
    if (self->monitor)
        g_signal_connect(self->monitor, "changed", G_CALLBACK(backendConnectionDirChanged), self);
    backendConnectionTry(self);
    backendConnectionTried(self);
    return G_SOURCE_REMOVE;
}

backendConnection *
backendConnectionNew(const char *uri, const char *socketDir, eventThread *where,
                     const backendConnectionHandlers *handlers, void *opaque)
{
    backendConnection *self = g_new0(backendConnection, 1);

    self->uri = g_strdup(uri);
    self->socketDir = g_strdup(socketDir);
    self->where = where;
    self->handlers = handlers;
    self->opaque = opaque;
    self->wait = BACKEND_CONNECTION_RETRY_MIN;
    g_mutex_init(&self->lock);
    g_cond_init(&self->cond);
    eventThreadInvoke(where, backendConnectionBegin, self, NULL);
    backendConnectionAwaitFirst(self);
    return self;
}

void
backendConnectionFree(backendConnection *self)
{
    if (!self)
        return;
    backendConnectionCancelTimer(self);
    g_clear_object(&self->monitor);
    if (self->conn)
        virConnectUnregisterCloseCallback(self->conn, backendConnectionClosed);
    handleCloseConnect(self->conn);
    g_free(self->uri);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->cond);
    g_free(self->socketDir);
    g_free(self);
}
