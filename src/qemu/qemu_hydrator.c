/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_hydrator.c: a thread around one NBD connection
 *
 *   map ──► windows ──► BLOCK_STATUS ──► map ──► ranges ──► CACHE ──► copied
 *                                                 governor, bucket ──┘
 */

#include "qemu/qemu_hydrator.h"

#include <errno.h>
#include <fcntl.h>
#include <libnbd.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/qemu_bucket.h"
#include "qemu/qemu_governor.h"
#include "qemu/qemu_map.h"
#include "qemu/qemu_space.h"
#include "util/error.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define QEMU_HYDRATOR_DEPTH "qemu:allocation-depth"

/* A killed QEMU loses what was not flushed: the work of so long is done again */
#define QEMU_HYDRATOR_FLUSH 2000 /* ms */

#define QEMU_HYDRATOR_STEP_MAX 1000 /* ms, between steps of the governor */

#define QEMU_HYDRATOR_SIZE_MIN (64 * 1024)

LOG_INIT("qemu.hydrator");

typedef struct nbd_handle nbdHandle;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(nbdHandle, nbd_close)

struct _qemuHydrator {
    qemuHydratorConfig config;
    char *name;
    int socket; /* the connection's, to shut it down from outside of its thread */
    GThread *thread;

    /* of the thread */
    nbdHandle *nbd;
    qemuMap *map;
    qemuGovernor governor;
    qemuBucket bucket;
    qemuHydratorFigures now; /* shown to others as figures */
    guint64 sent;        /* bytes in flight */
    guint pending;       /* commands of any kind */
    gint64 lastStep;     /* of the governor */
    gint64 nextStep;
    gint64 nextFlush;
    gint64 lastSent;     /* a CACHE request */
    guint64 copiedBefore;
    guint64 copiedFlushed;
    qemuGuestFigures guestBefore;
    char *error;

    GMutex lock; /* protects all below */
    bool stopping;
    streamSettings settings;
    guint64 position;
    qemuHydratorFigures figures;
};

/* One BLOCK_STATUS request: the two answers, to be laid over each other */
typedef struct _qemuHydratorWindow qemuHydratorWindow;
struct _qemuHydratorWindow {
    qemuHydrator *self;
    guint64 offset;
    guint64 len;
    GArray *depths; /* of uint32_t: length, depth, length, ... */
    GArray *states; /* of uint32_t: length, flags, ... */
};

typedef struct _qemuHydratorRequest qemuHydratorRequest;
struct _qemuHydratorRequest {
    qemuHydrator *self;
    guint64 len;
    gint64 began;
};

static void
qemuHydratorFail(qemuHydrator *self, const char *what, const char *why)
{
    if (!self->error)
        self->error = g_strdup_printf("%s: %s", what, why);
}

static void
qemuHydratorFailNbd(qemuHydrator *self, const char *what)
{
    qemuHydratorFail(self, what, nbd_get_error());
}

static int
qemuHydratorExtents(void *opaque, const char *context, uint64_t offset, uint32_t *entries,
                    size_t n, int *error)
{
    qemuHydratorWindow *window = opaque;

    g_array_append_vals(g_str_equal(context, QEMU_HYDRATOR_DEPTH) ? window->depths
                                                                  : window->states,
                        entries, (guint) n);
    return 0;
}

/* Lays depths over states: an extent ends where either ends. Returns the bytes told of. */
static guint64
qemuHydratorMerge(qemuMap *map, const qemuHydratorWindow *window)
{
    const uint32_t *depth = (const uint32_t *) (void *) window->depths->data;
    const uint32_t *state = (const uint32_t *) (void *) window->states->data;
    guint64 covered = 0;
    guint64 depthLeft = 0;
    guint64 stateLeft = 0;

    for (guint d = 0, s = 0; covered < window->len; ) {
        guint64 len;

        if (depthLeft == 0) {
            if (d + 1 >= window->depths->len)
                break;
            depthLeft = depth[d];
            d += 2;
        }
        if (stateLeft == 0) {
            if (s + 1 >= window->states->len)
                break;
            stateLeft = state[s];
            s += 2;
        }
        len = MIN(MIN(depthLeft, stateLeft), window->len - covered);
        if (len == 0)
            break; /* an extent of nothing: no progress is to be had from it */
        qemuMapAdd(map, window->offset + covered, len, depth[d - 1],
                   state[s - 1] & LIBNBD_STATE_ZERO);
        covered += len;
        depthLeft -= len;
        stateLeft -= len;
    }
    return covered;
}

static int
qemuHydratorWindowDone(void *opaque, int *error)
{
    qemuHydratorWindow *window = opaque;
    qemuHydrator *self = window->self;
    guint64 covered;

    self->pending--;
    if (*error) {
        qemuHydratorFail(self, "block status", g_strerror(*error));
        return 0;
    }
    covered = qemuHydratorMerge(self->map, window);
    if (covered == 0)
        qemuHydratorFail(self, "block status", "QEMU tells nothing");
    qemuMapWindowDone(self->map, window->offset, window->len, covered);
    return 0;
}

