/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-stats.h: the statistics of one stream, read and worded
 */

#pragma once

#include <glib.h>
#include <libvirt/libvirt-streamdisk.h>
#include <stdbool.h>

/* Typed parameters of the library. */
typedef struct _cliStats cliStats;
struct _cliStats {
    virTypedParameterPtr params;
    int nparams;
};

static inline void
cliStatsClear(cliStats *stats)
{
    virTypedParamsFree(stats->params, stats->nparams);
    *stats = (cliStats) { 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(cliStats, cliStatsClear)

/* 1 and @stats filled in, the caller's to clear; 0: the disk has no stream and none that
 * is remembered; -1: libvirt's error. */
int cliStatsGet(virDomainPtr dom, const char *disk, cliStats *stats);

/* A virDomainStreamDiskStateType; RUNNING if it is not told. */
int cliStatsState(const cliStats *stats);

/* 100 when the stream has completed, and only then. */
int cliStatsPercent(const cliStats *stats);

/* All is copied, and the job runs through. */
bool cliStatsIsFinishing(const cliStats *stats);

/* The word for a @value of @field, such as "running"; NULL if the field has no words. */
const char *cliStatsWord(const char *field, int value);

/* A VIR_DOMAIN_STREAM_DISK_STATS_* field as people read it; "-" if it is not known. */
char *cliStatsText(const cliStats *stats, const char *field);

/* What QEMU's monitor says of the job by "info block-jobs": "Streaming device vda: Completed ...";
 * NULL if the stream is not active */
char *cliStatsHmp(const cliStats *stats, const char *disk);

/* "430.1/1024.0 MiB"; "-" before the total is known */
char *cliStatsSizes(const cliStats *stats);
