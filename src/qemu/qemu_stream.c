/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stream.c: making a stream, its table of states, and its statistics */

#include "qemu/qemu_stream.h"

#include "util/handle.h"

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
qemuStreamNew(virDomainPtr dom, const qemuDisk *disk)
{
    qemuStream *self = g_new0(qemuStream, 1);

    g_atomic_ref_count_init(&self->refs);
    virDomainRef(dom);
    self->dom = dom;
    self->target = g_strdup(disk->target);
    self->alias = g_strdup(disk->alias);
    self->source = g_strdup(disk->source);
    self->depth = disk->depth;
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

bool
qemuStreamIsActive(const qemuStream *self)
{
    return !ENDED(self->state);
}

static void
qemuStreamAddProgress(const qemuStream *self, streamEntry *entry, int *room)
{
    const qemuProgress *progress = &self->progress;
    guint64 value;

    virTypedParamsAddInt(&entry->params, &entry->nparams, room,
                         VIR_DOMAIN_STREAM_DISK_STATS_BASIS,
                         VIR_DOMAIN_STREAM_DISK_BASIS_POSITION);
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
    if (qemuStreamIsActive(self) && qemuProgressRemaining(progress, &value))
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, value);
}

static int
qemuStreamGetPhase(const qemuStream *self)
{
    if (self->held)
        return VIR_DOMAIN_STREAM_DISK_PHASE_WAIT;
    return self->hydrating ? VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE
                           : VIR_DOMAIN_STREAM_DISK_PHASE_PULL;
}

static void
qemuStreamAddHydration(const qemuStream *self, streamEntry *entry, int *room)
{
    const struct {
        const char *name;
        guint64 value;
    } figures[] = {
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED, self->hydration.copied },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REQUESTS, self->hydration.requests },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_SIZE, self->hydration.size },
        { VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_LATENCY, self->hydration.latencyUs },
    };

    for (size_t i = 0; self->hydrating && i < G_N_ELEMENTS(figures); i++)
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                                figures[i].name, figures[i].value);
    if (self->unhydrated)
        virTypedParamsAddString(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REASON, self->unhydrated);
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
                            VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, self->limit);
    if (self->progress.total > 0)
        qemuStreamAddProgress(self, entry, &room);
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
