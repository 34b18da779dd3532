/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* loop.c: a GMainContext and the thread that runs it */

#include "util/loop.h"

struct _loop {
    GMainContext *context;
    GMainLoop *main;
    GThread *thread; /* NULL once stopped */
    gint stopped;    /* atomic */
};

typedef struct _loopTask loopTask;
struct _loopTask {
    loop *self;
    GSourceFunc func;
    void *data;
    GDestroyNotify destroy;
};

static void *
loopRun(void *opaque)
{
    loop *self = opaque;

    g_main_context_push_thread_default(self->context);
    g_main_loop_run(self->main);
    g_main_context_pop_thread_default(self->context);
    return NULL;
}

loop *
loopNew(const char *name)
{
    loop *self = g_new0(loop, 1);

    self->context = g_main_context_new();
    self->main = g_main_loop_new(self->context, FALSE);
    self->thread = g_thread_new(name, loopRun, self);
    return self;
}

static gboolean
loopQuit(void *opaque)
{
    g_main_loop_quit(opaque);
    return G_SOURCE_REMOVE;
}

static gboolean
loopTaskRun(void *opaque)
{
    loopTask *task = opaque;

    if (!g_atomic_int_get(&task->self->stopped))
        task->func(task->data);
    return G_SOURCE_REMOVE;
}

static void
loopTaskFree(void *opaque)
{
    loopTask *task = opaque;

    if (task->destroy)
        task->destroy(task->data);
    g_free(task);
}

static void
loopAttach(loop *self, GSourceFunc func, void *data, GDestroyNotify destroy)
{
    g_autoptr(GSource) source = g_idle_source_new();

    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, func, data, destroy);
    g_source_attach(source, self->context);
}

void
loopStop(loop *self)
{
    if (!self->thread)
        return;
    g_atomic_int_set(&self->stopped, 1);
    loopAttach(self, loopQuit, self->main, NULL);
    g_thread_join(g_steal_pointer(&self->thread));
}

void
loopFree(loop *self)
{
    if (!self)
        return;
    loopStop(self);
    g_main_loop_unref(self->main);
    g_main_context_unref(self->context);
    g_free(self);
}

void
loopInvoke(loop *self, GSourceFunc func, void *data, GDestroyNotify destroy)
{
    loopTask *task;

    if (g_atomic_int_get(&self->stopped)) {
        if (destroy)
            destroy(data);
        return;
    }
    task = g_new(loopTask, 1);
    *task = (loopTask) { .self = self, .func = func, .data = data, .destroy = destroy };
    loopAttach(self, loopTaskRun, task, loopTaskFree);
}

GSource *
loopAddTimer(loop *self, guint ms, GSourceFunc func, void *data)
{
    GSource *source = g_timeout_source_new(ms);

    g_source_set_callback(source, func, data, NULL);
    g_source_attach(source, self->context);
    return source;
}
