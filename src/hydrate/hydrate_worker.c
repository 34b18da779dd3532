/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hydrate_worker.c: a thread that asks as much as it may, and waits for the answers
 *
 *   order ──► windows ──► BLOCK_STATUS ──► map ──► order ──► ranges ──► CACHE ──► copied
 *                                                           governor, bucket ──┘
 */

#include "hydrate/hydrate_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hydrate/hydrate_bucket.h"
#include "hydrate/hydrate_governor.h"
#include "hydrate/hydrate_map.h"
#include "hydrate/hydrate_nbd.h"
#include "hydrate/hydrate_space.h"
#include "hydrate/hydrate_writeback.h"
#include "util/error.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

/* A killed QEMU loses what was not flushed: the work of so long is done again. But a flush holds up
 * the guest's writes and the copying, and must not take more than a tenth of the time. */
#define HYDRATE_WORKER_FLUSH (5 * G_USEC_PER_SEC)
#define HYDRATE_WORKER_FLUSH_SHARE 10

#define HYDRATE_WORKER_STEP_MAX 1000 /* ms, between steps of the governor */

/* The guest is looked at that often; an idle one twice as long after each look, up to that long. Each
 * look is a question to libvirt and QEMU, which can crash of one at a bad moment (docs/quirks.md). */
#define HYDRATE_WORKER_GUEST_FIRST (60 * G_TIME_SPAN_MILLISECOND)
#define HYDRATE_WORKER_GUEST (250 * G_TIME_SPAN_MILLISECOND)
#define HYDRATE_WORKER_GUEST_IDLE_MAX (2 * G_USEC_PER_SEC)

#define HYDRATE_WORKER_SIZE_MIN (64 * 1024)

/* The tail is not read from anywhere, and the guest must not see it: as much as QEMU takes */
#define HYDRATE_WORKER_TAIL_REQUESTS 16
#define HYDRATE_WORKER_TAIL_SIZE \
    (4 * 1024 * 1024) /* of zeroes, some times as much: hydrate_map.h */

/* The end is near when two seconds' work is left. Of that a half second's is kept back until the job is
 * paused: it cannot copy it itself, and end, meanwhile, since it is no faster than we are. */
#define HYDRATE_WORKER_END_NEAR 2
#define HYDRATE_WORKER_END_KEPT 2

LOG_INIT("hydrate.worker");

struct _hydrateWorker {
    hydrateWorkerConfig config;
    char *name;
    int socket; /* the connection's, to shut it down from outside of its thread */
    int wake;   /* an eventfd: there is news for the thread */
    GThread *thread;
    hydrateWriteback *writeback; /* NULL: QEMU does it */

    /* of the thread */
    hydrateNbd *nbd;
    bool tailLate;    /* some of it was not zeroes */
    hydrateMap *tail; /* NULL: there is none, or it is zeroes by now */
    hydrateMap *map;
    hydrateGovernor governor;
    hydrateBucket bucket;
    streamHydrationStats now; /* shown to others as figures */
    guint64 sent;             /* bytes in flight */
    gint64 lastSent;          /* a CACHE request */
    gint64 lastStep;          /* of the governor */
    gint64 nextStep;
    gint64 nextFlush;
    guint64 copiedBefore;
    guint64 copiedFlushing; /* what the flush that is under way, or the last one, is of */
    bool flushing;
    bool lastBegun; /* the flush after which nothing is left */
    bool lastFlushed;
    gint64 began;
    bool told; /* that the end is near */
    bool mayEnd;
    bool flushOnly; /* nothing is begun any more */
    streamGuestStats guestBefore;
    bool guestSeen;
    gint64 guestInterval; /* between looks at the guest */
    gint64 nextGuest;
    char *error;

    GMutex lock; /* protects all below */
    GCond cond;  /* stopping, ended or flushed */
    bool stopping;
    bool letEnd;
    bool flushAsked;
    bool flushed; /* as asked */
    bool ended;
    streamSettings settings;
    guint64 position;
    streamHydrationStats figures;
};

static guint64
hydrateWorkerAverage(guint64 before, guint64 now)
{
    if (before == 0)
        return now;
    return before + (guint64) (((gint64) now - (gint64) before) / 8);
}

