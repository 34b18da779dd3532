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

/* A source that one thread attaches is run by another, after it has been in poll() again. */
static char glibSyncAttached;

guint
g_source_attach(GSource *source, GMainContext *context)
{
    glibSyncRelease(&glibSyncAttached);
    return GLIB_SYNC_REAL(g_source_attach)(source, context);
}

/* GLib frees what another thread put into its list of sources, under a lock of its own. */
void
g_source_destroy(GSource *source)
{
    if (AnnotateIgnoreWritesBegin)
        AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    GLIB_SYNC_REAL(g_source_destroy)(source);
    if (AnnotateIgnoreWritesEnd)
        AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}

int
poll(struct pollfd *fds, nfds_t nfds, int timeout)
{
    int n = GLIB_SYNC_REAL(poll)(fds, nfds, timeout);

    glibSyncAcquire(&glibSyncAttached);
    return n;
}

typedef struct _glibSyncPool glibSyncPool;
struct _glibSyncPool {
    GFunc func;
    gpointer opaque;
};

static void
glibSyncPoolRun(gpointer data, gpointer opaque)
{
    glibSyncPool *pool = opaque;

    glibSyncAcquire(data);
    pool->func(data, pool->opaque);
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
