/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_nbd.c: an asynchronous handle of libnbd's, which only this file uses */

#include "qemu/qemu_nbd.h"

#include <errno.h>
#include <libnbd.h>
#include <poll.h>
#include <unistd.h>

#include "qemu/qemu_extents.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define QEMU_NBD_DEPTH "qemu:allocation-depth"

typedef struct nbd_handle nbdHandle;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(nbdHandle, nbd_close)

struct _qemuNbd {
    nbdHandle *handle;
    guint64 size;
    guint pending; /* requests of any kind */
    char *error;
};

typedef struct _qemuNbdWindow qemuNbdWindow;
struct _qemuNbdWindow {
    qemuNbd *self;
    qemuMap *map;
    qemuExtents *extents;
};

typedef struct _qemuNbdRequest qemuNbdRequest;
struct _qemuNbdRequest {
    qemuNbd *self;
    const char *what;
    guint64 len;
    gint64 began;
    qemuNbdDone done;
    void *opaque;
};

static nbdHandle *
qemuNbdConnect(int fd, const char *name)
{
    g_autoptr(nbdHandle) handle = nbd_create();
    bool ready = handle && nbd_set_export_name(handle, name) == 0 &&
                 nbd_add_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) == 0 &&
                 nbd_add_meta_context(handle, QEMU_NBD_DEPTH) == 0;

    if (!ready)
        close(fd);
    if (!ready || nbd_connect_socket(handle, fd) < 0) {
        errorReport(VIR_ERR_OPERATION_FAILED, "export '%s': %s", name, nbd_get_error());
        return NULL;
    }
    if (nbd_can_cache(handle) != 1 || nbd_can_meta_context(handle, QEMU_NBD_DEPTH) != 1 ||
        nbd_can_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) != 1) {
        errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "this QEMU's export '%s' cannot be hydrated",
                    name);
        return NULL;
    }
    return g_steal_pointer(&handle);
}

qemuNbd *
qemuNbdNew(int fd, const char *name)
{
    nbdHandle *handle = qemuNbdConnect(fd, name);
    qemuNbd *self;

    if (!handle)
        return NULL;
    self = g_new(qemuNbd, 1);
    *self = (qemuNbd) {
        .handle = handle,
        .size = (guint64) nbd_get_size(handle),
    };
    return self;
}

void
qemuNbdFree(qemuNbd *self)
{
    if (!self)
        return;
    nbd_close(self->handle); /* frees what is pending, and calls it back */
    g_free(self->error);
    g_free(self);
}

guint64
qemuNbdGetSize(const qemuNbd *self)
{
    return self->size;
}

const char *
qemuNbdGetError(const qemuNbd *self)
{
    return self->error;
}

bool
qemuNbdIsIdle(const qemuNbd *self)
{
    return self->pending == 0;
}

static void
qemuNbdFail(qemuNbd *self, const char *what, const char *why)
{
    if (!self->error)
        self->error = g_strdup_printf("%s: %s", what, why);
}

static int
qemuNbdExtents(void *opaque, const char *context, uint64_t offset, uint32_t *entries, size_t n,
               int *error)
{
    qemuNbdWindow *window = opaque;

    if (g_str_equal(context, QEMU_NBD_DEPTH))
        qemuExtentsAddDepths(window->extents, entries, n);
    else
        qemuExtentsAddStates(window->extents, entries, n);
    return 0;
}

static int
qemuNbdWindowDone(void *opaque, int *error)
{
    qemuNbdWindow *window = opaque;
    qemuNbd *self = window->self;

    self->pending--;
    if (*error)
        qemuNbdFail(self, "block status", g_strerror(*error));
    else if (qemuExtentsFill(window->extents, window->map) == 0)
        qemuNbdFail(self, "block status", "QEMU tells nothing");
    return 0;
}

static void
qemuNbdWindowFree(void *opaque)
{
    qemuNbdWindow *window = opaque;

    qemuExtentsFree(window->extents);
    g_free(window);
}

