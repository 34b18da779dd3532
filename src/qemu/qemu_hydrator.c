/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_hydrator.c: a thread that asks as much as it may, and waits for the answers
 *
 *   map ──► windows ──► BLOCK_STATUS ──► map ──► ranges ──► CACHE ──► copied
 *                                                 governor, bucket ──┘
 */

#include "qemu/qemu_hydrator.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/qemu_bucket.h"
#include "qemu/qemu_governor.h"
#include "qemu/qemu_map.h"
#include "qemu/qemu_nbd.h"
#include "qemu/qemu_space.h"
#include "qemu/qemu_writeback.h"
#include "util/error.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

/* A killed QEMU loses what was not flushed: the work of so long is done again. But a flush holds up
 * the guest's writes and the copying, and must not take more than a tenth of the time. */
#define QEMU_HYDRATOR_FLUSH (5 * G_USEC_PER_SEC)
#define QEMU_HYDRATOR_FLUSH_SHARE 10

#define QEMU_HYDRATOR_STEP_MAX 1000 /* ms, between steps of the governor */

/* The guest is looked at that often; an idle one twice as long after each look, up to that long. Each
 * look is a question to libvirt and QEMU, which can crash of one at a bad moment (docs/quirks.md). */
#define QEMU_HYDRATOR_GUEST_FIRST (60 * G_TIME_SPAN_MILLISECOND)
#define QEMU_HYDRATOR_GUEST (250 * G_TIME_SPAN_MILLISECOND)
#define QEMU_HYDRATOR_GUEST_IDLE_MAX (2 * G_USEC_PER_SEC)

#define QEMU_HYDRATOR_SIZE_MIN (64 * 1024)

/* The tail is not read from anywhere, and the guest must not see it: as much as QEMU takes */
#define QEMU_HYDRATOR_TAIL_REQUESTS 16
#define QEMU_HYDRATOR_TAIL_SIZE (4 * 1024 * 1024) /* of zeroes, some times as much: qemu_map.h */

/* The end is near when two seconds' work is left. Of that a half second's is kept back until the job is
 * paused: it cannot copy it itself, and end, meanwhile, since it is no faster than we are. */
#define QEMU_HYDRATOR_END_NEAR 2
#define QEMU_HYDRATOR_END_KEPT 2

LOG_INIT("qemu.hydrator");

struct _qemuHydrator {
    qemuHydratorConfig config;
    char *name;
    int socket; /* the connection's, to shut it down from outside of its thread */
    int wake;   /* an eventfd: there is news for the thread */
    GThread *thread;
    qemuWriteback *writeback; /* NULL: QEMU does it */

    /* of the thread */
    qemuNbd *nbd;
    bool tailLate; /* some of it was not zeroes */
    qemuMap *tail; /* NULL: there is none, or it is zeroes by now */
    qemuMap *map;
    qemuGovernor governor;
    qemuBucket bucket;
    qemuHydratorFigures now; /* shown to others as figures */
    guint64 sent;    /* bytes in flight */
    gint64 lastSent; /* a CACHE request */
    gint64 lastStep; /* of the governor */
    gint64 nextStep;
    gint64 nextFlush;
    guint64 copiedBefore;
    guint64 copiedFlushing; /* what the flush that is under way, or the last one, is of */
    bool flushing;
    bool lastBegun;   /* the flush after which nothing is left */
    bool lastFlushed;
    gint64 began;
    bool told;       /* that the end is near */
    bool mayEnd;
    bool flushOnly;  /* nothing is begun any more */
    qemuGuestFigures guestBefore;
    bool guestSeen;
    gint64 guestInterval; /* between looks at the guest */
    gint64 nextGuest;
    char *error;

    GMutex lock; /* protects all below */
    GCond cond;  /* stopping, ended or flushed */
    bool stopping;
    bool letEnd;
    bool flushAsked;
    bool flushed;    /* as asked */
    bool ended;
    streamSettings settings;
    guint64 position;
    qemuHydratorFigures figures;
};

