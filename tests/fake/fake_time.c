/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_time.c: real time and what was skipped, and sources that are not ready by themselves */

#include "fake_time.h"

#include <stdbool.h>
#include <time.h>

#include "util/lock.h"

typedef struct {
    GSource source;
    bool due; /* protected by fakeTimes.lock */
} fakeTimeSource;

static struct {
    GMutex lock;
    GCond cond;
    gint64 skipped;
    GPtrArray *timers; /* of fakeTimeSource, as references */
} fakeTimes;

void
fakeTimeSetUp(void)
{
    fakeTimes.skipped = 0;
    fakeTimes.timers = g_ptr_array_new_with_free_func((GDestroyNotify) g_source_unref);
}

void
fakeTimeTearDown(void)
{
    g_ptr_array_unref(fakeTimes.timers);
}

gint64
g_get_monotonic_time(void)
{
    struct timespec now;
    LOCK_SCOPE(&fakeTimes.lock);

    clock_gettime(CLOCK_MONOTONIC, &now);
    return fakeTimes.skipped + now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

void
fakeTimeSkip(gint64 us)
{
    LOCK_SCOPE(&fakeTimes.lock);

    fakeTimes.skipped += us;
}

static gboolean
fakeTimeDispatch(GSource *source, GSourceFunc func, void *data)
{
    gboolean again = func(data);
    LOCK_SCOPE(&fakeTimes.lock);

    if (!again)
        g_source_destroy(source);
    g_source_set_ready_time(source, -1);
    ((fakeTimeSource *) source)->due = false;
    g_cond_broadcast(&fakeTimes.cond);
    return again;
}

GSource *
g_timeout_source_new(guint ms)
{
    static GSourceFuncs funcs = { .dispatch = fakeTimeDispatch };
    GSource *source = g_source_new(&funcs, sizeof(fakeTimeSource));
    LOCK_SCOPE(&fakeTimes.lock);

    ((fakeTimeSource *) source)->due = false;
    g_ptr_array_add(fakeTimes.timers, g_source_ref(source));
    return source;
}

static void
fakeTimeForgetDestroyed(void)
{
    LOCK_SCOPE(&fakeTimes.lock);

    for (guint i = fakeTimes.timers->len; i > 0; i--) {
        if (g_source_is_destroyed(g_ptr_array_index(fakeTimes.timers, i - 1)))
            g_ptr_array_remove_index(fakeTimes.timers, i - 1);
    }
}

static void
fakeTimeRun(fakeTimeSource *timer)
{
    g_mutex_lock(&fakeTimes.lock);
    timer->due = true;
    g_mutex_unlock(&fakeTimes.lock);
    g_source_set_ready_time(&timer->source, 0);
    LOCK_SCOPE(&fakeTimes.lock);

    while (timer->due)
        g_cond_wait(&fakeTimes.cond, &fakeTimes.lock);
}

guint
fakeTimeTick(void)
{
    guint count;

    fakeTimeForgetDestroyed();
    count = fakeTimes.timers->len;
    for (guint i = 0; i < count; i++)
        fakeTimeRun(g_ptr_array_index(fakeTimes.timers, i));
    fakeTimeForgetDestroyed();
    return count;
}
