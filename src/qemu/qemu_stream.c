/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stream.c: making a stream, and what follows from what is known of it */

#include "qemu/qemu_stream.h"

#include "util/handle.h"

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
    self->features = g_strdupv(disk->features);
    self->began = g_get_monotonic_time();
    self->state = VIR_DOMAIN_STREAM_DISK_STATE_STARTING;
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
    g_strfreev(self->features);
    g_free(self->base);
    g_free(self->unhydrated);
    g_free(self->error);
    g_free(self->reason);
    g_free(self);
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
    return self->state == VIR_DOMAIN_STREAM_DISK_STATE_STARTING ||
           self->state == VIR_DOMAIN_STREAM_DISK_STATE_RUNNING ||
           self->state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPING;
}

void
qemuStreamBeginHydration(qemuStream *self, guint32 deepest)
{
    const char *base = deepest <= self->depth ? self->layers[deepest - 1] : "";

    if (!self->base && *base)
        self->base = g_strdup(base);
    self->hydration = QEMU_STREAM_HYDRATING;
    self->endNoted = true;
    self->copiedBefore = self->copying.done;
    self->copying.count = 0; /* nobody knows what the job has copied since */
    g_clear_pointer(&self->unhydrated, g_free);
}

void
qemuStreamSetHydration(qemuStream *self, const streamHydrationStats *figures)
{
    guint64 copied = self->copiedBefore + figures->copied + figures->pulled;

    self->figures = *figures;
    streamProgressSet(&self->copying, copied, copied + figures->left);
}

void
qemuStreamEndHydration(qemuStream *self, bool done, const char *reason)
{
    if (self->hydration == QEMU_STREAM_HYDRATING && !done)
        streamProgressRestart(&self->progress); /* the job leaps no more */
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
    guint64 left = streamProgressLeft(&self->progress); /* at most: it counts holes, too */

    if (qemuStreamGetBasis(self) == VIR_DOMAIN_STREAM_DISK_BASIS_MAP)
        left = MIN(left, streamProgressLeft(&self->copying));
    streamDeadlineStep(&self->pace, qemuStreamDeadline(self),
                       self->progress.total > 0 ? left + waiting : G_MAXUINT64, now);
}

qemuStreamHydrationNeeds
qemuStreamGetHydrationNeeds(const qemuStream *self)
{
    qemuStreamHydrationNeeds needs = {
        .wanted = self->state == VIR_DOMAIN_STREAM_DISK_STATE_RUNNING && !self->held &&
                  !self->unhydratable && !self->guestSuspended && !self->settings.paused &&
                  self->pace.deadline == qemuStreamDeadline(self), /* planned first */
        .position = self->progress.done,
        .settings = self->settings,
    };

    needs.settings.bandwidth = streamDeadlineLimit(&self->pace, qemuStreamGetLimit(self));
    if (self->pace.behind)
        needs.settings.regard = (streamRegard) { .fast = true };
    return needs;
}

gint64
qemuStreamGetTailTime(const qemuStream *self, gint64 now)
{
    return self->tailOpen ? now - self->began : self->tailUs;
}

bool
qemuStreamGetFlushed(const qemuStream *self, guint64 *flushed)
{
    bool completed = self->state == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED;

    if (!completed && self->hydration == QEMU_STREAM_UNHYDRATED)
        return false;
    *flushed = completed ? self->copying.done
                         : MIN(self->copiedBefore + self->figures.flushed, self->copying.done);
    if (completed && self->hydration == QEMU_STREAM_UNHYDRATED)
        *flushed = self->progress.done;
    return true;
}

virDomainStreamDiskBasis
qemuStreamGetBasis(const qemuStream *self)
{
    if (self->hydration == QEMU_STREAM_UNHYDRATED)
        return VIR_DOMAIN_STREAM_DISK_BASIS_POSITION;
    return self->figures.exact ? VIR_DOMAIN_STREAM_DISK_BASIS_MAP
                               : VIR_DOMAIN_STREAM_DISK_BASIS_ESTIMATE;
}
