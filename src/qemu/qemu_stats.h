/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stats.h: what is told of a stream: its statistics, and their short form */

#pragma once

#include "qemu/qemu_stream.h"
#include "stream/stream_record.h"

/* The VIR_DOMAIN_STREAM_DISK_STATS_* parameters of the present moment, as a record. */
streamRecord *qemuStatsGetRecord(const qemuStream *stream, gint64 now);

/* The short form; -1 if a name is longer than its place. */
int qemuStatsGetState(const qemuStream *stream, virDomainStreamDiskStatePtr state);
