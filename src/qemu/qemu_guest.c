/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_guest.c: guests by UUID, and who has them */

#include "qemu/qemu_guest.h"

#include "util/handle.h"
#include "util/lock.h"

struct _qemuGuestTable {
    qemuGuestConfig config; /* constant */
    taskQueuePool *tasks;
    taskQueuePool *cleanup;
    gint followed;      /* atomic */
    GMutex lock;        /* protects guests, and how many references they have */
    GHashTable *guests; /* UUID -> qemuGuest, not counted */
};

qemuGuestTable *
qemuGuestTableNew(const qemuGuestConfig *config)
{
    qemuGuestTable *self = g_new0(qemuGuestTable, 1);

    self->config = *config;
    self->tasks = taskQueuePoolNew();
    self->cleanup = taskQueuePoolNew();
    g_mutex_init(&self->lock);
    self->guests = g_hash_table_new(g_str_hash, g_str_equal);
    return self;
}

void
qemuGuestTableFree(qemuGuestTable *self)
{
    if (!self)
        return;
    taskQueuePoolFree(self->tasks);
    taskQueuePoolFree(self->cleanup);
    g_hash_table_unref(self->guests);
    g_mutex_clear(&self->lock);
    g_free(self);
}

const qemuGuestConfig *
qemuGuestTableGetConfig(const qemuGuestTable *self)
{
    return &self->config;
}

void
qemuGuestTableSetFollowed(qemuGuestTable *self, bool followed)
{
    g_atomic_int_set(&self->followed, followed);
}

bool
qemuGuestTableIsFollowed(qemuGuestTable *self)
{
    return g_atomic_int_get(&self->followed);
}

taskQueuePool *
qemuGuestTableGetTasks(qemuGuestTable *self)
{
    return self->tasks;
}

taskQueuePool *
qemuGuestTableGetCleanup(qemuGuestTable *self)
{
    return self->cleanup;
}

static qemuGuest *
qemuGuestNew(qemuGuestTable *table, virDomainPtr dom, const char *uuid)
{
    qemuGuest *self = g_new0(qemuGuest, 1);

    self->table = table;
    self->config = &table->config;
    g_strlcpy(self->uuid, uuid, sizeof(self->uuid));
    self->server = backendNbdServerNew(table->config.socketDir, uuid);
    self->tasks = taskQueueNew(table->tasks);
    self->cleanup = taskQueueNew(table->cleanup);
    g_mutex_init(&self->lock);
    virDomainRef(dom);
    self->dom = dom;
    self->streams = g_ptr_array_new();
    return self;
}

static void
qemuGuestFree(qemuGuest *self)
{
    g_ptr_array_unref(self->streams);
    handleFreeDomain(self->dom);
    taskQueueFree(self->tasks);
    taskQueueFree(self->cleanup);
    backendNbdServerFree(self->server);
    g_mutex_clear(&self->lock);
    g_free(self->metadata);
    g_free(self);
}

qemuGuest *
qemuGuestGet(qemuGuestTable *table, virDomainPtr dom)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    LOCK_SCOPE(&table->lock);
    qemuGuest *self;

    virDomainGetUUIDString(dom, uuid);
    if (!(self = g_hash_table_lookup(table->guests, uuid))) {
        self = qemuGuestNew(table, dom, uuid);
        g_hash_table_insert(table->guests, self->uuid, self);
    }
    self->refs++;
    return self;
}

void
qemuGuestSetOwing(qemuGuest *self, bool owing)
{
    LOCK_SCOPE(&self->table->lock);

    self->refs += owing - self->owing; /* the caller has one, too */
    self->owing = owing;
}

GPtrArray *
qemuGuestList(qemuGuestTable *table)
{
    LOCK_SCOPE(&table->lock);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) qemuGuestUnref);
    GHashTableIter iter;
    void *guest;

    g_hash_table_iter_init(&iter, table->guests);
    while (g_hash_table_iter_next(&iter, NULL, &guest)) {
        ((qemuGuest *) guest)->refs++;
        g_ptr_array_add(list, guest);
    }
    return list;
}

qemuGuest *
qemuGuestRef(qemuGuest *self)
{
    LOCK_SCOPE(&self->table->lock);

    self->refs++;
    return self;
}

/* Whether that was the last reference: then it is in the table no more. */
static bool
qemuGuestRelease(qemuGuest *self)
{
    LOCK_SCOPE(&self->table->lock);

    if (--self->refs > 0)
        return false;
    g_hash_table_remove(self->table->guests, self->uuid);
    return true;
}

void
qemuGuestUnref(qemuGuest *self)
{
    if (self && qemuGuestRelease(self))
        qemuGuestFree(self);
}

/* Keeps the guest, and so its queue, until it is done */
typedef struct _qemuGuestTask qemuGuestTask;
struct _qemuGuestTask {
    qemuGuest *guest;
    void (*func)(void *data);
    void *data;
    GDestroyNotify destroy;
};

static void
qemuGuestTaskRun(void *opaque)
{
    const qemuGuestTask *task = opaque;

    task->func(task->data);
}

static void
qemuGuestTaskFree(void *opaque)
{
    qemuGuestTask *task = opaque;

    if (task->destroy)
        task->destroy(task->data);
    qemuGuestUnref(task->guest);
    g_free(task);
}

void
qemuGuestPush(qemuGuest *self, void (*func)(void *data), void *data, GDestroyNotify destroy)
{
    qemuGuestTask *task = g_new(qemuGuestTask, 1);

    *task = (qemuGuestTask) {
        .guest = qemuGuestRef(self), .func = func, .data = data, .destroy = destroy
    };
    taskQueuePush(self->tasks, qemuGuestTaskRun, task, qemuGuestTaskFree);
}

virDomainPtr
qemuGuestGetDomain(qemuGuest *self)
{
    LOCK_SCOPE(&self->lock);

    virDomainRef(self->dom);
    return self->dom;
}

void
qemuGuestSetDomain(qemuGuest *self, virDomainPtr dom)
{
    g_autoptr(virDomain) before = NULL; /* freed after the lock: that may close a connection */
    LOCK_SCOPE(&self->lock);

    virDomainRef(dom);
    before = self->dom;
    self->dom = dom;
}

void
qemuGuestPauseQueries(qemuGuest *self, gint64 us)
{
    LOCK_SCOPE(&self->lock);

    self->queriesPausedUntil = g_get_monotonic_time() + us;
}

bool
qemuGuestIsQueriesPaused(qemuGuest *self)
{
    LOCK_SCOPE(&self->lock);

    return g_get_monotonic_time() < self->queriesPausedUntil;
}
