/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_conn.c: the three kinds of life of a connection */

#include "qemu/qemu_conn.h"

#include "qemu/qemu_hydration.h"
#include "qemu/qemu_reaction.h"
#include <glib/gstdio.h>

#include "backend/backend_connection.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define QEMU_CONN_STANDSTILL 1000 /* ms, in process */

struct _qemuConn {
    gatomicrefcount refs;
    bool resident;
    char *uri; /* resident only */
    qemuConnConfig config;
    char *socketDir;
    qemuGuestTable *guests;

    /* resident: all its life, reaction touched by the thread only;
     * in process: while following */
    eventThread *thread;
    backendConnection *connection; /* resident only */
    qemuReaction *reaction;

    GMutex subscribing; /* in process: who begins or ends to follow; held over calls to libvirt,
                         * protects subscribers; taken before all others */
    unsigned int subscribers;

    virConnectPtr conn; /* protected by qemuConnShared.lock */
};

/* Of all connections */
static struct {
    GMutex lock;          /* protects following, their reaction, and the conn of each */
    GPtrArray *following; /* in process, one per connection of the application's */
} qemuConnShared;

/* @socketDir: where the sockets of NBD servers may be; taken over */
static qemuConn *
qemuConnNew(virConnectPtr conn, char *socketDir, const qemuConnConfig *config, bool resident,
            const char *noHydration)
{
    qemuConn *self = g_new0(qemuConn, 1);
    const qemuGuestConfig guests = {
        .publisher = self,
        .turns = resident,
        .noHydration = noHydration,
        .hydrateUntried = config->hydrateUntried,
        .standstill = config->standstill,
        .socketDir = socketDir,
    };

    g_atomic_ref_count_init(&self->refs);
    g_mutex_init(&self->subscribing);
    self->resident = resident;
    self->config = *config;
    self->socketDir = socketDir;
    self->guests = qemuGuestTableNew(&guests);
    qemuGuestTableSetFollowed(self->guests, resident);
    if (conn)
        virConnectRef(conn);
    self->conn = conn;
    return self;
}

static int
qemuConnUp(virConnectPtr conn, void *opaque)
{
    qemuConn *self = opaque;
    const qemuReactionConfig config = {
        .standstill = self->config.standstillOthers,
        .statusDir = self->config.hydrate ? self->config.statusDir : NULL,
    };

    qemuHydrationTakeBackAll(self->guests, conn);
    if (!(self->reaction = qemuReactionNew(conn, self->thread, self->guests, &config, true)))
        return -1;
    LOCK_SCOPE(&qemuConnShared.lock);

    virConnectRef(conn);
    self->conn = conn;
    return 0;
}

static virConnectPtr
qemuConnTakeConnect(qemuConn *self)
{
    LOCK_SCOPE(&qemuConnShared.lock);

    return g_steal_pointer(&self->conn);
}

static void
qemuConnStopHydration(qemuConn *self, const char *reason)
{
    g_autoptr(GPtrArray) active = qemuStreamsListAllActive(self->guests);

    for (guint i = 0; i < active->len; i++)
        qemuHydrationStop(g_ptr_array_index(active, i), reason);
}

static void
qemuConnDown(void *opaque)
{
    qemuConn *self = opaque;
    virConnectPtr conn = qemuConnTakeConnect(self);

    g_clear_pointer(&self->reaction, qemuReactionFree);
    qemuConnStopHydration(self, "libvirt is away"); /* nobody would tell when a job ends */
    handleCloseConnect(conn);
}

static const backendConnectionHandlers qemuConnHandlers = {
    .up = qemuConnUp,
    .down = qemuConnDown,
};

qemuConn *
qemuConnNewResident(const char *uri, const char *socketDir, const qemuConnConfig *config)
{
    char *dir = g_build_filename(socketDir, "streamdisk", NULL);
    qemuConn *self = qemuConnNew(NULL, dir, config, true,
                                 config->hydrate ? NULL : "virtstreamd is configured to have none");

    self->uri = g_strdup(uri);
    self->thread = eventThreadNew("qemu-events");
    self->connection = backendConnectionNew(uri, socketDir, self->thread, &qemuConnHandlers, self);
    return self;
}

