/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * glib_sync.c: tells the thread sanitizer what GLib orders
 *
 * The sanitizer sees the C library's locks, but GLib's are futexes inside a library that it does
 * not watch, so that each access under one would look like a race. Preloaded into a sanitized
 * program, each function here calls GLib's and says which accesses it puts in order; in other
 * programs it only calls GLib's.
 */

#include <dlfcn.h>
#include <glib.h>
#include <poll.h>

/* The sanitizer's, where it is: what happened before a release happened before the acquire. */
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

/* The sanitizer's, too: what the thread does in between is not watched. */
extern void AnnotateIgnoreWritesBegin(const char *file, int line) __attribute__((weak));
extern void AnnotateIgnoreWritesEnd(const char *file, int line) __attribute__((weak));

/* GLib's own function of this name and type */
#define GLIB_SYNC_REAL(name) ((__typeof__(&name)) glibSyncFind(#name))

static void *
glibSyncFind(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static void
glibSyncAcquire(void *address)
{
    if (__tsan_acquire)
        __tsan_acquire(address);
}

static void
glibSyncRelease(void *address)
{
    if (__tsan_release)
        __tsan_release(address);
}

void
g_mutex_lock(GMutex *mutex)
{
    GLIB_SYNC_REAL(g_mutex_lock)(mutex);
    glibSyncAcquire(mutex);
}

void
g_mutex_unlock(GMutex *mutex)
{
    glibSyncRelease(mutex);
    GLIB_SYNC_REAL(g_mutex_unlock)(mutex);
}

void
g_cond_wait(GCond *cond, GMutex *mutex)
{
    glibSyncRelease(mutex);
    GLIB_SYNC_REAL(g_cond_wait)(cond, mutex);
    glibSyncAcquire(mutex);
}

gboolean
g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end)
{
    gboolean signalled;

    glibSyncRelease(mutex);
    signalled = GLIB_SYNC_REAL(g_cond_wait_until)(cond, mutex, end);
    glibSyncAcquire(mutex);
    return signalled;
}

gboolean
g_atomic_ref_count_dec(gatomicrefcount *count)
{
    gboolean last;

    glibSyncRelease(count);
    last = GLIB_SYNC_REAL(g_atomic_ref_count_dec)(count);
    if (last)
        glibSyncAcquire(count);
    return last;
}

void
g_bytes_unref(GBytes *bytes)
{
    if (bytes) {
        glibSyncRelease(bytes);
        glibSyncAcquire(bytes);
    }
    GLIB_SYNC_REAL(g_bytes_unref)(bytes);
}

/* Macros around functions of the same name */
#undef g_once_init_enter
#undef g_once_init_leave

gboolean
g_once_init_enter(volatile void *location)
{
    gboolean first = GLIB_SYNC_REAL(g_once_init_enter)(location);

    glibSyncAcquire((void *) location);
    return first;
}

void
g_once_init_leave(volatile void *location, gsize result)
{
    glibSyncRelease((void *) location);
    GLIB_SYNC_REAL(g_once_init_leave)(location, result);
}

/*
 * Sources. What GLib keeps of them, and in which thread it frees that, it orders itself under the
 * lock of a context: it is not watched. A source that one thread attaches is run by another, after
 * it has been in poll() again, or at once if it had just been there.
 */
static char glibSyncAttached;

