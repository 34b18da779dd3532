/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* task_queue.c: lists of tasks under one lock, and a GThreadPool that works on those not empty */

#include "util/task_queue.h"

#include "util/lock.h"

#define TASK_QUEUE_THREADS 16

struct _taskQueuePool {
    GThreadPool *threads;
    GMutex lock;     /* protects all below, and the queues */
    GCond idle;      /* busy has become 0 */
    guint busy;      /* queues in which something runs or waits */
    guint canceling; /* threads that want all dropped */
};

struct _taskQueue {
    taskQueuePool *pool;
    guint refs;   /* its owner's, and the pool's while it is busy */
    GQueue tasks; /* those that wait */
    bool busy;
};

typedef struct _taskQueueTask taskQueueTask;
struct _taskQueueTask {
    void (*func)(void *data);
    void *data;
    GDestroyNotify destroy;
};

static void
taskQueueTaskFree(taskQueueTask *task)
{
    if (task->destroy)
        task->destroy(task->data);
    g_free(task);
}

/* Under the pool's lock */
static void
taskQueueUnref(taskQueue *self)
{
    if (--self->refs == 0)
        g_free(self);
}

/* The next one that waits; NULL if there is none: then the queue is busy no more, and perhaps gone. */
static taskQueueTask *
taskQueueTake(taskQueue *self, taskQueuePool *pool, bool *canceled)
{
    LOCK_SCOPE(&pool->lock);
    taskQueueTask *task = g_queue_pop_head(&self->tasks);

    *canceled = pool->canceling > 0;
    if (task)
        return task;
    self->busy = false;
    taskQueueUnref(self);
    if (--pool->busy == 0)
        g_cond_broadcast(&pool->idle);
    return NULL;
}

/* In a thread of the pool */
static void
taskQueueWork(void *data, void *opaque)
{
    taskQueueTask *task;
    bool canceled;

    while ((task = taskQueueTake(data, opaque, &canceled))) {
        if (!canceled)
            task->func(task->data);
        taskQueueTaskFree(task);
    }
}

taskQueuePool *
taskQueuePoolNew(void)
{
    taskQueuePool *self = g_new0(taskQueuePool, 1);

    g_mutex_init(&self->lock);
    g_cond_init(&self->idle);
    self->threads = g_thread_pool_new(taskQueueWork, self, TASK_QUEUE_THREADS, FALSE, NULL);
    return self;
}

void
taskQueuePoolCancel(taskQueuePool *self)
{
    LOCK_SCOPE(&self->lock);

    self->canceling++;
    while (self->busy > 0)
        g_cond_wait(&self->idle, &self->lock);
    self->canceling--;
}

void
taskQueuePoolDrain(taskQueuePool *self, gint64 until)
{
    LOCK_SCOPE(&self->lock);

    while (self->busy > 0 && g_cond_wait_until(&self->idle, &self->lock, until))
        ;
}

void
taskQueuePoolFree(taskQueuePool *self)
{
    if (!self)
        return;
    taskQueuePoolCancel(self);
    g_thread_pool_free(self->threads, FALSE, TRUE);
    g_cond_clear(&self->idle);
    g_mutex_clear(&self->lock);
    g_free(self);
}

taskQueue *
taskQueueNew(taskQueuePool *pool)
{
    taskQueue *self = g_new0(taskQueue, 1);

    self->pool = pool;
    self->refs = 1;
    return self;
}

void
taskQueueFree(taskQueue *self)
{
    if (!self)
        return;
    LOCK_SCOPE(&self->pool->lock);

    taskQueueUnref(self);
}

void
taskQueuePush(taskQueue *self, void (*func)(void *data), void *data, GDestroyNotify destroy)
{
    taskQueueTask *task = g_new(taskQueueTask, 1);
    LOCK_SCOPE(&self->pool->lock);

    *task = (taskQueueTask) { .func = func, .data = data, .destroy = destroy };
    g_queue_push_tail(&self->tasks, task);
    if (self->busy)
        return;
    self->busy = true;
    self->refs++;
    self->pool->busy++;
    g_thread_pool_push(self->pool->threads, self, NULL);
}

bool
taskQueueIsBusy(taskQueue *self)
{
    LOCK_SCOPE(&self->pool->lock);

    return self->busy;
}