qemuConn *
qemuConnOpen(virConnectPtr conn)
{
    static const qemuConnConfig config = { .standstill = QEMU_CONN_STANDSTILL };
    LOCK_SCOPE(&qemuConnShared.lock);

    for (guint i = 0; qemuConnShared.following && i < qemuConnShared.following->len; i++) {
        qemuConn *self = g_ptr_array_index(qemuConnShared.following, i);

        if (self->conn == conn) {
            g_atomic_ref_count_inc(&self->refs);
            return self;
        }
    }
    return qemuConnNew(conn,
                       g_build_filename(g_get_user_runtime_dir(), "libvirt", "streamdisk", NULL),
                       &config, false, "there is none without virtstreamd");
}

void
qemuConnUnref(qemuConn *self)
{
    if (!self || !g_atomic_ref_count_dec(&self->refs))
        return;
    if (self->thread)
        eventThreadStop(self->thread);
    qemuReactionFree(self->reaction);
    qemuConnStopHydration(self, NULL);
    taskQueuePoolCancel(qemuGuestTableGetCleanup(self->guests));
    backendConnectionFree(self->connection);
    eventThreadFree(self->thread);
    qemuStreamsForgetAll(self->guests);
    qemuGuestTableFree(self->guests);
    g_rmdir(self->socketDir);
    handleCloseConnect(self->conn);
    g_mutex_clear(&self->subscribing);
    g_free(self->socketDir);
    g_free(self->uri);
    g_free(self);
}

virConnectPtr
qemuConnGetConnect(qemuConn *self)
{
    LOCK_SCOPE(&qemuConnShared.lock);

    if (!self->conn) {
        errorReport(VIR_ERR_OPERATION_FAILED, "virtstreamd is not connected to libvirt (%s)",
                    self->uri);
        return NULL;
    }
    virConnectRef(self->conn);
    return self->conn;
}

qemuGuestTable *
qemuConnGetGuests(qemuConn *self)
{
    return self->guests;
}

/* Under self->subscribing */
static int
qemuConnFollow(qemuConn *self)
{
    eventThread *thread = eventThreadNew("qemu-events");
    qemuReaction *reaction = qemuReactionNew(self->conn, thread, self->guests,
                                             &(qemuReactionConfig) { 0 }, false);

    if (!reaction) {
        eventThreadFree(thread);
        return -1;
    }
    self->thread = thread;
    qemuGuestTableSetFollowed(self->guests, true);
    LOCK_SCOPE(&qemuConnShared.lock);

    self->reaction = reaction;
    if (!qemuConnShared.following)
        qemuConnShared.following = g_ptr_array_new();
    g_ptr_array_add(qemuConnShared.following, self);
    return 0;
}

static qemuReaction *
qemuConnTakeReaction(qemuConn *self)
{
    LOCK_SCOPE(&qemuConnShared.lock);

    g_ptr_array_remove_fast(qemuConnShared.following, self);
    return g_steal_pointer(&self->reaction);
}

/* Under self->subscribing */
static void
qemuConnUnfollow(qemuConn *self)
{
    qemuReaction *reaction = qemuConnTakeReaction(self);

    qemuGuestTableSetFollowed(self->guests, false);
    eventThreadStop(self->thread);
    qemuReactionFree(reaction);
    g_clear_pointer(&self->thread, eventThreadFree);
}

int
qemuConnSubscribe(qemuConn *self)
{
    LOCK_SCOPE(&self->subscribing);

    if (self->resident)
        return 0;
    if (self->subscribers == 0 && qemuConnFollow(self) < 0)
        return -1;
    self->subscribers++;
    return 0;
}

void
qemuConnUnsubscribe(qemuConn *self)
{
    LOCK_SCOPE(&self->subscribing);

    if (!self->resident && --self->subscribers == 0)
        qemuConnUnfollow(self);
}