static guint64
qemuHydratorAverage(guint64 before, guint64 now)
{
    if (before == 0)
        return now;
    return before + (guint64) (((gint64) now - (gint64) before) / 8);
}

static void
qemuHydratorCopied(guint64 len, guint64 us, void *opaque)
{
    qemuHydrator *self = opaque;

    self->now.inFlight--;
    self->sent -= len;
    self->now.copied += len;
    self->now.latencyUs = qemuHydratorAverage(self->now.latencyUs, us);
    qemuWritebackNote(self->writeback);
}

static void
qemuHydratorCopy(qemuHydrator *self, guint64 offset, guint64 len)
{
    self->now.inFlight++;
    self->sent += len;
    qemuBucketSpend(&self->bucket, len);
    qemuNbdCache(self->nbd, offset, len, qemuHydratorCopied, self);
}

/* Of one request: under a limit no big ones after long waits */
static guint64
qemuHydratorSize(const qemuHydrator *self)
{
    return MIN(qemuGovernorSize(&self->governor),
               qemuBucketPortion(&self->bucket, QEMU_HYDRATOR_SIZE_MIN));
}

/* Is not counted as copied: nothing is. */
static void
qemuHydratorZeroed(guint64 len, guint64 us, void *opaque)
{
    qemuHydrator *self = opaque;

    self->now.inFlight--;
}

static void
qemuHydratorSendTail(qemuHydrator *self)
{
    guint64 offset;
    guint64 len;

    while (self->now.inFlight < QEMU_HYDRATOR_TAIL_REQUESTS &&
           qemuMapNextRange(self->tail, QEMU_HYDRATOR_TAIL_SIZE, &offset, &len)) {
        self->now.inFlight++;
        self->tailLate = true;
        qemuNbdCache(self->nbd, offset, len, qemuHydratorZeroed, self);
    }
    if (!qemuMapIsDone(self->tail) || !qemuNbdIsIdle(self->nbd))
        return;
    g_clear_pointer(&self->tail, qemuMapFree);
    if (self->config.tailDone)
        self->config.tailDone(self->tailLate, self->config.opaque);
}

/* Bytes per second: the average knows nothing of a start, nor the whole of a change. */
static guint64
qemuHydratorRate(const qemuHydrator *self)
{
    gint64 us = MAX(g_get_monotonic_time() - self->began, 1);

    return MAX(self->now.bps, self->now.copied * G_USEC_PER_SEC / (guint64) us);
}

/* The job is not paused yet, and would end if more was copied. */
static bool
qemuHydratorWaitsForJob(qemuHydrator *self)
{
    bool exact;
    guint64 left = qemuMapLeft(self->map, &exact);

    return !self->mayEnd && exact &&
           (left <= qemuHydratorRate(self) / QEMU_HYDRATOR_END_KEPT ||
            qemuMapIsLast(self->map, qemuHydratorSize(self)));
}

/* Whether a range may be begun now */
static bool
qemuHydratorMaySend(qemuHydrator *self)
{
    return !qemuNbdGetError(self->nbd) && !self->flushOnly &&
           self->now.inFlight < qemuGovernorRequests(&self->governor) &&
           !qemuHydratorWaitsForJob(self);
}

