/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_worker.c: stands in for hydrate/hydrate_worker.c */

#include "fake_worker.h"

#include <unistd.h>

#include "fake_call.h"
#include "util/lock.h"

typedef enum {
    FAKE_WORKER_NOTHING,
    FAKE_WORKER_NEAR_END,
    FAKE_WORKER_FILL_TAIL,
    FAKE_WORKER_ASK_GUEST,
    FAKE_WORKER_END,
} fakeWorkerCommand;

struct _hydrateWorker {
    hydrateWorkerConfig config;
    char *name; /* the disk's */
    GThread *thread;

    GMutex lock;
    GCond cond; /* any of it has changed */
    fakeWorkerCommand command;
    bool stopped;
    bool mayEnd;
    bool late;
    char *error;
    streamGuestStats figures;
    bool figuresKnown;
    streamSettings settings;
    guint64 position;
    streamHydrationStats stats;
};

/* The next one, or END if it was stopped */
static fakeWorkerCommand
fakeWorkerAwaitCommand(hydrateWorker *self)
{
    LOCK_SCOPE(&self->lock);

    while (self->command == FAKE_WORKER_NOTHING && !self->stopped)
        g_cond_wait(&self->cond, &self->lock);
    if (self->command == FAKE_WORKER_NOTHING) {
        self->error = g_strdup("stopped");
        self->command = FAKE_WORKER_END;
    }
    return self->command;
}

static void
fakeWorkerCommandDone(hydrateWorker *self)
{
    LOCK_SCOPE(&self->lock);

    self->command = FAKE_WORKER_NOTHING;
    g_cond_broadcast(&self->cond);
}

static void *
fakeWorkerRun(void *opaque)
{
    hydrateWorker *self = opaque;
    fakeWorkerCommand command;

    do {
        command = fakeWorkerAwaitCommand(self);
        switch (command) {
        case FAKE_WORKER_NEAR_END: self->config.nearEnd(self->config.opaque); break;
        case FAKE_WORKER_FILL_TAIL: self->config.tailDone(self->late, self->config.opaque); break;
        case FAKE_WORKER_ASK_GUEST:
            self->figuresKnown = self->config.guest(&self->figures, self->config.opaque);
            break;
        default: self->config.ended(self->error, self->config.opaque); break;
        }
        fakeWorkerCommandDone(self);
    } while (command != FAKE_WORKER_END);
    return NULL;
}

static void
fakeWorkerSetOfDisk(const char *name, hydrateWorker *worker)
{
    LOCK_SCOPE(&fakeGuestLock);
    fakeDisk *disk = fakeDiskFindByName(name);

    g_assert_true(!worker == !!disk->worker); /* one at a time */
    disk->worker = worker;
}

static hydrateWorker *
fakeWorkerOf(fakeDisk *disk)
{
    LOCK_SCOPE(&fakeGuestLock);

    g_assert_nonnull(disk->worker);
    return disk->worker;
}

/* Under the lock */
static void
fakeWorkerTell(hydrateWorker *self, fakeWorkerCommand command)
{
    self->command = command;
    g_cond_broadcast(&self->cond);
    while (self->command != FAKE_WORKER_NOTHING)
        g_cond_wait(&self->cond, &self->lock);
}

void
fakeWorkerNearEnd(fakeDisk *disk)
{
    hydrateWorker *self = fakeWorkerOf(disk);
    LOCK_SCOPE(&self->lock);

    fakeWorkerTell(self, FAKE_WORKER_NEAR_END);
}

void
fakeWorkerFillTail(fakeDisk *disk, bool late)
{
    hydrateWorker *self = fakeWorkerOf(disk);
    LOCK_SCOPE(&self->lock);

    self->late = late;
    fakeWorkerTell(self, FAKE_WORKER_FILL_TAIL);
}

void
fakeWorkerEnd(fakeDisk *disk, const char *error)
{
    hydrateWorker *self = fakeWorkerOf(disk);
    LOCK_SCOPE(&self->lock);

    self->error = g_strdup(error);
    self->command = FAKE_WORKER_END; /* what follows may free it at any time */
    g_cond_broadcast(&self->cond);
}

bool
fakeWorkerAskGuest(fakeDisk *disk, streamGuestStats *figures)
{
    hydrateWorker *self = fakeWorkerOf(disk);
    LOCK_SCOPE(&self->lock);

    fakeWorkerTell(self, FAKE_WORKER_ASK_GUEST);
    *figures = self->figures;
    return self->figuresKnown;
}

void
fakeWorkerSetStats(fakeDisk *disk, const streamHydrationStats *stats)
{
    hydrateWorker *self = fakeWorkerOf(disk);
    LOCK_SCOPE(&self->lock);

    self->stats = *stats;
}

guint64
fakeWorkerGetPosition(fakeDisk *disk)
{
    hydrateWorker *self = fakeWorkerOf(disk);
    LOCK_SCOPE(&self->lock);

    return self->position;
}

streamSettings
fakeWorkerGetSettings(fakeDisk *disk)
{
    hydrateWorker *self = fakeWorkerOf(disk);
    LOCK_SCOPE(&self->lock);

    return self->settings;
}

guint64
fakeWorkerGetTail(fakeDisk *disk)
{
    return fakeWorkerOf(disk)->config.tail;
}

hydrateWorker *
hydrateWorkerNew(const hydrateWorkerConfig *config)
{
    hydrateWorker *self;

    g_assert_cmpint(close(config->fd), ==, 0);
    if (fakeCallMake("worker_new %s", config->name) < 0)
        return NULL;
    self = g_new0(hydrateWorker, 1);
    self->config = *config;
    self->settings = config->settings;
    self->name = g_strdup(config->name);
    g_mutex_init(&self->lock);
    g_cond_init(&self->cond);
    fakeWorkerSetOfDisk(self->name, self);
    self->thread = g_thread_new("worker", fakeWorkerRun, self);
    return self;
}

void
hydrateWorkerSet(hydrateWorker *self, const streamSettings *settings)
{
    LOCK_SCOPE(&self->lock);

    if (self->settings.bandwidth != settings->bandwidth ||
        self->settings.guestLatency.fast != settings->guestLatency.fast)
        fakeCallNote("worker_set %s %lu%s", self->name, (unsigned long) settings->bandwidth,
                     settings->guestLatency.fast ? " fast" : "");
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

    return self->stats;
}

void
hydrateWorkerLetEnd(hydrateWorker *self)
{
    LOCK_SCOPE(&self->lock);

    if (!self->mayEnd)
        fakeCallNote("worker_let_end %s", self->name);
    self->mayEnd = true;
}

void
hydrateWorkerFlush(hydrateWorker *self, gint64 us)
{
    fakeCallMake("worker_flush %s", self->name);
}

void
hydrateWorkerStop(hydrateWorker *self)
{
    LOCK_SCOPE(&self->lock);

    if (!self->stopped)
        fakeCallNote("worker_stop %s", self->name);
    self->stopped = true;
    g_cond_broadcast(&self->cond);
}

void
hydrateWorkerFree(hydrateWorker *self)
{
    if (!self)
        return;
    hydrateWorkerStop(self);
    g_thread_join(self->thread);
    fakeWorkerSetOfDisk(self->name, NULL);
    fakeCallNote("worker_free %s", self->name);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->cond);
    g_free(self->error);
    g_free(self->name);
    g_free(self);
}
