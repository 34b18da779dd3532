/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-progress.h: shows on standard error how far one stream is
 *
 * On a terminal that is one line, drawn anew in place; elsewhere a line whenever the
 * percentage has changed, at most one a second.
 */

#pragma once

#include "stream-stats.h"

typedef struct _streamProgress streamProgress;

streamProgress *streamProgressNew(void);
/* Leaves what it showed behind as a line of its own. */
void streamProgressFree(streamProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(streamProgress, streamProgressFree)

/* Shows new statistics. */
void streamProgressUpdate(streamProgress *progress, const char *disk, const streamStats *stats);

/* Shows the last ones again, in a terminal of another size. */
void streamProgressRedraw(const streamProgress *progress);
