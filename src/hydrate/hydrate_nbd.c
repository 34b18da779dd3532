/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_nbd.c: an asynchronous handle of libnbd's, which only this file uses */

#include "hydrate/hydrate_nbd.h"

#include <errno.h>
#include <libnbd.h>
#include <poll.h>
#include <unistd.h>

#include "hydrate/hydrate_extents.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define HYDRATE_NBD_DEPTH "qemu:allocation-depth"

typedef struct nbd_handle nbdHandle;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(nbdHandle, nbd_close)

struct _hydrateNbd {
    nbdHandle *handle;
    guint64 size;
    guint pending; /* requests of any kind */
    char *error;
};

typedef struct _hydrateNbdWindow hydrateNbdWindow;
struct _hydrateNbdWindow {
    hydrateNbd *self;
    hydrateMap *map;
    hydrateExtents *extents;
};

typedef struct _hydrateNbdRequest hydrateNbdRequest;
struct _hydrateNbdRequest {
    hydrateNbd *self;
    const char *what;
    guint64 len;
    gint64 began;
    hydrateNbdDone done;
    void *opaque;
};

static nbdHandle *
hydrateNbdConnect(int fd, const char *name)
{
    g_autoptr(nbdHandle) handle = nbd_create();
    bool ready = handle && nbd_set_export_name(handle, name) == 0 &&
                 nbd_add_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) == 0 &&
                 nbd_add_meta_context(handle, HYDRATE_NBD_DEPTH) == 0;

    if (!ready)
        close(fd);
    if (!ready || nbd_connect_socket(handle, fd) < 0) {
        errorReport(VIR_ERR_OPERATION_FAILED, "export '%s': %s", name, nbd_get_error());
        return NULL;
    }
    if (nbd_can_cache(handle) != 1 || nbd_can_meta_context(handle, HYDRATE_NBD_DEPTH) != 1 ||
        nbd_can_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) != 1) {
        errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "this QEMU's export '%s' cannot be hydrated",
                    name);
        return NULL;
    }
    return g_steal_pointer(&handle);
}

hydrateNbd *
hydrateNbdNew(int fd, const char *name)
{
    nbdHandle *handle = hydrateNbdConnect(fd, name);
    hydrateNbd *self;

    if (!handle)
        return NULL;
    self = g_new(hydrateNbd, 1);
    *self = (hydrateNbd) {
        .handle = handle,
        .size = (guint64) nbd_get_size(handle),
    };
    return self;
}

void
hydrateNbdFree(hydrateNbd *self)
{
    if (!self)
        return;
    nbd_close(self->handle); /* frees what is pending, and calls it back */
    g_free(self->error);
    g_free(self);
}

guint64
hydrateNbdGetSize(const hydrateNbd *self)
{
    return self->size;
}

const char *
hydrateNbdGetError(const hydrateNbd *self)
{
    return self->error;
}

bool
hydrateNbdIsIdle(const hydrateNbd *self)
{
    return self->pending == 0;
}

static void
hydrateNbdFail(hydrateNbd *self, const char *what, const char *why)
{
    if (!self->error)
        self->error = g_strdup_printf("%s: %s", what, why);
}

static int
hydrateNbdExtents(void *opaque, const char *context, uint64_t offset, uint32_t *entries, size_t n,
                  int *error)
{
    hydrateNbdWindow *window = opaque;

    if (g_str_equal(context, HYDRATE_NBD_DEPTH))
        hydrateExtentsAddDepths(window->extents, entries, n);
    else
        hydrateExtentsAddStates(window->extents, entries, n);
    return 0;
}

static int
hydrateNbdWindowDone(void *opaque, int *error)
{
    hydrateNbdWindow *window = opaque;
    hydrateNbd *self = window->self;

    self->pending--;
    if (*error)
        hydrateNbdFail(self, "block status", g_strerror(*error));
    else if (hydrateExtentsFill(window->extents, window->map) == 0)
        hydrateNbdFail(self, "block status", "QEMU tells nothing");
    return 0;
}

