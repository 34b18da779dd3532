/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-progress.c: shows on standard error how far one stream is
 */

#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli-format.h"
#include "cli-progress.h"

#define CLI_PROGRESS_WIDTH 80 /* of a terminal that does not tell */

struct _cliProgress {
    bool terminal;
    gint64 shown; /* when the last line was written, g_get_monotonic_time() */
    /* what was shown last; disk is NULL before the first time */
    char *disk;
    int percent;
    char *sizes;
    char *rate;
    char *eta;
};

cliProgress *
cliProgressNew(void)
{
    cliProgress *progress = g_new0(cliProgress, 1);

    progress->terminal = isatty(STDERR_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    return progress;
}

static void
cliProgressClear(cliProgress *progress)
{
    g_free(progress->disk);
    g_free(progress->sizes);
    g_free(progress->rate);
    g_free(progress->eta);
}

static int
cliProgressWidth(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return CLI_PROGRESS_WIDTH;
}

void
cliProgressRedraw(const cliProgress *progress)
{
    g_autofree char *line = NULL;

    if (!progress->disk)
        return;
    line = cliFormatProgress(progress->terminal ? cliProgressWidth() : 0, progress->disk,
                             progress->percent, progress->sizes, progress->rate, progress->eta);
    /* On a terminal the rest of the line is erased, and the cursor goes home, so that the
     * echo of ^C does not make a second line. */
    if (progress->terminal)
        fprintf(stderr, "\r%s\033[K\r", line);
    else
        fprintf(stderr, "%s\n", line);
}

void
cliProgressUpdate(cliProgress *progress, const char *disk, const cliStats *stats)
{
    int percent = cliStatsPercent(stats);
    gint64 now = g_get_monotonic_time();

    if (!progress->terminal && progress->disk && percent < 100 &&
        (percent == progress->percent || now - progress->shown < G_USEC_PER_SEC))
        return;

    cliProgressClear(progress);
    progress->shown = now;
    progress->disk = g_utf8_make_valid(disk, -1);
    progress->percent = percent;
    progress->sizes = cliStatsSizes(stats);
    progress->rate = cliStatsText(stats, cliStatsIsFinishing(stats)
                                             ? VIR_DOMAIN_STREAM_DISK_STATS_PHASE
                                             : VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS);
    progress->eta = cliStatsText(stats, VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING);
    cliProgressRedraw(progress);
}

void
cliProgressFree(cliProgress *progress)
{
    if (!progress)
        return;
    if (progress->terminal && progress->disk) {
        cliProgressRedraw(progress);
        fputc('\n', stderr);
    }
    cliProgressClear(progress);
    g_free(progress);
}
