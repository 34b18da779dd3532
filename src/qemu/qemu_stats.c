/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stats.c: which parameters a stream has at which time */

#include "qemu/qemu_stats.h"

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

static void
qemuStatsAddProgress(const qemuStream *stream, streamRecord *entry, int *room)
{
    virDomainStreamDiskBasis basis = qemuStreamGetBasis(stream);
    const streamProgress *progress = basis == VIR_DOMAIN_STREAM_DISK_BASIS_POSITION
                                       ? &stream->progress
                                       : &stream->copying;
    guint64 value;

    if (basis == VIR_DOMAIN_STREAM_DISK_BASIS_POSITION && progress->total == 0)
        return;
    virTypedParamsAddInt(&entry->params, &entry->nparams, room, VIR_DOMAIN_STREAM_DISK_STATS_BASIS,
                         (int) basis);
    virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, progress->total);
    virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, progress->done);
    virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING,
                            streamProgressLeft(progress));
    if (qemuStreamGetFlushed(stream, &value))
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_DATA_FLUSHED, value);
    if (streamProgressRate(progress, &value))
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, value);
    if (qemuStreamIsActive(stream) && stream->hydration != QEMU_STREAM_HYDRATED &&
        streamProgressRemaining(progress, &value))
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, value);
}

static int
qemuStatsGetPhase(const qemuStream *stream)
{
    if (stream->held)
        return VIR_DOMAIN_STREAM_DISK_PHASE_WAIT;
    switch (stream->hydration) {
    case QEMU_STREAM_HYDRATING: return VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE;
    case QEMU_STREAM_HYDRATED: return VIR_DOMAIN_STREAM_DISK_PHASE_FINISH;
    default: return VIR_DOMAIN_STREAM_DISK_PHASE_PULL;
    }
}

static void
qemuStatsAddHydration(const qemuStream *stream, streamRecord *entry, int *room)
{
    const streamHydrationStats *now = &stream->figures;
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
    const char *reason = stream->unhydratable    ? stream->unhydratable
                       : stream->settings.paused ? "paused"
                                                 : stream->unhydrated;
    bool hydrating = stream->hydration == QEMU_STREAM_HYDRATING;

    for (size_t i = 0; hydrating && i < G_N_ELEMENTS(figures); i++) {
        if (figures[i].known)
            virTypedParamsAddULLong(&entry->params, &entry->nparams, room, figures[i].name,
                                    figures[i].value);
    }
    if (reason)
        virTypedParamsAddString(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REASON, reason);
}

/* Moments in which the disk was not as it should be; in ms, rounded up */
static void
qemuStatsAddMoments(const qemuStream *stream, gint64 now, streamRecord *entry, int *room)
{
    gint64 tailUs = qemuStreamGetTailTime(stream, now);

    if (tailUs > 0)
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_TIME_TAIL,
                                (unsigned long long) (tailUs + 999) / 1000);
    if (stream->unflushedUs > 0)
        virTypedParamsAddULLong(&entry->params, &entry->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_TIME_UNFLUSHED,
                                (unsigned long long) (stream->unflushedUs + 999) / 1000);
}

streamRecord *
qemuStatsGetEntry(const qemuStream *stream, gint64 now)
{
    streamRecord *entry = streamRecordNew(stream->dom, stream->target);
    int room = 0;

    virTypedParamsAddInt(&entry->params, &entry->nparams, &room, VIR_DOMAIN_STREAM_DISK_STATS_STATE,
                         (int) stream->state);
    if (qemuStreamIsActive(stream))
        virTypedParamsAddInt(&entry->params, &entry->nparams, &room,
                             VIR_DOMAIN_STREAM_DISK_STATS_PHASE, qemuStatsGetPhase(stream));
    virTypedParamsAddString(&entry->params, &entry->nparams, &room,
                            VIR_DOMAIN_STREAM_DISK_STATS_ALIAS, stream->alias);
    if (stream->base)
        virTypedParamsAddString(&entry->params, &entry->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_BASE, stream->base);
    virTypedParamsAddULLong(&entry->params, &entry->nparams, &room,
                            VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, stream->settings.bandwidth);
    qemuStatsAddProgress(stream, entry, &room);
    if (qemuStreamIsActive(stream) && !stream->unhydratable)
        streamSettingsAddHydration(&stream->settings, now, entry, &room);
    if (qemuStreamIsActive(stream))
        qemuStatsAddHydration(stream, entry, &room);
    qemuStatsAddMoments(stream, now, entry, &room);
    if (stream->progress.count > 0 || !qemuStreamIsActive(stream)) /* else nobody follows it */
        virTypedParamsAddULLong(&entry->params, &entry->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED,
                                (unsigned long long) (now - stream->began) / 1000);
    if (stream->reason)
        virTypedParamsAddString(&entry->params, &entry->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_REASON, stream->reason);
    return entry;
}

int
qemuStatsGetState(const qemuStream *stream, virDomainStreamDiskStatePtr state)
{
    virDomainStreamDiskState result = {
        .offset = stream->progress.done,
        .size = stream->progress.total,
    };

    if (g_strlcpy(result.alias, stream->alias, sizeof(result.alias)) >= sizeof(result.alias) ||
        g_strlcpy(result.target, stream->target, sizeof(result.target)) >= sizeof(result.target)) {
        errorReport(VIR_ERR_OVERFLOW, "the alias of disk '%s' is too long", stream->target);
        return -1;
    }
    *state = result;
    return 0;
}
