/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stats.c: which parameters a stream has at which time */

#include "qemu/qemu_stats.h"

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

static void
qemuStatsAddProgress(const qemuStream *stream, streamRecord *record, int *room)
{
    virDomainStreamDiskBasis basis = qemuStreamGetBasis(stream);
    const streamProgress *progress = basis == VIR_DOMAIN_STREAM_DISK_BASIS_POSITION
                                       ? &stream->progress
                                       : &stream->copying;
    guint64 value;

    if (basis == VIR_DOMAIN_STREAM_DISK_BASIS_POSITION && progress->total == 0)
        return;
    virTypedParamsAddInt(&record->params, &record->nparams, room,
                         VIR_DOMAIN_STREAM_DISK_STATS_BASIS, (int) basis);
    virTypedParamsAddULLong(&record->params, &record->nparams, room,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, progress->total);
    virTypedParamsAddULLong(&record->params, &record->nparams, room,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, progress->done);
    virTypedParamsAddULLong(&record->params, &record->nparams, room,
                            VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING,
                            streamProgressLeft(progress));
    if (qemuStreamGetFlushed(stream, &value))
        virTypedParamsAddULLong(&record->params, &record->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_DATA_FLUSHED, value);
    if (streamProgressRate(progress, &value))
        virTypedParamsAddULLong(&record->params, &record->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, value);
    if (qemuStreamIsActive(stream) && stream->hydration != STREAM_HYDRATION_DONE &&
        streamProgressRemaining(progress, &value))
        virTypedParamsAddULLong(&record->params, &record->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING, value);
}

static int
qemuStatsGetPhase(const qemuStream *stream)
{
    if (stream->waitingTurn)
        return VIR_DOMAIN_STREAM_DISK_PHASE_WAIT;
    switch (stream->hydration) {
    case STREAM_HYDRATION_WORKING: return VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE;
    case STREAM_HYDRATION_DONE: return VIR_DOMAIN_STREAM_DISK_PHASE_FINISHING;
    default: return VIR_DOMAIN_STREAM_DISK_PHASE_PULL;
    }
}

static void
qemuStatsAddHydration(const qemuStream *stream, streamRecord *record, int *room)
{
    const streamHydrationStats *now = &stream->stats;
    const struct {
        const char *name;
        guint64 value;
        bool known;
    } values[] = {
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
    const char *reason = qemuStreamGetHydrationReason(stream);
    bool hydrating = stream->hydration == STREAM_HYDRATION_WORKING;

    for (size_t i = 0; hydrating && i < G_N_ELEMENTS(values); i++) {
        if (values[i].known)
            virTypedParamsAddULLong(&record->params, &record->nparams, room, values[i].name,
                                    values[i].value);
    }
    if (reason)
        virTypedParamsAddString(&record->params, &record->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REASON, reason);
}

/* Moments in which the disk was not as it should be; in ms, rounded up */
static void
qemuStatsAddMoments(const qemuStream *stream, gint64 now, streamRecord *record, int *room)
{
    gint64 tailUs = qemuStreamGetTailTime(stream, now);

    if (tailUs > 0)
        virTypedParamsAddULLong(&record->params, &record->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_TAIL_TIME,
                                (unsigned long long) (tailUs + 999) / 1000);
    if (stream->unflushedUs > 0)
        virTypedParamsAddULLong(&record->params, &record->nparams, room,
                                VIR_DOMAIN_STREAM_DISK_STATS_UNFLUSHED_TIME,
                                (unsigned long long) (stream->unflushedUs + 999) / 1000);
}

streamRecord *
qemuStatsGetRecord(const qemuStream *stream, gint64 now)
{
    streamRecord *record = streamRecordNew(stream->guest->dom, stream->target);
    int room = 0;

    virTypedParamsAddInt(&record->params, &record->nparams, &room,
                         VIR_DOMAIN_STREAM_DISK_STATS_STATE, (int) stream->state);
    if (qemuStreamIsActive(stream))
        virTypedParamsAddInt(&record->params, &record->nparams, &room,
                             VIR_DOMAIN_STREAM_DISK_STATS_PHASE, qemuStatsGetPhase(stream));
    virTypedParamsAddString(&record->params, &record->nparams, &room,
                            VIR_DOMAIN_STREAM_DISK_STATS_ALIAS, stream->alias);
    if (stream->base)
        virTypedParamsAddString(&record->params, &record->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_BASE, stream->base);
    virTypedParamsAddULLong(&record->params, &record->nparams, &room,
                            VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH, stream->settings.bandwidth);
    qemuStatsAddProgress(stream, record, &room);
    if (qemuStreamIsActive(stream) && !stream->guest->config->noHydration)
        streamSettingsAddHydration(&stream->settings, now, record, &room);
    if (qemuStreamIsActive(stream))
        qemuStatsAddHydration(stream, record, &room);
    qemuStatsAddMoments(stream, now, record, &room);
    if (stream->progress.count > 0 || !qemuStreamIsActive(stream)) /* else nobody follows it */
        virTypedParamsAddULLong(&record->params, &record->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED,
                                (unsigned long long) (now - stream->began) / 1000);
    if (stream->reason)
        virTypedParamsAddString(&record->params, &record->nparams, &room,
                                VIR_DOMAIN_STREAM_DISK_STATS_REASON, stream->reason);
    return record;
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