static void
hydrateWorkerCopied(guint64 len, guint64 us, void *opaque)
{
    hydrateWorker *self = opaque;

    self->now.inFlight--;
    self->sent -= len;
    self->now.copied += len;
    self->now.latencyUs = hydrateWorkerAverage(self->now.latencyUs, us);
    hydrateWritebackNote(self->writeback);
}

static void
hydrateWorkerCopy(hydrateWorker *self, guint64 offset, guint64 len)
{
    self->now.inFlight++;
    self->sent += len;
    hydrateBucketSpend(&self->bucket, len);
    hydrateNbdCache(self->nbd, offset, len, hydrateWorkerCopied, self);
}

/* Of one request: under a limit no big ones after long waits */
static guint64
hydrateWorkerSize(const hydrateWorker *self)
{
    return MIN(hydrateGovernorSize(&self->governor),
               hydrateBucketPortion(&self->bucket, HYDRATE_WORKER_SIZE_MIN));
}

/* Is not counted as copied: nothing is. */
static void
hydrateWorkerZeroed(guint64 len, guint64 us, void *opaque)
{
    hydrateWorker *self = opaque;

    self->now.inFlight--;
}

static void
hydrateWorkerSendTail(hydrateWorker *self)
{
    guint64 offset;
    guint64 len;

    while (self->now.inFlight < HYDRATE_WORKER_TAIL_REQUESTS &&
           hydrateMapNextRange(self->tail, HYDRATE_WORKER_TAIL_SIZE, &offset, &len)) {
        self->now.inFlight++;
        self->tailLate = true;
        hydrateNbdCache(self->nbd, offset, len, hydrateWorkerZeroed, self);
    }
    if (!hydrateMapIsDone(self->tail) || !hydrateNbdIsIdle(self->nbd))
        return;
    g_clear_pointer(&self->tail, hydrateMapFree);
    if (self->config.tailDone)
        self->config.tailDone(self->tailLate, self->config.opaque);
}

/* Bytes per second: the average knows nothing of a start, nor the whole of a change. */
static guint64
hydrateWorkerRate(const hydrateWorker *self)
{
    gint64 us = MAX(g_get_monotonic_time() - self->began, 1);

    return MAX(self->now.bps, self->now.copied * G_USEC_PER_SEC / (guint64) us);
}

/* The job is not paused yet, and would end if more was copied. */
static bool
hydrateWorkerWaitsForJob(hydrateWorker *self)
{
    bool exact;
    guint64 left = hydrateMapLeft(self->map, &exact);

    return !self->mayEnd && exact &&
           (left <= hydrateWorkerRate(self) / HYDRATE_WORKER_END_KEPT ||
            hydrateMapIsLast(self->map, hydrateWorkerSize(self)));
}

/* Whether a range may be begun now */
static bool
hydrateWorkerMaySend(hydrateWorker *self)
{
    return !hydrateNbdGetError(self->nbd) && !self->flushOnly &&
           self->now.inFlight < hydrateGovernorRequests(&self->governor) &&
           !hydrateWorkerWaitsForJob(self);
}

/* Sends what may be sent now; returns after how many µs there may be more, if nothing is told. */
static gint64
hydrateWorkerSendRanges(hydrateWorker *self)
{
    const hydrateOrder *order = &self->config.order;
    guint64 offset;
    guint64 len;

    while (hydrateWorkerMaySend(self)) {
        gint64 now = g_get_monotonic_time();
        gint64 spaced = self->lastSent - now +
                        hydrateGovernorSpacing(&self->governor, self->now.latencyUs);
        gint64 wait = MAX(hydrateBucketWait(&self->bucket, now), spaced);

        if (wait > 0)
            return wait;
        if (!order->nextRange(order->state, self->map, hydrateWorkerSize(self), &offset, &len))
            break;
        hydrateWorkerCopy(self, offset, len);
        self->lastSent = now;
    }
    return G_MAXINT64;
}