static void
qemuHydratorWindowFree(void *opaque)
{
    qemuHydratorWindow *window = opaque;

    g_array_unref(window->depths);
    g_array_unref(window->states);
    g_free(window);
}

static void
qemuHydratorAskWindow(qemuHydrator *self, guint64 offset, guint64 len)
{
    qemuHydratorWindow *window = g_new0(qemuHydratorWindow, 1);

    *window = (qemuHydratorWindow) {
        .self = self,
        .offset = offset,
        .len = len,
        .depths = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
        .states = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
    };
    self->pending++;
    if (nbd_aio_block_status(self->nbd, len, offset,
                             (nbd_extent_callback) { .callback = qemuHydratorExtents,
                                                     .user_data = window },
                             (nbd_completion_callback) { .callback = qemuHydratorWindowDone,
                                                         .user_data = window,
                                                         .free = qemuHydratorWindowFree },
                             0) < 0)
        qemuHydratorFailNbd(self, "block status");
}

static guint64
qemuHydratorAverage(guint64 before, guint64 now)
{
    if (before == 0)
        return now;
    return before + (guint64) (((gint64) now - (gint64) before) / 8);
}

static int
qemuHydratorCopied(void *opaque, int *error)
{
    qemuHydratorRequest *request = opaque;
    qemuHydrator *self = request->self;
    guint64 us = (guint64) (g_get_monotonic_time() - request->began);

    self->pending--;
    self->now.inFlight--;
    self->sent -= request->len;
    if (*error) {
        qemuHydratorFail(self, "copying", g_strerror(*error));
        return 0;
    }
    self->now.copied += request->len;
    self->now.latencyUs = qemuHydratorAverage(self->now.latencyUs, us);
    return 0;
}

static void
qemuHydratorCopy(qemuHydrator *self, guint64 offset, guint64 len)
{
    qemuHydratorRequest *request = g_new(qemuHydratorRequest, 1);

    *request = (qemuHydratorRequest) {
        .self = self,
        .len = len,
        .began = g_get_monotonic_time(),
    };
    self->pending++;
    self->now.inFlight++;
    self->sent += len;
    qemuBucketSpend(&self->bucket, len);
    if (nbd_aio_cache(self->nbd, len, offset,
                      (nbd_completion_callback) { .callback = qemuHydratorCopied,
                                                  .user_data = request,
                                                  .free = g_free }, 0) < 0)
        qemuHydratorFailNbd(self, "copying");
}

static int
qemuHydratorFlushed(void *opaque, int *error)
{
    qemuHydrator *self = opaque;

    self->pending--;
    if (*error)
        qemuHydratorFail(self, "flush", g_strerror(*error));
    return 0;
}

static void
qemuHydratorFlush(qemuHydrator *self)
{
    self->copiedFlushed = self->now.copied;
    self->pending++;
    if (nbd_aio_flush(self->nbd, (nbd_completion_callback) { .callback = qemuHydratorFlushed,
                                                             .user_data = self }, 0) < 0)
        qemuHydratorFailNbd(self, "flush");
}

/* Of one request: under a limit no big ones after long waits */
static guint64
qemuHydratorSize(const qemuHydrator *self)
{
    return MIN(qemuGovernorSize(&self->governor),
               qemuBucketPortion(&self->bucket, QEMU_HYDRATOR_SIZE_MIN));
}

/* Sends what may be sent now; returns after how many µs there may be more, -1: when told. */
static gint64
qemuHydratorSend(qemuHydrator *self)
{
    guint64 offset;
    guint64 len;

    while (!self->error && qemuMapNextWindow(self->map, &offset, &len))
        qemuHydratorAskWindow(self, offset, len);
    while (!self->error && self->now.inFlight < qemuGovernorRequests(&self->governor)) {
        gint64 now = g_get_monotonic_time();
        gint64 spaced = self->lastSent - now +
                        qemuGovernorSpacing(&self->governor, self->now.latencyUs);
        gint64 wait = MAX(qemuBucketWait(&self->bucket, now), spaced);

        if (wait > 0)
            return wait;
        if (!qemuMapNextRange(self->map, qemuHydratorSize(self), &offset, &len))
            break;
        qemuHydratorCopy(self, offset, len);
        self->lastSent = now;
    }
    return -1;
}