/* Sends what may be sent now; returns after how many µs there may be more, if nothing is told. */
static gint64
qemuHydratorSendRanges(qemuHydrator *self)
{
    guint64 offset;
    guint64 len;

    while (qemuHydratorMaySend(self)) {
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
    return G_MAXINT64;
}

static gint64
qemuHydratorSend(qemuHydrator *self)
{
    qemuMap *map = self->tail ? self->tail : self->map;
    guint64 offset;
    guint64 len;

    while (!qemuNbdGetError(self->nbd) && !self->flushOnly &&
           qemuMapNextWindow(map, &offset, &len))
        qemuNbdBlockStatus(self->nbd, offset, len, map);
    if (!self->tail)
        return qemuHydratorSendRanges(self);
    qemuHydratorSendTail(self);
    return self->tail ? G_MAXINT64 : 0;
}

/* What the guest did since the last look, if it is time for one */
static qemuGovernorSample
qemuHydratorLookAtGuest(qemuHydrator *self)
{
    qemuGovernorSample sample = { .unseen = true };
    qemuGuestFigures before = self->guestBefore;

    if (!self->config.guest || self->governor.regard.fast ||
        g_get_monotonic_time() < self->nextGuest)
        return sample;
    if (self->config.guest(&self->guestBefore, self->config.opaque)) {
        const qemuGuestFigures *now = &self->guestBefore;

        sample.unseen = !self->guestSeen || now->requests < before.requests;
        sample.requests = now->requests - before.requests;
        sample.writes = now->writes - before.writes;
        sample.writeNs = now->writeNs - before.writeNs;
        self->guestInterval =
            !self->guestSeen     ? QEMU_HYDRATOR_GUEST_FIRST
            : sample.requests > 0 ? QEMU_HYDRATOR_GUEST
                                  : CLAMP(2 * self->guestInterval, QEMU_HYDRATOR_GUEST,
                                          QEMU_HYDRATOR_GUEST_IDLE_MAX);
        self->guestSeen = true;
    }
    self->nextGuest = g_get_monotonic_time() + self->guestInterval;
    return sample;
}

static void
qemuHydratorStep(qemuHydrator *self)
{
    qemuGovernorSample sample = qemuHydratorLookAtGuest(self);
    gint64 now = g_get_monotonic_time();

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

static void
qemuHydratorFlushed(guint64 len, guint64 us, void *opaque)
{
    qemuHydrator *self = opaque;

    self->flushing = false;
    self->now.flushed = self->copiedFlushing;
    self->nextFlush = g_get_monotonic_time() +
                      MAX(QEMU_HYDRATOR_FLUSH, QEMU_HYDRATOR_FLUSH_SHARE * (gint64) us);
}

static void
qemuHydratorBeginFlush(qemuHydrator *self)
{
    self->copiedFlushing = self->now.copied;
    self->flushing = true;
    qemuNbdFlush(self->nbd, qemuHydratorFlushed, self);
}

/* Nothing is left to copy */
static bool
qemuHydratorIsThrough(const qemuHydrator *self)
{
    return self->mayEnd && !self->tail && qemuMapIsDone(self->map) && self->now.inFlight == 0;
}

/* What the job has copied beside us has to be safe, too: a last flush is made in any case. */
static bool
qemuHydratorIsDone(const qemuHydrator *self)
{
    return qemuHydratorIsThrough(self) && self->lastFlushed;
}

/* A flush is due by the clock; at once if nothing is left, or nothing more is begun. */
static void
qemuHydratorCheckFlush(qemuHydrator *self, gint64 now)
{
    bool last = qemuHydratorIsThrough(self);

    if (self->flushing || qemuNbdGetError(self->nbd))
        return;
    if (self->lastBegun) {
        self->lastFlushed = true;
        return;
    }
    if (last || (self->now.copied > self->now.flushed && (self->flushOnly || now >= self->nextFlush))) {
        self->lastBegun = last;
        qemuHydratorBeginFlush(self);
    }
}

static void
qemuHydratorCheckEnd(qemuHydrator *self)
{
    if (self->told || self->tail || !self->now.exact ||
        (self->now.left > QEMU_HYDRATOR_END_NEAR * qemuHydratorRate(self) &&
         !qemuHydratorWaitsForJob(self)))
        return;
    self->told = true;
    if (self->config.nearEnd)
        self->config.nearEnd(self->config.opaque);
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
    qemuHydratorCheckFlush(self, now);
    qemuHydratorCheckEnd(self);
}

static bool
qemuHydratorIsStopping(qemuHydrator *self)
{
    LOCK_SCOPE(&self->lock);

    return self->stopping;
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
qemuHydratorTellEnded(qemuHydrator *self)
{
    LOCK_SCOPE(&self->lock);

    self->ended = true;
    g_cond_broadcast(&self->cond);
}

static void *
qemuHydratorRun(void *opaque)
{
    qemuHydrator *self = opaque;
    eventfd_t news;

    while (!self->error && !qemuHydratorIsStopping(self) && !qemuHydratorIsDone(self)) {
        gint64 more = qemuHydratorSend(self);

        qemuNbdWait(self->nbd, MIN(more, self->nextStep - g_get_monotonic_time()), self->wake);
        eventfd_read(self->wake, &news);
        self->error = g_strdup(qemuNbdGetError(self->nbd));
        qemuHydratorTick(self);
        qemuHydratorExchange(self);
    }
    g_clear_pointer(&self->nbd, qemuNbdFree);
    if (qemuHydratorIsStopping(self)) {
        g_free(self->error);
        self->error = g_strdup("stopped");
    }
    LOG_DEBUG("%s: %" G_GUINT64_FORMAT " bytes copied, %s", self->name, self->now.copied,
              self->error ? self->error : "the end");
    qemuHydratorTellEnded(self);
    self->config.ended(self->error, self->config.opaque);
    return NULL;
}

qemuHydrator *
qemuHydratorNew(const qemuHydratorConfig *config)
{
    g_autoptr(qemuNbd) nbd = qemuNbdNew(config->fd, config->name);
    qemuHydrator *self;
    int socket;

    if (!nbd)
        return NULL;
    if ((socket = fcntl(config->fd, F_DUPFD_CLOEXEC, 0)) < 0) {
        errorReportSystem(errno, "%s", "cannot duplicate a socket");
        return NULL;
    }
    self = g_new0(qemuHydrator, 1);
    self->config = *config;
    self->name = g_strdup(config->name);
    self->config.name = self->name;
    self->socket = socket;
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->map = qemuMapNew(qemuNbdGetSize(nbd), config->deepest);
    if (config->tail > 0)
        self->tail = qemuMapNewTail(qemuNbdGetSize(nbd), config->tail);
    self->writeback = qemuWritebackNew(config->image);
    self->mayEnd = self->letEnd = !config->nearEnd;
    qemuGovernorInit(&self->governor, &config->settings.regard);
    self->settings = config->settings;
    qemuBucketSetRate(&self->bucket, config->settings.bandwidth, g_get_monotonic_time());
    /* the job's part is told of once a second: half a second late */
    self->bucket.level = -(double) config->settings.bandwidth / 2;
    g_mutex_init(&self->lock);
    g_cond_init(&self->cond);
    self->nbd = g_steal_pointer(&nbd);
    self->began = g_get_monotonic_time();
    self->guestInterval = QEMU_HYDRATOR_GUEST;
    self->nextFlush = self->began + QEMU_HYDRATOR_FLUSH;
    qemuHydratorExchange(self);
    self->thread = g_thread_new("qemu-hydrate", qemuHydratorRun, self);
    return self;
}

static void
qemuHydratorWake(qemuHydrator *self)
{
    eventfd_write(self->wake, 1);
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
qemuHydratorLetEnd(qemuHydrator *self)
{
    LOCK_SCOPE(&self->lock);

    self->letEnd = true;
    qemuHydratorWake(self);
}

void
qemuHydratorFlush(qemuHydrator *self, gint64 us)
{
    gint64 until = g_get_monotonic_time() + us;
    LOCK_SCOPE(&self->lock);

    self->flushAsked = true;
    qemuHydratorWake(self);
    while (!self->ended && !self->stopping && !self->flushed &&
           g_cond_wait_until(&self->cond, &self->lock, until))
        ;
}

void
qemuHydratorStop(qemuHydrator *self)
{
    LOCK_SCOPE(&self->lock);

    self->stopping = true;
    g_cond_broadcast(&self->cond);
    shutdown(self->socket, SHUT_RDWR); /* wakes the thread, too */
}

void
qemuHydratorFree(qemuHydrator *self)
{
    if (!self)
        return;
    qemuHydratorStop(self);
    g_thread_join(self->thread);
    qemuWritebackFree(self->writeback);
    qemuMapFree(self->tail);
    qemuMapFree(self->map);
    close(self->socket);
    close(self->wake);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->cond);
    g_free(self->error);
    g_free(self->name);
    g_free(self);
}