static bool
hydrateWorkerNextWindow(hydrateWorker *self, guint64 *offset, guint64 *len)
{
    const hydrateOrder *order = &self->config.order;

    return self->tail ? hydrateMapNextWindow(self->tail, offset, len)
                      : order->nextWindow(order->state, self->map, offset, len);
}

static gint64
hydrateWorkerSend(hydrateWorker *self)
{
    guint64 offset;
    guint64 len;

    while (!hydrateNbdGetError(self->nbd) && !self->flushOnly &&
           hydrateWorkerNextWindow(self, &offset, &len))
        hydrateNbdBlockStatus(self->nbd, offset, len, self->tail ? self->tail : self->map);
    if (!self->tail)
        return hydrateWorkerSendRanges(self);
    hydrateWorkerSendTail(self);
    return self->tail ? G_MAXINT64 : 0;
}

/* What the guest did since the last look, if it is time for one */
static hydrateGovernorSample
hydrateWorkerLookAtGuest(hydrateWorker *self)
{
    hydrateGovernorSample sample = { .unseen = true };
    streamGuestStats before = self->guestBefore;

    if (!self->config.guest || self->governor.guestLatency.fast ||
        g_get_monotonic_time() < self->nextGuest)
        return sample;
    if (self->config.guest(&self->guestBefore, self->config.opaque)) {
        const streamGuestStats *now = &self->guestBefore;

        sample.unseen = !self->guestSeen || now->requests < before.requests;
        sample.requests = now->requests - before.requests;
        sample.writes = now->writes - before.writes;
        sample.writeNs = now->writeNs - before.writeNs;
        self->guestInterval = !self->guestSeen ? HYDRATE_WORKER_GUEST_FIRST
                            : sample.requests > 0
                                ? HYDRATE_WORKER_GUEST
                                : CLAMP(2 * self->guestInterval, HYDRATE_WORKER_GUEST,
                                        HYDRATE_WORKER_GUEST_IDLE_MAX);
        self->guestSeen = true;
    }
    self->nextGuest = g_get_monotonic_time() + self->guestInterval;
    return sample;
}

static void
hydrateWorkerStep(hydrateWorker *self)
{
    hydrateGovernorSample sample = hydrateWorkerLookAtGuest(self);
    gint64 now = g_get_monotonic_time();

    sample.copied = (self->now.copied - self->copiedBefore) * G_USEC_PER_SEC /
                    (guint64) MAX(now - self->lastStep, 1);
    self->copiedBefore = self->now.copied;
    self->lastStep = now;
    hydrateGovernorStep(&self->governor, &sample);
    self->now.bps = hydrateWorkerAverage(self->now.bps, sample.copied);
    self->now.requests = hydrateGovernorRequests(&self->governor);
    self->now.size = hydrateWorkerSize(self);
    self->now.guestBeforeUs = (guint64) (self->governor.calmNs / 1000);
    self->now.guestUs = (guint64) (self->governor.nowNs / 1000);
}

/* Until the governor's next step, in µs: long enough for requests of the present size to be
 * begun and done, or it would judge those of before. */
static gint64
hydrateWorkerInterval(hydrateWorker *self)
{
    return CLAMP((gint64) self->now.latencyUs * 3, hydrateGovernorInterval(&self->governor) * 1000,
                 HYDRATE_WORKER_STEP_MAX * 1000);
}

/* Until the next step there has to be room for what is in flight, and a second's work. */
static void
hydrateWorkerCheckSpace(hydrateWorker *self)
{
    if (hydrateSpaceCheck(self->config.image, self->sent + self->now.bps) < 0 && !self->error)
        self->error = g_strdup(errorText());
}

static void
hydrateWorkerFlushed(guint64 len, guint64 us, void *opaque)
{
    hydrateWorker *self = opaque;

    self->flushing = false;
    self->now.flushed = self->copiedFlushing;
    self->nextFlush = g_get_monotonic_time() +
                      MAX(HYDRATE_WORKER_FLUSH, HYDRATE_WORKER_FLUSH_SHARE * (gint64) us);
}

static void
hydrateWorkerBeginFlush(hydrateWorker *self)
{
    self->copiedFlushing = self->now.copied;
    self->flushing = true;
    hydrateNbdFlush(self->nbd, hydrateWorkerFlushed, self);
}

