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
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/qemu_bucket.h"
#include "qemu/qemu_governor.h"
#include "qemu/qemu_map.h"
#include "qemu/qemu_nbd.h"
#include "qemu/qemu_space.h"
#include "util/error.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

/* A killed QEMU loses what was not flushed: the work of so long is done again. But a flush holds up
 * the guest's writes and the copying, and must not take more than a tenth of the time. */
#define QEMU_HYDRATOR_FLUSH (5 * G_USEC_PER_SEC)
#define QEMU_HYDRATOR_FLUSH_SHARE 10

#define QEMU_HYDRATOR_STEP_MAX 1000 /* ms, between steps of the governor */

#define QEMU_HYDRATOR_SIZE_MIN (64 * 1024)

LOG_INIT("qemu.hydrator");

struct _qemuHydrator {
    qemuHydratorConfig config;
    char *name;
    int socket; /* the connection's, to shut it down from outside of its thread */
    GThread *thread;

    /* of the thread */
    qemuNbd *nbd;
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
    guint64 copiedFlushed;
    qemuGuestFigures guestBefore;
    char *error;

    GMutex lock; /* protects all below */
    bool stopping;
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

/* Sends what may be sent now; returns after how many µs there may be more, if nothing is told. */
static gint64
qemuHydratorSend(qemuHydrator *self)
{
    guint64 offset;
    guint64 len;

    while (!qemuNbdGetError(self->nbd) && qemuMapNextWindow(self->map, &offset, &len))
        qemuNbdBlockStatus(self->nbd, offset, len, self->map);
    while (!qemuNbdGetError(self->nbd) &&
           self->now.inFlight < qemuGovernorRequests(&self->governor)) {
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

static void
qemuHydratorFlushed(guint64 len, guint64 us, void *opaque)
{
    qemuHydrator *self = opaque;

    self->nextFlush = g_get_monotonic_time() +
                      MAX(QEMU_HYDRATOR_FLUSH, QEMU_HYDRATOR_FLUSH_SHARE * (gint64) us);
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
        self->copiedFlushed = self->now.copied;
        self->nextFlush = G_MAXINT64;
        qemuNbdFlush(self->nbd, qemuHydratorFlushed, self);
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
    return qemuMapIsDone(self->map) && qemuNbdIsIdle(self->nbd);
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
        gint64 more = qemuHydratorSend(self);

        qemuNbdWait(self->nbd, MIN(more, self->nextStep - g_get_monotonic_time()));
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
    self->map = qemuMapNew(qemuNbdGetSize(nbd), config->deepest);
    qemuGovernorInit(&self->governor, &config->settings.regard);
    self->settings = config->settings;
    qemuBucketSetRate(&self->bucket, config->settings.bandwidth, g_get_monotonic_time());
    /* the job's part is told of once a second: half a second late */
    self->bucket.level = -(double) config->settings.bandwidth / 2;
    g_mutex_init(&self->lock);
    self->nbd = g_steal_pointer(&nbd);
    self->nextFlush = g_get_monotonic_time() + QEMU_HYDRATOR_FLUSH;
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
