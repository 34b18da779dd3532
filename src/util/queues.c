/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* queues.c: a queue for each key that has something to do, and a pool of threads for them */

#include "util/queues.h"

#include "util/lock.h"

#define QUEUES_THREADS 16

struct _queues {
    GThreadPool *pool;
    GMutex lock;       /* protects all below */
    GCond idle;        /* the table has become empty */
    GHashTable *table; /* key -> queue; it has one as long as something runs or waits */
    bool stopped;
};

typedef struct _queuesQueue queuesQueue;
struct _queuesQueue {
    char *key;
    GQueue tasks; /* those that wait; protected by the owner's lock */
};

typedef struct _queuesTask queuesTask;
struct _queuesTask {
    void (*func)(void *data);
    void *data;
    GDestroyNotify destroy;
};

static void
queuesTaskFree(queuesTask *task)
{
    if (task->destroy)
        task->destroy(task->data);
    g_free(task);
}

static void
queuesQueueFree(void *opaque)
{
    queuesQueue *queue = opaque;

    g_free(queue->key);
    g_free(queue);
}

/* The next one that waits; NULL if there is none: then there is no such queue any more. */
static queuesTask *
queuesTake(queues *self, queuesQueue *queue, bool *stopped)
{
    LOCK_SCOPE(&self->lock);
    queuesTask *task = g_queue_pop_head(&queue->tasks);

    *stopped = self->stopped;
    if (task)
        return task;
    g_hash_table_remove(self->table, queue->key);
    if (g_hash_table_size(self->table) == 0)
        g_cond_broadcast(&self->idle);
    return NULL;
}

/* In a thread of the pool */
static void
queuesWork(void *data, void *opaque)
{
    queuesTask *task;
    bool stopped;

    while ((task = queuesTake(opaque, data, &stopped))) {
        if (!stopped)
            task->func(task->data);
        queuesTaskFree(task);
    }
}

queues *
queuesNew(void)
{
    queues *self = g_new0(queues, 1);

    g_mutex_init(&self->lock);
    g_cond_init(&self->idle);
    self->table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, queuesQueueFree);
    self->pool = g_thread_pool_new(queuesWork, self, QUEUES_THREADS, FALSE, NULL);
    return self;
}

void
queuesStop(queues *self)
{
    {
        LOCK_SCOPE(&self->lock);

        self->stopped = true;
    }
    if (self->pool)
        g_thread_pool_free(g_steal_pointer(&self->pool), FALSE, TRUE);
}

void
queuesFree(queues *self)
{
    if (!self)
        return;
    queuesStop(self);
    g_hash_table_unref(self->table);
    g_cond_clear(&self->idle);
    g_mutex_clear(&self->lock);
    g_free(self);
}

/* Whether it was taken: it is not after the stop. */
static bool
queuesAppend(queues *self, const char *key, queuesTask *task)
{
    LOCK_SCOPE(&self->lock);
    queuesQueue *queue = g_hash_table_lookup(self->table, key);

    if (self->stopped)
        return false;
    if (!queue) {
        queue = g_new0(queuesQueue, 1);
        queue->key = g_strdup(key);
        g_hash_table_insert(self->table, queue->key, queue);
        g_thread_pool_push(self->pool, queue, NULL);
    }
    g_queue_push_tail(&queue->tasks, task);
    return true;
}

void
queuesPush(queues *self, const char *key, void (*func)(void *data), void *data,
           GDestroyNotify destroy)
{
    queuesTask *task = g_new(queuesTask, 1);

    *task = (queuesTask) { .func = func, .data = data, .destroy = destroy };
    if (!queuesAppend(self, key, task))
        queuesTaskFree(task);
}

bool
queuesIsBusy(queues *self, const char *key)
{
    LOCK_SCOPE(&self->lock);

    return g_hash_table_contains(self->table, key);
}

void
queuesDrain(queues *self, gint64 until)
{
    LOCK_SCOPE(&self->lock);

    while (g_hash_table_size(self->table) > 0 && g_cond_wait_until(&self->idle, &self->lock, until))
        ;
}
