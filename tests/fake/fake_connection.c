/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_connection.c: stands in for backend/backend_connection.c */

#include "fake_connection.h"

#include "backend/backend_connection.h"
#include "util/handle.h"
#include "util/lock.h"

typedef enum {
    FAKE_CONNECTION_UP,
    FAKE_CONNECTION_DOWN,
} fakeConnectionChange;

struct _backendConnection {
    eventThread *where;
    const backendConnectionHandlers *handlers;
    void *opaque;
    virConnectPtr conn; /* touched in the thread only, or after it */
};

static struct {
    bool away;
    backendConnection *now; /* the one of the daemon */
} fakeConnections;

/* A change that the thread is told of */
typedef struct {
    backendConnection *self;
    fakeConnectionChange change;
    GMutex lock;
    GCond cond;
    bool done;
    int rc;
} fakeConnectionTask;

void
fakeConnectionSetUp(void)
{
    fakeConnections.away = false;
}

void
fakeConnectionSetAway(void)
{
    fakeConnections.away = true;
}

static int
fakeConnectionOpen(backendConnection *self)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");

    if (self->handlers->up(conn, self->opaque) < 0)
        return -1;
    self->conn = g_steal_pointer(&conn);
    return 0;
}

static void
fakeConnectionClose(backendConnection *self)
{
    self->handlers->down(self->opaque);
    handleCloseConnect(g_steal_pointer(&self->conn));
}

static gboolean
fakeConnectionTaskRun(void *opaque)
{
    fakeConnectionTask *task = opaque;

    if (task->change == FAKE_CONNECTION_UP)
        task->rc = fakeConnectionOpen(task->self);
    else
        fakeConnectionClose(task->self);
    LOCK_SCOPE(&task->lock);

    task->done = true;
    g_cond_broadcast(&task->cond);
    return G_SOURCE_REMOVE;
}

static int
fakeConnectionTell(backendConnection *self, fakeConnectionChange change)
{
    fakeConnectionTask task = { .self = self, .change = change };

    g_mutex_init(&task.lock);
    g_cond_init(&task.cond);
    eventThreadInvoke(self->where, fakeConnectionTaskRun, &task, NULL);
    g_mutex_lock(&task.lock);
    while (!task.done)
        g_cond_wait(&task.cond, &task.lock);
    g_mutex_unlock(&task.lock);
    g_mutex_clear(&task.lock);
    g_cond_clear(&task.cond);
    return task.rc;
}

int
fakeConnectionUp(void)
{
    return fakeConnectionTell(fakeConnections.now, FAKE_CONNECTION_UP);
}

void
fakeConnectionDown(void)
{
    fakeConnectionTell(fakeConnections.now, FAKE_CONNECTION_DOWN);
}

backendConnection *
backendConnectionNew(const char *uri, const char *socketDir, eventThread *where,
                     const backendConnectionHandlers *handlers, void *opaque)
{
    backendConnection *self = g_new(backendConnection, 1);

    *self = (backendConnection) { .where = where, .handlers = handlers, .opaque = opaque };
    fakeConnections.now = self;
    if (!fakeConnections.away)
        fakeConnectionUp();
    return self;
}

void
backendConnectionFree(backendConnection *self)
{
    if (!self)
        return;
    handleCloseConnect(self->conn);
    g_free(self);
}
