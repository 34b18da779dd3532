/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_writeback.c: a thread that calls fdatasync() */

#include "hydrate/hydrate_writeback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/lock.h"
#include "util/log.h"

/* From one time to the next: what has come together meanwhile is written in milliseconds */
#define HYDRATE_WRITEBACK_INTERVAL (200 * G_TIME_SPAN_MILLISECOND)

LOG_INIT("hydrate.writeback");

struct _hydrateWriteback {
    gatomicrefcount refs; /* the owner's, and the thread's */
    int fd;

    GMutex lock; /* protects all below */
    GCond cond;
    bool noted;
    bool ended;
};

static void
hydrateWritebackUnref(hydrateWriteback *self)
{
    if (!g_atomic_ref_count_dec(&self->refs))
        return;
    close(self->fd);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->cond);
    g_free(self);
}

/* Returns whether there is something to write; false: it is over. */
static bool
hydrateWritebackAwait(hydrateWriteback *self)
{
    gint64 next = g_get_monotonic_time() + HYDRATE_WRITEBACK_INTERVAL;
    LOCK_SCOPE(&self->lock);

    while (!self->ended && g_cond_wait_until(&self->cond, &self->lock, next))
        ; /* told of more to write, or of nothing */
    while (!self->ended && !self->noted)
        g_cond_wait(&self->cond, &self->lock);
    self->noted = false;
    return !self->ended;
}

static void *
hydrateWritebackRun(void *opaque)
{
    hydrateWriteback *self = opaque;

    while (hydrateWritebackAwait(self)) {
        if (fdatasync(self->fd) < 0)
            LOG_DEBUG("fdatasync: %s", g_strerror(errno)); /* QEMU's own flush tells it, too */
    }
    hydrateWritebackUnref(self);
    return NULL;
}

hydrateWriteback *
hydrateWritebackNew(const char *path)
{
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    hydrateWriteback *self;
    struct stat file;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &file) < 0 || !S_ISREG(file.st_mode)) {
        close(fd);
        return NULL;
    }
    self = g_new0(hydrateWriteback, 1);
    g_atomic_ref_count_init(&self->refs);
    g_atomic_ref_count_inc(&self->refs);
    self->fd = fd;
    g_mutex_init(&self->lock);
    g_cond_init(&self->cond);
    g_thread_unref(g_thread_new("qemu-writeback", hydrateWritebackRun, self));
    return self;
}

void
hydrateWritebackNote(hydrateWriteback *self)
{
    if (!self)
        return;
    LOCK_SCOPE(&self->lock);

    self->noted = true;
    g_cond_signal(&self->cond);
}

void
hydrateWritebackFree(hydrateWriteback *self)
{
    if (!self)
        return;
    g_mutex_lock(&self->lock);
    self->ended = true;
    g_cond_signal(&self->cond);
    g_mutex_unlock(&self->lock);
    hydrateWritebackUnref(self);
}
