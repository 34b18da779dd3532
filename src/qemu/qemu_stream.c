/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stream.c: making a stream, its table of states, and its statistics */

#include "qemu/qemu_stream.h"

#include "util/error.h"
#include "util/handle.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define ENDED(state) \
    ((state) == VIR_DOMAIN_STREAM_DISK_COMPLETED || (state) == VIR_DOMAIN_STREAM_DISK_STOPPED || \
     (state) == VIR_DOMAIN_STREAM_DISK_FAILED)

/* qemuStreamNext[from][to] */
static const bool qemuStreamNext[][VIR_DOMAIN_STREAM_DISK_FAILED + 1] = {
    /*                 STARTING RUNNING STOPPING COMPLETED STOPPED FAILED */
    /* STARTING  */  { false,   true,   false,   true,     true,   true },
    /* RUNNING   */  { false,   false,  true,    true,     true,   true },
    /* STOPPING  */  { false,   true,   false,   true,     true,   true },
    /* COMPLETED */  { false,   false,  false,   false,    false,  false },
    /* STOPPED   */  { false,   false,  false,   false,    false,  false },
    /* FAILED    */  { false,   false,  false,   false,    false,  false },
};

qemuStream *
qemuStreamNew(virDomainPtr dom, const domainDisk *disk)
{
    qemuStream *self = g_new0(qemuStream, 1);

    g_atomic_ref_count_init(&self->refs);
    virDomainRef(dom);
    self->dom = dom;
    self->target = g_strdup(disk->target);
    self->alias = g_strdup(disk->alias);
    self->source = g_strdup(disk->source);
    self->depth = disk->depth;
    self->iotune = disk->iotune;
    self->layers = g_strdupv(disk->layers);
    self->began = g_get_monotonic_time();
    self->state = VIR_DOMAIN_STREAM_DISK_STARTING;
    return self;
}

qemuStream *
qemuStreamRef(qemuStream *self)
{
    g_atomic_ref_count_inc(&self->refs);
    return self;
}

void
qemuStreamUnref(qemuStream *self)
{
    if (!self || !g_atomic_ref_count_dec(&self->refs))
        return;
    handleFreeDomain(self->dom);
    g_free(self->target);
    g_free(self->alias);
    g_free(self->source);
    g_strfreev(self->layers);
    g_free(self->base);
    g_free(self->unhydrated);
    g_free(self->error);
    g_free(self->reason);
    g_free(self);
}

bool
qemuStreamMayBecome(const qemuStream *self, virDomainStreamDiskStatus state)
{
    return qemuStreamNext[self->state][state];
}

guint64
qemuStreamGetLimit(const qemuStream *self)
{
    guint64 bandwidth = self->settings.bandwidth;

    if (bandwidth == 0 || self->iotune == 0)
        return MAX(bandwidth, self->iotune);
    return MIN(bandwidth, self->iotune);
}

bool
qemuStreamIsActive(const qemuStream *self)
{
    return !ENDED(self->state);
}

void
qemuStreamBeginHydration(qemuStream *self, guint32 deepest)
{
    const char *base = deepest <= self->depth ? self->layers[deepest - 1] : "";

    if (!self->base && *base)
        self->base = g_strdup(base);
    self->hydration = QEMU_STREAM_HYDRATING;
    self->copiedBefore = self->copying.done;
    self->copying.count = 0; /* nobody knows what the job has copied since */
    g_clear_pointer(&self->unhydrated, g_free);
}

void
qemuStreamSetHydration(qemuStream *self, const qemuHydratorFigures *figures)
{
    guint64 copied = self->copiedBefore + figures->copied + figures->pulled;

    self->figures = *figures;
    qemuProgressSet(&self->copying, copied, copied + figures->left);
}

void
qemuStreamEndHydration(qemuStream *self, bool done, const char *reason)
{
    if (self->hydration == QEMU_STREAM_HYDRATING && !done)
        qemuProgressRestart(&self->progress); /* the job leaps no more */
    self->hydration = done ? QEMU_STREAM_HYDRATED : QEMU_STREAM_UNHYDRATED;
    g_free(self->unhydrated);
    self->unhydrated = g_strdup(reason);
}

/* Whoever is fast needs no plan. */
static gint64
qemuStreamDeadline(const qemuStream *self)
{
    return self->settings.regard.fast ? 0 : self->settings.deadline;
}

void
qemuStreamStepPace(qemuStream *self, guint64 waiting, gint64 now)
{
    guint64 left = qemuProgressLeft(&self->progress); /* at most: it counts holes, too */

    if (qemuStreamGetBasis(self) == VIR_DOMAIN_STREAM_DISK_BASIS_MAP)
        left = MIN(left, qemuProgressLeft(&self->copying));
    qemuPaceStep(&self->pace, qemuStreamDeadline(self),
                 self->progress.total > 0 ? left + waiting : G_MAXUINT64, now);
}

qemuStreamHydrationNeeds
qemuStreamGetHydrationNeeds(const qemuStream *self)
{
    qemuStreamHydrationNeeds needs = {
        .wanted = self->state == VIR_DOMAIN_STREAM_DISK_RUNNING && !self->held &&
                  !self->settings.paused &&
                  self->pace.deadline == qemuStreamDeadline(self), /* planned first */
        .position = self->progress.done,
        .settings = self->settings,
    };

    needs.settings.bandwidth = qemuPaceLimit(&self->pace, qemuStreamGetLimit(self));
    if (self->pace.behind)
        needs.settings.regard = (streamRegard) { .fast = true };
    return needs;
}