static void
hydrateNbdWindowFree(void *opaque)
{
    hydrateNbdWindow *window = opaque;

    hydrateExtentsFree(window->extents);
    g_free(window);
}

void
hydrateNbdBlockStatus(hydrateNbd *self, guint64 offset, guint64 len, hydrateMap *map)
{
    hydrateNbdWindow *window;

    if (self->error)
        return;
    window = g_new(hydrateNbdWindow, 1);
    *window = (hydrateNbdWindow) {
        .self = self,
        .map = map,
        .extents = hydrateExtentsNew(offset, len),
    };
    self->pending++;
    if (nbd_aio_block_status(self->handle, len, offset,
                             (nbd_extent_callback) { .callback = hydrateNbdExtents,
                                                     .user_data = window },
                             (nbd_completion_callback) { .callback = hydrateNbdWindowDone,
                                                         .user_data = window,
                                                         .free = hydrateNbdWindowFree },
                             0) < 0)
        hydrateNbdFail(self, "block status", nbd_get_error());
}

static int
hydrateNbdRequestDone(void *opaque, int *error)
{
    hydrateNbdRequest *request = opaque;
    hydrateNbd *self = request->self;

    self->pending--;
    if (*error)
        hydrateNbdFail(self, request->what, g_strerror(*error));
    else
        request->done(request->len, (guint64) (g_get_monotonic_time() - request->began),
                      request->opaque);
    return 0;
}

/* One more request, which libnbd frees */
static nbd_completion_callback
hydrateNbdBegin(hydrateNbd *self, const char *what, guint64 len, hydrateNbdDone done, void *opaque)
{
    hydrateNbdRequest *request = g_new(hydrateNbdRequest, 1);

    *request = (hydrateNbdRequest) {
        .self = self,
        .what = what,
        .len = len,
        .began = g_get_monotonic_time(),
        .done = done,
        .opaque = opaque,
    };
    self->pending++;
    return (nbd_completion_callback) {
        .callback = hydrateNbdRequestDone,
        .user_data = request,
        .free = g_free,
    };
}

void
hydrateNbdCache(hydrateNbd *self, guint64 offset, guint64 len, hydrateNbdDone done, void *opaque)
{
    if (!self->error && nbd_aio_cache(self->handle, len, offset,
                                      hydrateNbdBegin(self, "copying", len, done, opaque), 0) < 0)
        hydrateNbdFail(self, "copying", nbd_get_error());
}

void
hydrateNbdFlush(hydrateNbd *self, hydrateNbdDone done, void *opaque)
{
    if (!self->error &&
        nbd_aio_flush(self->handle, hydrateNbdBegin(self, "flush", 0, done, opaque), 0) < 0)
        hydrateNbdFail(self, "flush", nbd_get_error());
}

static void
hydrateNbdPoll(hydrateNbd *self, gint64 us, int wake)
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
            hydrateNbdFail(self, "poll", g_strerror(errno));
        return;
    }
    if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
        rc = nbd_aio_notify_read(self->handle);
    else if (fds[0].revents & POLLOUT)
        rc = nbd_aio_notify_write(self->handle);
    if (rc < 0)
        hydrateNbdFail(self, "connection", nbd_get_error());
}

/* No callback retires its request: if the connection breaks in the very call that sends one,
 * libnbd 1.14 still reads it afterwards. */
static void
hydrateNbdRetire(hydrateNbd *self)
{
    int64_t cookie;

    while ((cookie = nbd_aio_peek_command_completed(self->handle)) > 0)
        nbd_aio_command_completed(self->handle, (uint64_t) cookie);
}

void
hydrateNbdWait(hydrateNbd *self, gint64 us, int wake)
{
    if (self->error)
        return;
    hydrateNbdPoll(self, MAX(us, 0), wake);
    hydrateNbdRetire(self);
    if (nbd_aio_is_dead(self->handle) || nbd_aio_is_closed(self->handle))
        hydrateNbdFail(self, "connection", "QEMU has closed it");
}
