/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-stats.h: the statistics of one stream, read and worded
 */

#pragma once

#include <glib.h>
#include <libvirt/libvirt-streamdisk.h>
#include <stdbool.h>

/* Typed parameters of the library. */
typedef struct _streamStats streamStats;
struct _streamStats {
    virTypedParameterPtr params;
    int nparams;
};

static inline void
streamStatsClear(streamStats *stats)
{
    virTypedParamsFree(stats->params, stats->nparams);
    *stats = (streamStats) { 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(streamStats, streamStatsClear)

/* 1 and @stats filled in, the caller's to clear; 0: the disk has no stream and none that
 * is remembered; -1: libvirt's error. */
int streamStatsGet(virDomainPtr dom, const char *disk, streamStats *stats);

/* A virDomainStreamDiskStateType; RUNNING if it is not told. */
int streamStatsState(const streamStats *stats);

/* 100 when the stream has completed, and only then. */
int streamStatsPercent(const streamStats *stats);

/* All is copied, and the job runs through. */
bool streamStatsIsFinishing(const streamStats *stats);

/* The word for a @value of @field, such as "running"; NULL if the field has no words. */
const char *streamStatsWord(const char *field, int value);

/* A VIR_DOMAIN_STREAM_DISK_STATS_* field as people read it; "-" if it is not known. */
char *streamStatsText(const streamStats *stats, const char *field);

/* What QEMU's monitor says of the job by "info block-jobs": "Streaming device vda: Completed ...";
 * NULL if the stream is not active */
char *streamStatsHmp(const streamStats *stats, const char *disk);

/* "430.1/1024.0 MiB"; "-" before the total is known */
char *streamStatsSizes(const streamStats *stats);