static void
qemuHydratorStep(qemuHydrator *self)
{
    qemuGovernorSample sample = { 0 };
    gint64 now = g_get_monotonic_time();
    const qemuGuestFigures *before = &self->guestBefore;
    qemuGuestFigures guest;

    if (self->config.guest && self->config.guest(&guest, self->config.opaque)) {
        if (before->requests > 0 && guest.requests >= before->requests) {
            sample.requests = guest.requests - before->requests;
            sample.writes = guest.writes - before->writes;
            sample.writeNs = guest.writeNs - before->writeNs;
        }
        self->guestBefore = guest;
    }

    sample.copied = (self->now.copied - self->copiedBefore) * G_USEC_PER_SEC /
                    (guint64) MAX(now - self->lastStep, 1);
    self->copiedBefore = self->now.copied;
    self->lastStep = now;
    qemuGovernorStep(&self->governor, &sample);
    self->now.bps = qemuHydratorAverage(self->now.bps, sample.copied);
    self->now.requests = qemuGovernorRequests(&self->governor);
    self->now.size = qemuHydratorSize(self);
    self->now.guestBeforeUs = (guint64) (self->governor.calmNs / 1000);
    self->now.guestUs = (guint64) (self->governor.nowNs / 1000);
}

/* Until the governor's next step, in µs: long enough for requests of the present size to be
 * begun and done, or it would judge those of before. */
static gint64
qemuHydratorInterval(qemuHydrator *self)
{
    return CLAMP((gint64) self->now.latencyUs * 3,
                 qemuGovernorInterval(&self->governor) * 1000, QEMU_HYDRATOR_STEP_MAX * 1000);
}

/* Until the next step there has to be room for what is in flight, and a second's work. */
static void
qemuHydratorCheckSpace(qemuHydrator *self)
{
    if (qemuSpaceCheck(self->config.image, self->sent + self->now.bps) < 0 && !self->error)
        self->error = g_strdup(errorText());
}

/* What is due by the clock */
static void
qemuHydratorTick(qemuHydrator *self)
{
    gint64 now = g_get_monotonic_time();

    if (now >= self->nextStep) {
        qemuHydratorStep(self);
        qemuHydratorCheckSpace(self);
        self->nextStep = g_get_monotonic_time() + qemuHydratorInterval(self);
    }
    if (now >= self->nextFlush && self->now.copied > self->copiedFlushed) {
        qemuHydratorFlush(self);
        self->nextFlush = now + QEMU_HYDRATOR_FLUSH * 1000;
    }
}

/* No callback retires its command: if the connection breaks in the very call that sends one,
 * libnbd 1.14 still reads it afterwards. */
static void
qemuHydratorRetire(qemuHydrator *self)
{
    int64_t cookie;

    while ((cookie = nbd_aio_peek_command_completed(self->nbd)) > 0)
        nbd_aio_command_completed(self->nbd, (uint64_t) cookie);
}

