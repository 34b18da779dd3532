/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-progress.h: shows on standard error how far one stream is
 *
 * On a terminal that is one line, drawn anew in place; elsewhere a line whenever the
 * percentage has changed, at most one a second.
 */

#pragma once

#include "cli-stats.h"

typedef struct _cliProgress cliProgress;

cliProgress *cliProgressNew(void);
/* Leaves what it showed behind as a line of its own. */
void cliProgressFree(cliProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cliProgress, cliProgressFree)

/* Shows new statistics. */
void cliProgressUpdate(cliProgress *progress, const char *disk, const cliStats *stats);

/* Shows the last ones again, in a terminal of another size. */
void cliProgressRedraw(const cliProgress *progress);
