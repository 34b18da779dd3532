/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_thread.c: a GMainContext and the thread that runs it */

#include "util/event_thread.h"

struct _eventThread {
    GMainContext *context;
    GMainLoop *main;
    GThread *thread; /* NULL once stopped */
    gint stopped;    /* atomic */
};

typedef struct _eventThreadTask eventThreadTask;
struct _eventThreadTask {
    eventThread *self;
    GSourceFunc func;
    void *data;
    GDestroyNotify destroy;
};

static void *
eventThreadRun(void *opaque)
{
    eventThread *self = opaque;

    g_main_context_push_thread_default(self->context);
    g_main_loop_run(self->main);
    g_main_context_pop_thread_default(self->context);
    return NULL;
}

eventThread *
eventThreadNew(const char *name)
{
    eventThread *self = g_new0(eventThread, 1);

    self->context = g_main_context_new();
    self->main = g_main_loop_new(self->context, FALSE);
    self->thread = g_thread_new(name, eventThreadRun, self);
    return self;
}

static gboolean
eventThreadQuit(void *opaque)
{
    g_main_loop_quit(opaque);
    return G_SOURCE_REMOVE;
}

static gboolean
eventThreadTaskRun(void *opaque)
{
    eventThreadTask *task = opaque;

    if (!g_atomic_int_get(&task->self->stopped))
        task->func(task->data);
    return G_SOURCE_REMOVE;
}

static void
eventThreadTaskFree(void *opaque)
{
    eventThreadTask *task = opaque;

    if (task->destroy)
        task->destroy(task->data);
    g_free(task);
}

static void
eventThreadAttach(eventThread *self, GSourceFunc func, void *data, GDestroyNotify destroy)
{
    g_autoptr(GSource) source = g_idle_source_new();

    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, func, data, destroy);
    g_source_attach(source, self->context);
}

void
eventThreadStop(eventThread *self)
{
    if (!self->thread)
        return;
    g_atomic_int_set(&self->stopped, 1);
    eventThreadAttach(self, eventThreadQuit, self->main, NULL);
    g_thread_join(g_steal_pointer(&self->thread));
}

void
eventThreadFree(eventThread *self)
{
    if (!self)
        return;
    eventThreadStop(self);
    g_main_loop_unref(self->main);
    g_main_context_unref(self->context);
    g_free(self);
}

void
eventThreadInvoke(eventThread *self, GSourceFunc func, void *data, GDestroyNotify destroy)
{
    eventThreadTask *task;

    if (g_atomic_int_get(&self->stopped)) {
        if (destroy)
            destroy(data);
        return;
    }
    task = g_new(eventThreadTask, 1);
    *task = (eventThreadTask) { .self = self, .func = func, .data = data, .destroy = destroy };
    eventThreadAttach(self, eventThreadTaskRun, task, eventThreadTaskFree);
}

GSource *
eventThreadAddTimer(eventThread *self, guint ms, GSourceFunc func, void *data)
{
    GSource *source = g_timeout_source_new(ms);

    g_source_set_callback(source, func, data, NULL);
    g_source_attach(source, self->context);
    return source;
}
