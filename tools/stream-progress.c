/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-progress.c: shows on standard error how far one stream is
 */

#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stream-format.h"
#include "stream-progress.h"

#define STREAM_PROGRESS_WIDTH 80 /* of a terminal that does not tell */

struct _streamProgress {
    bool terminal;
    gint64 shown; /* when the last line was written, g_get_monotonic_time() */
    /* what was shown last; disk is NULL before the first time */
    char *disk;
    int percent;
    char *sizes;
    char *rate;
    char *eta;
};

streamProgress *
streamProgressNew(void)
{
    streamProgress *progress = g_new0(streamProgress, 1);

    progress->terminal = isatty(STDERR_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    return progress;
}

static void
streamProgressClear(streamProgress *progress)
{
    g_free(progress->disk);
    g_free(progress->sizes);
    g_free(progress->rate);
    g_free(progress->eta);
}

static int
streamProgressWidth(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return STREAM_PROGRESS_WIDTH;
}

void
streamProgressRedraw(const streamProgress *progress)
{
    g_autofree char *line = NULL;

    if (!progress->disk)
        return;
    line = streamFormatProgress(progress->terminal ? streamProgressWidth() : 0, progress->disk,
                                progress->percent, progress->sizes, progress->rate, progress->eta);
    /* On a terminal the rest of the line is erased, and the cursor goes home, so that the
     * echo of ^C does not make a second line. */
    if (progress->terminal)
        fprintf(stderr, "\r%s\033[K\r", line);
    else
        fprintf(stderr, "%s\n", line);
}

void
streamProgressUpdate(streamProgress *progress, const char *disk, const streamStats *stats)
{
    int percent = streamStatsPercent(stats);
    gint64 now = g_get_monotonic_time();

    if (!progress->terminal && progress->disk && percent < 100 &&
        (percent == progress->percent || now - progress->shown < G_USEC_PER_SEC))
        return;

    streamProgressClear(progress);
    progress->shown = now;
    progress->disk = g_utf8_make_valid(disk, -1);
    progress->percent = percent;
    progress->sizes = streamStatsSizes(stats);
    progress->rate = streamStatsText(stats, streamStatsIsFinishing(stats)
                                                ? VIR_DOMAIN_STREAM_DISK_STATS_PHASE
                                                : VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS);
    progress->eta = streamStatsText(stats, VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING);
    streamProgressRedraw(progress);
}

void
streamProgressFree(streamProgress *progress)
{
    if (!progress)
        return;
    if (progress->terminal && progress->disk) {
        streamProgressRedraw(progress);
        fputc('\n', stderr);
    }
    streamProgressClear(progress);
    g_free(progress);
}