/* Nothing is left to copy */
static bool
hydrateWorkerIsThrough(const hydrateWorker *self)
{
    return self->mayEnd && !self->tail && hydrateMapIsDone(self->map) && self->now.inFlight == 0;
}

/* What the job has copied beside us has to be safe, too: a last flush is made in any case. */
static bool
hydrateWorkerIsDone(const hydrateWorker *self)
{
    return hydrateWorkerIsThrough(self) && self->lastFlushed;
}

/* A flush is due by the clock; at once if nothing is left, or nothing more is begun. */
static void
hydrateWorkerCheckFlush(hydrateWorker *self, gint64 now)
{
    bool last = hydrateWorkerIsThrough(self);

    if (self->flushing || hydrateNbdGetError(self->nbd))
        return;
    if (self->lastBegun) {
        self->lastFlushed = true;
        return;
    }
    if (last ||
        (self->now.copied > self->now.flushed && (self->flushOnly || now >= self->nextFlush))) {
        self->lastBegun = last;
        hydrateWorkerBeginFlush(self);
    }
}

static void
hydrateWorkerCheckEnd(hydrateWorker *self)
{
    if (self->told || self->tail || !self->now.exact ||
        (self->now.left > HYDRATE_WORKER_END_NEAR * hydrateWorkerRate(self) &&
         !hydrateWorkerWaitsForJob(self)))
        return;
    self->told = true;
    if (self->config.nearEnd)
        self->config.nearEnd(self->config.opaque);
}

/* What is due by the clock */
static void
hydrateWorkerTick(hydrateWorker *self)
{
    gint64 now = g_get_monotonic_time();

    if (now >= self->nextStep) {
        hydrateWorkerStep(self);
        hydrateWorkerCheckSpace(self);
        self->nextStep = g_get_monotonic_time() + hydrateWorkerInterval(self);
    }
    hydrateWorkerCheckFlush(self, now);
    hydrateWorkerCheckEnd(self);
}

static bool
hydrateWorkerIsStopping(hydrateWorker *self)
{
    LOCK_SCOPE(&self->lock);

    return self->stopping;
}

/* Takes what others tell, and shows them how far it is. */
static void
hydrateWorkerExchange(hydrateWorker *self)
{
    guint64 pulled;
    LOCK_SCOPE(&self->lock);

    hydrateGovernorSetGuestLatency(&self->governor, &self->settings.guestLatency);
    if (self->bucket.rate != self->settings.bandwidth)
        hydrateBucketSetRate(&self->bucket, self->settings.bandwidth, g_get_monotonic_time());
    pulled = hydrateMapPass(self->map, self->position);
    self->now.pulled += pulled;
    hydrateBucketSpend(&self->bucket, MIN(pulled, self->bucket.rate)); /* the job is limited, too */
    self->now.left = hydrateMapLeft(self->map, &self->now.exact) + self->sent;
    self->mayEnd = self->letEnd;
    self->flushOnly = self->flushAsked;
    self->figures = self->now;
    if (self->flushOnly && self->now.flushed == self->now.copied) {
        self->flushed = true;
        g_cond_broadcast(&self->cond);
    }
}

/* Nobody waits for a flush any more. */
static void
hydrateWorkerTellEnded(hydrateWorker *self)
{
    LOCK_SCOPE(&self->lock);

    self->ended = true;
    g_cond_broadcast(&self->cond);
}

static void *
hydrateWorkerRun(void *opaque)
{
    hydrateWorker *self = opaque;
    eventfd_t news;

    while (!self->error && !hydrateWorkerIsStopping(self) && !hydrateWorkerIsDone(self)) {
        gint64 more = hydrateWorkerSend(self);

        hydrateNbdWait(self->nbd, MIN(more, self->nextStep - g_get_monotonic_time()), self->wake);
        eventfd_read(self->wake, &news);
        self->error = g_strdup(hydrateNbdGetError(self->nbd));
        hydrateWorkerTick(self);
        hydrateWorkerExchange(self);
    }
    g_clear_pointer(&self->nbd, hydrateNbdFree);
    if (hydrateWorkerIsStopping(self)) {
        g_free(self->error);
        self->error = g_strdup("stopped");
    }
    LOG_DEBUG("%s: %" G_GUINT64_FORMAT " bytes copied, %s", self->name, self->now.copied,
              self->error ? self->error : "the end");
    hydrateWorkerTellEnded(self);
    self->config.ended(self->error, self->config.opaque);
    return NULL;
}