/* Waits for the server or the clock, and deals with what the server says. */
static void
qemuHydratorWait(qemuHydrator *self, gint64 us)
{
    unsigned int direction = nbd_aio_get_direction(self->nbd);
    gint64 step = self->nextStep - g_get_monotonic_time();
    struct pollfd fd = {
        .fd = nbd_aio_get_fd(self->nbd),
        .events = (short) ((direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
                           (direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0)),
    };
    struct timespec timeout;

    us = MAX(0, us < 0 ? step : MIN(us, step));
    timeout = (struct timespec) { .tv_sec = us / G_USEC_PER_SEC,
                                  .tv_nsec = us % G_USEC_PER_SEC * 1000 };
    if (ppoll(&fd, 1, &timeout, NULL) < 0) {
        if (errno != EINTR)
            qemuHydratorFail(self, "poll", g_strerror(errno));
        return;
    }
    if (fd.revents & (POLLIN | POLLHUP | POLLERR)) {
        if (nbd_aio_notify_read(self->nbd) < 0)
            qemuHydratorFailNbd(self, "connection");
    } else if (fd.revents & POLLOUT) {
        if (nbd_aio_notify_write(self->nbd) < 0)
            qemuHydratorFailNbd(self, "connection");
    }
}

static bool
qemuHydratorIsStopping(qemuHydrator *self)
{
    LOCK_SCOPE(&self->lock);

    return self->stopping;
}

static bool
qemuHydratorIsDone(const qemuHydrator *self)
{
    return qemuMapIsDone(self->map) && self->pending == 0;
}

/* Takes what others tell, and shows them how far it is. */
static void
qemuHydratorExchange(qemuHydrator *self)
{
    guint64 pulled;
    LOCK_SCOPE(&self->lock);

    qemuGovernorSetRegard(&self->governor, &self->settings.regard);
    if (self->bucket.rate != self->settings.bandwidth)
        qemuBucketSetRate(&self->bucket, self->settings.bandwidth, g_get_monotonic_time());
    pulled = qemuMapPass(self->map, self->position);
    self->now.pulled += pulled;
    qemuBucketSpend(&self->bucket, MIN(pulled, self->bucket.rate)); /* the job is limited, too */
    self->now.left = qemuMapLeft(self->map, &self->now.exact) + self->sent;
    self->figures = self->now;
}

static void *
qemuHydratorRun(void *opaque)
{
    qemuHydrator *self = opaque;

    while (!self->error && !qemuHydratorIsStopping(self) && !qemuHydratorIsDone(self)) {
        gint64 wait = qemuHydratorSend(self);

        if (self->error)
            break;
        qemuHydratorWait(self, wait);
        qemuHydratorRetire(self);
        qemuHydratorTick(self);
        qemuHydratorExchange(self);
        if (nbd_aio_is_dead(self->nbd) || nbd_aio_is_closed(self->nbd))
            qemuHydratorFail(self, "connection", "QEMU has closed it");
    }
    /* closing frees what is pending, and calls it back */
    g_clear_pointer(&self->nbd, nbd_close);
    if (qemuHydratorIsStopping(self)) {
        g_free(self->error);
        self->error = g_strdup("stopped");
    }
    LOG_DEBUG("%s: %" G_GUINT64_FORMAT " bytes copied, %s", self->name, self->now.copied,
              self->error ? self->error : "the end");
    self->config.ended(self->error, self->config.opaque);
    return NULL;
}

static nbdHandle *
qemuHydratorConnect(const qemuHydratorConfig *config)
{
    g_autoptr(nbdHandle) nbd = nbd_create();

    if (!nbd || nbd_set_export_name(nbd, config->name) < 0 ||
        nbd_add_meta_context(nbd, LIBNBD_CONTEXT_BASE_ALLOCATION) < 0 ||
        nbd_add_meta_context(nbd, QEMU_HYDRATOR_DEPTH) < 0 ||
        nbd_connect_socket(nbd, config->fd) < 0) {
        errorReport(VIR_ERR_OPERATION_FAILED, "export '%s': %s", config->name, nbd_get_error());
        return NULL;
    }
    if (nbd_can_cache(nbd) != 1 || nbd_can_meta_context(nbd, QEMU_HYDRATOR_DEPTH) != 1 ||
        nbd_can_meta_context(nbd, LIBNBD_CONTEXT_BASE_ALLOCATION) != 1) {
        errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "this QEMU's export '%s' cannot be hydrated",
                    config->name);
        return NULL;
    }
    return g_steal_pointer(&nbd);
}

qemuHydrator *
qemuHydratorNew(const qemuHydratorConfig *config)
{
    g_autoptr(nbdHandle) nbd = qemuHydratorConnect(config);
    qemuHydrator *self;
    int socket;

    if (!nbd)
        return NULL;
    if ((socket = fcntl(nbd_aio_get_fd(nbd), F_DUPFD_CLOEXEC, 0)) < 0) {
        errorReportSystem(errno, "%s", "cannot duplicate a socket");
        return NULL;
    }
    self = g_new0(qemuHydrator, 1);
    self->config = *config;
    self->name = g_strdup(config->name);
    self->config.name = self->name;
    self->socket = socket;
    self->map = qemuMapNew((guint64) nbd_get_size(nbd), config->deepest);
    qemuGovernorInit(&self->governor, &config->settings.regard);
    self->settings = config->settings;
    qemuBucketSetRate(&self->bucket, config->settings.bandwidth, g_get_monotonic_time());
    /* the job's part is told of once a second: half a second late */
    self->bucket.level = -(double) config->settings.bandwidth / 2;
    g_mutex_init(&self->lock);
    self->nbd = g_steal_pointer(&nbd);
    self->nextFlush = g_get_monotonic_time() + QEMU_HYDRATOR_FLUSH * 1000;
    qemuHydratorExchange(self);
    self->thread = g_thread_new("qemu-hydrate", qemuHydratorRun, self);
    return self;
}

void
qemuHydratorSet(qemuHydrator *self, const streamSettings *settings)
{
    LOCK_SCOPE(&self->lock);

    self->settings = *settings;
}

void
qemuHydratorSetPosition(qemuHydrator *self, guint64 position)
{
    LOCK_SCOPE(&self->lock);

    self->position = position;
}

qemuHydratorFigures
qemuHydratorGetFigures(qemuHydrator *self)
{
    LOCK_SCOPE(&self->lock);

    return self->figures;
}

void
qemuHydratorStop(qemuHydrator *self)
{
    LOCK_SCOPE(&self->lock);

    self->stopping = true;
    shutdown(self->socket, SHUT_RDWR); /* wakes the thread, too */
}

void
qemuHydratorFree(qemuHydrator *self)
{
    if (!self)
        return;
    qemuHydratorStop(self);
    g_thread_join(self->thread);
    qemuMapFree(self->map);
    close(self->socket);
    g_mutex_clear(&self->lock);
    g_free(self->error);
    g_free(self->name);
    g_free(self);
}