static void
glibSyncIgnore(void)
{
    if (AnnotateIgnoreWritesBegin)
        AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

static void
glibSyncWatch(void)
{
    if (AnnotateIgnoreWritesEnd)
        AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}

GSource *
g_source_new(GSourceFuncs *funcs, guint size)
{
    GSource *source;

    glibSyncIgnore();
    source = GLIB_SYNC_REAL(g_source_new)(funcs, size);
    glibSyncWatch();
    return source;
}

GSource *
g_idle_source_new(void)
{
    GSource *source;

    glibSyncIgnore();
    source = GLIB_SYNC_REAL(g_idle_source_new)();
    glibSyncWatch();
    return source;
}

GSource *
g_timeout_source_new(guint ms)
{
    GSource *source;

    glibSyncIgnore();
    source = GLIB_SYNC_REAL(g_timeout_source_new)(ms);
    glibSyncWatch();
    return source;
}

void
g_source_add_poll(GSource *source, GPollFD *fd)
{
    glibSyncIgnore();
    GLIB_SYNC_REAL(g_source_add_poll)(source, fd);
    glibSyncWatch();
}

guint
g_source_attach(GSource *source, GMainContext *context)
{
    guint id;

    glibSyncRelease(&glibSyncAttached);
    glibSyncIgnore();
    id = GLIB_SYNC_REAL(g_source_attach)(source, context);
    glibSyncWatch();
    return id;
}

void
g_source_destroy(GSource *source)
{
    glibSyncIgnore();
    GLIB_SYNC_REAL(g_source_destroy)(source);
    glibSyncWatch();
}

int
poll(struct pollfd *fds, nfds_t nfds, int timeout)
{
    int n = GLIB_SYNC_REAL(poll)(fds, nfds, timeout);

    glibSyncAcquire(&glibSyncAttached);
    return n;
}

typedef struct _glibSyncTask glibSyncTask;
struct _glibSyncTask {
    GSourceFunc func;
    gpointer opaque;
    GDestroyNotify destroy;
};

static gboolean
glibSyncTaskRun(gpointer opaque)
{
    glibSyncTask *task = opaque;

    glibSyncAcquire(&glibSyncAttached);
    return task->func(task->opaque);
}

static void
glibSyncTaskFree(gpointer opaque)
{
    glibSyncTask *task = opaque;

    glibSyncAcquire(&glibSyncAttached);
    if (task->destroy)
        task->destroy(task->opaque);
    g_free(task);
}

static glibSyncTask *
glibSyncTaskNew(GSourceFunc func, gpointer opaque, GDestroyNotify destroy)
{
    glibSyncTask *task = g_new(glibSyncTask, 1);

    *task = (glibSyncTask) { .func = func, .opaque = opaque, .destroy = destroy };
    return task;
}

/* Functions of other kinds of sources have other parameters. */
void
g_source_set_callback(GSource *source, GSourceFunc func, gpointer opaque, GDestroyNotify destroy)
{
    if (source->source_funcs == &g_idle_funcs || source->source_funcs == &g_timeout_funcs) {
        opaque = glibSyncTaskNew(func, opaque, destroy);
        func = glibSyncTaskRun;
        destroy = glibSyncTaskFree;
    }
    glibSyncIgnore();
    GLIB_SYNC_REAL(g_source_set_callback)(source, func, opaque, destroy);
    glibSyncWatch();
}

guint
g_idle_add(GSourceFunc func, gpointer opaque)
{
    glibSyncTask *task = glibSyncTaskNew(func, opaque, NULL);
    guint id;

    glibSyncRelease(&glibSyncAttached);
    glibSyncIgnore();
    id = g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, glibSyncTaskRun, task, glibSyncTaskFree);
    glibSyncWatch();
    return id;
}

typedef struct _glibSyncPool glibSyncPool;
struct _glibSyncPool {
    GFunc func;
    gpointer opaque;
};

/* What was done in pools is seen by who has waited for their end. */
static char glibSyncPooled;

static void
glibSyncPoolRun(gpointer data, gpointer opaque)
{
    glibSyncPool *pool = opaque;

    glibSyncAcquire(data);
    pool->func(data, pool->opaque);
    glibSyncRelease(&glibSyncPooled);
}

/* What is said of a pool stays for as long as the program. */
GThreadPool *
g_thread_pool_new(GFunc func, gpointer opaque, gint maxThreads, gboolean exclusive, GError **error)
{
    glibSyncPool *pool = g_new(glibSyncPool, 1);

    *pool = (glibSyncPool) { .func = func, .opaque = opaque };
    return GLIB_SYNC_REAL(g_thread_pool_new)(glibSyncPoolRun, pool, maxThreads, exclusive, error);
}

gboolean
g_thread_pool_push(GThreadPool *pool, gpointer data, GError **error)
{
    glibSyncRelease(data);
    return GLIB_SYNC_REAL(g_thread_pool_push)(pool, data, error);
}

void
g_thread_pool_free(GThreadPool *pool, gboolean immediate, gboolean wait)
{
    GLIB_SYNC_REAL(g_thread_pool_free)(pool, immediate, wait);
    if (wait)
        glibSyncAcquire(&glibSyncPooled);
}