hydrateWorker *
hydrateWorkerNew(const hydrateWorkerConfig *config)
{
    g_autoptr(hydrateNbd) nbd = hydrateNbdNew(config->fd, config->name);
    hydrateWorker *self;
    int socket;

    if (!nbd)
        return NULL;
    if ((socket = fcntl(config->fd, F_DUPFD_CLOEXEC, 0)) < 0) {
        errorReportSystem(errno, "%s", "cannot duplicate a socket");
        return NULL;
    }
    self = g_new0(hydrateWorker, 1);
    self->config = *config;
    self->name = g_strdup(config->name);
    self->config.name = self->name;
    self->socket = socket;
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->map = hydrateMapNew(hydrateNbdGetSize(nbd), config->deepest);
    if (config->tail > 0)
        self->tail = hydrateMapNewTail(hydrateNbdGetSize(nbd), config->tail);
    self->writeback = hydrateWritebackNew(config->image);
    self->mayEnd = self->letEnd = !config->nearEnd;
    hydrateGovernorInit(&self->governor, &config->settings.guestLatency);
    self->settings = config->settings;
    hydrateBucketSetRate(&self->bucket, config->settings.bandwidth, g_get_monotonic_time());
    /* the job's part is told of once a second: half a second late */
    self->bucket.level = -(double) config->settings.bandwidth / 2;
    g_mutex_init(&self->lock);
    g_cond_init(&self->cond);
    self->nbd = g_steal_pointer(&nbd);
    self->began = g_get_monotonic_time();
    self->guestInterval = HYDRATE_WORKER_GUEST;
    self->nextFlush = self->began + HYDRATE_WORKER_FLUSH;
    hydrateWorkerExchange(self);
    self->thread = g_thread_new("qemu-hydrate", hydrateWorkerRun, self);
    return self;
}

static void
hydrateWorkerWake(hydrateWorker *self)
{
    eventfd_write(self->wake, 1);
}

void
hydrateWorkerSet(hydrateWorker *self, const streamSettings *settings)
{
    LOCK_SCOPE(&self->lock);

    self->settings = *settings;
}

void
hydrateWorkerSetPosition(hydrateWorker *self, guint64 position)
{
    LOCK_SCOPE(&self->lock);

    self->position = position;
}

streamHydrationStats
hydrateWorkerGetStats(hydrateWorker *self)
{
    LOCK_SCOPE(&self->lock);

    return self->figures;
}

void
hydrateWorkerLetEnd(hydrateWorker *self)
{
    LOCK_SCOPE(&self->lock);

    self->letEnd = true;
    hydrateWorkerWake(self);
}

void
hydrateWorkerFlush(hydrateWorker *self, gint64 us)
{
    gint64 until = g_get_monotonic_time() + us;
    LOCK_SCOPE(&self->lock);

    self->flushAsked = true;
    hydrateWorkerWake(self);
    while (!self->ended && !self->stopping && !self->flushed &&
           g_cond_wait_until(&self->cond, &self->lock, until))
        ;
}

void
hydrateWorkerStop(hydrateWorker *self)
{
    LOCK_SCOPE(&self->lock);

    self->stopping = true;
    g_cond_broadcast(&self->cond);
    shutdown(self->socket, SHUT_RDWR); /* wakes the thread, too */
}

void
hydrateWorkerFree(hydrateWorker *self)
{
    if (!self)
        return;
    hydrateWorkerStop(self);
    g_thread_join(self->thread);
    hydrateWritebackFree(self->writeback);
    hydrateMapFree(self->tail);
    hydrateMapFree(self->map);
    close(self->socket);
    close(self->wake);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->cond);
    g_free(self->error);
    g_free(self->name);
    g_free(self);
}