virDomainStreamDiskBasis
qemuStreamGetBasis(const qemuStream *self)
{
    if (self->hydration == QEMU_STREAM_UNHYDRATED)
        return VIR_DOMAIN_STREAM_DISK_BASIS_POSITION;
    return self->figures.exact ? VIR_DOMAIN_STREAM_DISK_BASIS_MAP
                               : VIR_DOMAIN_STREAM_DISK_BASIS_ESTIMATE;
}

static void
qemuStreamAddProgress(const qemuStream *self, streamEntry *entry, int *room)
{
    virDomainStreamDiskBasis basis = qemuStreamGetBasis(self);
    const qemuProgress *progress =
        basis == VIR_DOMAIN_STREAM_DISK_BASIS_POSITION ? &self->progress : &self->copying;
    guint64 value;

    if (basis == VIR_DOMAIN_STREAM_DISK_BASIS_POSITION && progress->total == 0)
        return;
    virTypedParamsAddInt(&entry->params, &entry->nparams, room,
                         VIR_DOMAIN_STREAM_DISK_STATS_BASIS, (int) basis);
    virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, progress->total);
    virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, progress->done);
    virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING,
                            qemuProgressLeft(progress));
    if (qemuProgressRate(progress, &value))
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, value);
    if (qemuStreamIsActive(self) && self->hydration != QEMU_STREAM_HYDRATED &&
        qemuProgressRemaining(progress, &value))
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, value);
}

static int
qemuStreamGetPhase(const qemuStream *self)
{
    if (self->held)
        return VIR_DOMAIN_STREAM_DISK_PHASE_WAIT;
    switch (self->hydration) {
    case QEMU_STREAM_HYDRATING:
        return VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE;
    case QEMU_STREAM_HYDRATED:
        return VIR_DOMAIN_STREAM_DISK_PHASE_FINISHING;
    default:
        return VIR_DOMAIN_STREAM_DISK_PHASE_PULL;
    }
}

static void
qemuStreamAddHydration(const qemuStream *self, streamEntry *entry, int *room)
{
    const qemuHydratorFigures *now = &self->figures;
    const struct {
        const char *name;
        guint64 value;
        bool known;
    } figures[] = {
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED, now->copied, true },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_BPS, now->bps, true },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_IN_FLIGHT, now->inFlight, true },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REQUESTS, now->requests, true },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_SIZE, now->size, true },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_LATENCY, now->latencyUs, now->latencyUs > 0 },
        { VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY_BEFORE, now->guestBeforeUs,
          now->guestBeforeUs > 0 },
        { VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY, now->guestUs, now->guestUs > 0 },
    };
    const char *reason = self->unhydratable      ? self->unhydratable
                         : self->settings.paused ? "paused"
                                                 : self->unhydrated;
    bool hydrating = self->hydration == QEMU_STREAM_HYDRATING;

    for (size_t i = 0; hydrating && i < G_N_ELEMENTS(figures); i++) {
        if (figures[i].known)
            virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                                    figures[i].name, figures[i].value);
    }
    if (reason)
        virTypedParamsAddString(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REASON, reason);
}

streamEntry *
qemuStreamGetEntry(const qemuStream *self, gint64 now)
{
    streamEntry *entry = streamEntryNew(self->dom, self->target);
    int room = 0;

    virTypedParamsAddInt(&entry->params, &entry->nparams, &room,
                         VIR_DOMAIN_STREAM_DISK_STATS_STATE, (int) self->state);
    if (qemuStreamIsActive(self))
        virTypedParamsAddInt(&entry->params, &entry->nparams, &room,
                             VIR_DOMAIN_STREAM_DISK_STATS_PHASE, qemuStreamGetPhase(self));
    virTypedParamsAddString(&entry->params, &entry->nparams, &room,
                            VIR_DOMAIN_STREAM_DISK_STATS_ALIAS, self->alias);
    if (self->base)
        virTypedParamsAddString(&entry->params, &entry->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_BASE, self->base);
    virTypedParamsAddULLong(&entry->params, &entry->nparams, &room,
                            VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH,
                            self->settings.bandwidth);
    qemuStreamAddProgress(self, entry, &room);
    if (qemuStreamIsActive(self) && !self->unhydratable)
        streamSettingsAddHydration(&self->settings, now, entry, &room);
    if (qemuStreamIsActive(self))
        qemuStreamAddHydration(self, entry, &room);
    if (self->progress.count > 0 || !qemuStreamIsActive(self)) /* else nobody follows it */
        virTypedParamsAddULLong(&entry->params, &entry->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED,
                                (unsigned long long) (now - self->began) / 1000);
    if (self->reason)
        virTypedParamsAddString(&entry->params, &entry->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_REASON, self->reason);
    return entry;
}

int
qemuStreamGetState(const qemuStream *self, virDomainStreamDiskStatePtr state)
{
    virDomainStreamDiskState result = {
        .offset = self->progress.done,
        .size = self->progress.total,
    };

    if (g_strlcpy(result.alias, self->alias, sizeof(result.alias)) >= sizeof(result.alias) ||
        g_strlcpy(result.target, self->target, sizeof(result.target)) >= sizeof(result.target)) {
        errorReport(VIR_ERR_OVERFLOW, "the alias of disk '%s' is too long", self->target);
        return -1;
    }
    *state = result;
    return 0;
}
