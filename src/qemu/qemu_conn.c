/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_conn.c: the three kinds of life of a connection */

#include "qemu/qemu_conn.h"

#include "qemu/qemu_reaction.h"
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
    qemuStreams *streams;
    backendNbdserver *exports;

    /* resident: all its life, follow touched by the loop's thread only;
     * in process: while following */
    eventThread *where;
    backendConnection *link; /* resident only */
    qemuHydration
        *hydration; /* resident only; gives back what others left, even if none is wanted */
    qemuReaction *follow;

    GMutex subscribing; /* in process: who begins or ends to follow; held over calls to libvirt,
                         * protects subscribers; taken before all others */
    unsigned int subscribers;

    GMutex lock; /* protects conn */
    virConnectPtr conn;
};

/* In process: those that follow, one per connection of the application's */
static struct {
    GMutex lock; /* protects conns and their follow */
    GPtrArray *conns;
} qemuConnFollowing;

/* @dir: where the sockets of NBD servers may be */
static qemuConn *
qemuConnNew(virConnectPtr conn, const char *dir, const qemuConnConfig *config, bool resident,
            const char *unhydratable)
{
    qemuConn *self = g_new0(qemuConn, 1);

    g_atomic_ref_count_init(&self->refs);
    g_mutex_init(&self->lock);
    g_mutex_init(&self->subscribing);
    self->resident = resident;
    self->config = *config;
    self->streams = qemuStreamsNew(self, resident, unhydratable);
    self->exports = backendNbdserverNew(dir);
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

    qemuHydrationUp(self->hydration, conn);
    if (!(self->follow = qemuReactionNew(conn, self->where, self->streams, self->exports,
                                         self->hydration, &config, true)))
        return -1;
    virConnectRef(conn);
    g_mutex_lock(&self->lock);
    self->conn = conn;
    g_mutex_unlock(&self->lock);
    return 0;
}

static void
qemuConnDown(void *opaque)
{
    qemuConn *self = opaque;
    g_autoptr(virConnect) conn = NULL;

    g_mutex_lock(&self->lock);
    conn = g_steal_pointer(&self->conn);
    g_mutex_unlock(&self->lock);
    g_clear_pointer(&self->follow, qemuReactionFree);
    qemuHydrationDown(self->hydration); /* nobody would tell when a job ends */
}

static const backendConnectionHandlers qemuConnLinkHandlers = {
    .up = qemuConnUp,
    .down = qemuConnDown,
};

qemuConn *
qemuConnNewResident(const char *uri, const char *socketDir, const qemuConnConfig *config)
{
    g_autofree char *dir = g_build_filename(socketDir, "streamdisk", NULL);
    qemuConn *self = qemuConnNew(NULL, dir, config, true,
                                 config->hydrate ? NULL : "virtstreamd is configured to have none");

    self->uri = g_strdup(uri);
    self->where = eventThreadNew("qemu-follow");
    self->hydration = qemuHydrationNew(self->streams, self->exports, config->hydrateUntried);
    self->link = backendConnectionNew(uri, socketDir, self->where, &qemuConnLinkHandlers, self);
    return self;
}

qemuConn *
qemuConnOpen(virConnectPtr conn)
{
    static const qemuConnConfig config = { .standstill = QEMU_CONN_STANDSTILL };
    g_autofree char *dir = g_build_filename(g_get_user_runtime_dir(), "libvirt", "streamdisk",
                                            NULL);
    LOCK_SCOPE(&qemuConnFollowing.lock);

    for (guint i = 0; qemuConnFollowing.conns && i < qemuConnFollowing.conns->len; i++) {
        qemuConn *self = g_ptr_array_index(qemuConnFollowing.conns, i);

        if (self->conn == conn) {
            g_atomic_ref_count_inc(&self->refs);
            return self;
        }
    }
    return qemuConnNew(conn, dir, &config, false, "there is none without virtstreamd");
}

void
qemuConnUnref(qemuConn *self)
{
    if (!self || !g_atomic_ref_count_dec(&self->refs))
        return;
    if (self->where)
        eventThreadStop(self->where);
    qemuReactionFree(self->follow);
    qemuHydrationFree(self->hydration);
    backendConnectionFree(self->link);
    eventThreadFree(self->where);
    qemuStreamsFree(self->streams);
    backendNbdserverFree(self->exports);
    handleCloseConnect(self->conn);
    g_mutex_clear(&self->lock);
    g_mutex_clear(&self->subscribing);
    g_free(self->uri);
    g_free(self);
}

virConnectPtr
qemuConnGetConnect(qemuConn *self)
{
    LOCK_SCOPE(&self->lock);

    if (!self->conn) {
        errorReport(VIR_ERR_OPERATION_FAILED, "virtstreamd is not connected to libvirt (%s)",
                    self->uri);
        return NULL;
    }
    virConnectRef(self->conn);
    return self->conn;
}

qemuStreams *
qemuConnGetStreams(qemuConn *self)
{
    return self->streams;
}

backendNbdserver *
qemuConnGetExports(qemuConn *self)
{
    return self->exports;
}

guint
qemuConnGetStandstill(qemuConn *self)
{
    return self->config.standstill;
}

bool
qemuConnIsResident(qemuConn *self)
{
    return self->resident;
}

void
qemuConnUnhydrate(qemuConn *self, qemuStream *stream)
{
    if (self->hydration)
        qemuHydrationEnd(self->hydration, stream);
}

void
qemuConnHydrate(qemuConn *self, qemuStream *stream)
{
    if (self->hydration)
        qemuHydrationTick(self->hydration, stream);
}

void
qemuConnPauseHydration(qemuConn *self, qemuStream *stream)
{
    if (self->hydration)
        qemuHydrationPause(self->hydration, stream);
}

bool
qemuConnIsFollowing(qemuConn *self)
{
    LOCK_SCOPE(&qemuConnFollowing.lock);

    return self->resident || self->follow;
}

/* Under self->subscribing */
static int
qemuConnFollow(qemuConn *self)
{
    eventThread *where = eventThreadNew("qemu-follow");
    qemuReaction *follow = qemuReactionNew(self->conn, where, self->streams, self->exports, NULL,
                                           &(qemuReactionConfig) { 0 }, false);

    if (!follow) {
        eventThreadFree(where);
        return -1;
    }
    self->where = where;

    {
        LOCK_SCOPE(&qemuConnFollowing.lock);

        self->follow = follow;
        if (!qemuConnFollowing.conns)
            qemuConnFollowing.conns = g_ptr_array_new();
        g_ptr_array_add(qemuConnFollowing.conns, self);
    }
    return 0;
}

/* Under self->subscribing */
static void
qemuConnUnfollow(qemuConn *self)
{
    qemuReaction *follow;

    {
        LOCK_SCOPE(&qemuConnFollowing.lock);

        g_ptr_array_remove_fast(qemuConnFollowing.conns, self);
        follow = g_steal_pointer(&self->follow);
    }
    eventThreadStop(self->where);
    qemuReactionFree(follow);
    g_clear_pointer(&self->where, eventThreadFree);
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
