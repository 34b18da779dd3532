/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_context.c: a source, and a wait for it */

#include "fake_context.h"

#include <stdbool.h>

#include "util/lock.h"

typedef struct {
    void (*func)(void *data);
    void *data;
    GMutex lock;
    GCond cond;
    bool done;
} fakeContextTask;

static gboolean
fakeContextTaskRun(void *opaque)
{
    fakeContextTask *task = opaque;

    task->func(task->data);
    LOCK_SCOPE(&task->lock);

    task->done = true;
    g_cond_broadcast(&task->cond);
    return G_SOURCE_REMOVE;
}

void
fakeContextRun(GMainContext *context, void (*func)(void *data), void *data)
{
    fakeContextTask task = { .func = func, .data = data };

    g_mutex_init(&task.lock);
    g_cond_init(&task.cond);
    g_main_context_invoke(context, fakeContextTaskRun, &task);
    g_mutex_lock(&task.lock);
    while (!task.done)
        g_cond_wait(&task.cond, &task.lock);
    g_mutex_unlock(&task.lock);
    g_mutex_clear(&task.lock);
    g_cond_clear(&task.cond);
}