void
qemuNbdBlockStatus(qemuNbd *self, guint64 offset, guint64 len, qemuMap *map)
{
    qemuNbdWindow *window;

    if (self->error)
        return;
    window = g_new(qemuNbdWindow, 1);
    *window = (qemuNbdWindow) {
        .self = self,
        .map = map,
        .extents = qemuExtentsNew(offset, len),
    };
    self->pending++;
    if (nbd_aio_block_status(self->handle, len, offset,
                             (nbd_extent_callback) { .callback = qemuNbdExtents,
                                                     .user_data = window },
                             (nbd_completion_callback) { .callback = qemuNbdWindowDone,
                                                         .user_data = window,
                                                         .free = qemuNbdWindowFree }, 0) < 0)
        qemuNbdFail(self, "block status", nbd_get_error());
}

static int
qemuNbdRequestDone(void *opaque, int *error)
{
    qemuNbdRequest *request = opaque;
    qemuNbd *self = request->self;

    self->pending--;
    if (*error)
        qemuNbdFail(self, request->what, g_strerror(*error));
    else
        request->done(request->len, (guint64) (g_get_monotonic_time() - request->began),
                      request->opaque);
    return 0;
}

/* One more request, which libnbd frees */
static nbd_completion_callback
qemuNbdBegin(qemuNbd *self, const char *what, guint64 len, qemuNbdDone done, void *opaque)
{
    qemuNbdRequest *request = g_new(qemuNbdRequest, 1);

    *request = (qemuNbdRequest) {
        .self = self,
        .what = what,
        .len = len,
        .began = g_get_monotonic_time(),
        .done = done,
        .opaque = opaque,
    };
    self->pending++;
    return (nbd_completion_callback) {
        .callback = qemuNbdRequestDone, .user_data = request, .free = g_free,
    };
}

void
qemuNbdCache(qemuNbd *self, guint64 offset, guint64 len, qemuNbdDone done, void *opaque)
{
    if (!self->error &&
        nbd_aio_cache(self->handle, len, offset,
                      qemuNbdBegin(self, "copying", len, done, opaque), 0) < 0)
        qemuNbdFail(self, "copying", nbd_get_error());
}

void
qemuNbdFlush(qemuNbd *self, qemuNbdDone done, void *opaque)
{
    if (!self->error &&
        nbd_aio_flush(self->handle, qemuNbdBegin(self, "flush", 0, done, opaque), 0) < 0)
        qemuNbdFail(self, "flush", nbd_get_error());
}

static void
qemuNbdPoll(qemuNbd *self, gint64 us, int wake)
{
    unsigned int direction = nbd_aio_get_direction(self->handle);
    struct pollfd fds[] = {
        { .fd = nbd_aio_get_fd(self->handle),
          .events = (short) ((direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
                             (direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0)) },
        { .fd = wake, .events = POLLIN },
    };
    const struct timespec timeout = { .tv_sec = us / G_USEC_PER_SEC,
                                      .tv_nsec = us % G_USEC_PER_SEC * 1000 };
    int rc = 0;

    if (ppoll(fds, G_N_ELEMENTS(fds), &timeout, NULL) < 0) {
        if (errno != EINTR)
            qemuNbdFail(self, "poll", g_strerror(errno));
        return;
    }
    if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
        rc = nbd_aio_notify_read(self->handle);
    else if (fds[0].revents & POLLOUT)
        rc = nbd_aio_notify_write(self->handle);
    if (rc < 0)
        qemuNbdFail(self, "connection", nbd_get_error());
}

/* No callback retires its request: if the connection breaks in the very call that sends one,
 * libnbd 1.14 still reads it afterwards. */
static void
qemuNbdRetire(qemuNbd *self)
{
    int64_t cookie;

    while ((cookie = nbd_aio_peek_command_completed(self->handle)) > 0)
        nbd_aio_command_completed(self->handle, (uint64_t) cookie);
}

void
qemuNbdWait(qemuNbd *self, gint64 us, int wake)
{
    if (self->error)
        return;
    qemuNbdPoll(self, MAX(us, 0), wake);
    qemuNbdRetire(self);
    if (nbd_aio_is_dead(self->handle) || nbd_aio_is_closed(self->handle))
        qemuNbdFail(self, "connection", "QEMU has closed it");
}
