/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-output.h: tells the user how it went, as text or as JSON
 *
 * Results go to standard output, errors to standard error.
 */

#pragma once

#include <glib.h>

#include "stream-json.h"

/* How virt-stream exits; documented in its manual. */
typedef enum {
    STREAM_EXIT_DONE = 0,
    STREAM_EXIT_FAILED = 1,
    STREAM_EXIT_USAGE = 2,
    STREAM_EXIT_STOPPED = 3,
    STREAM_EXIT_DETACHED = 4,
} streamExit;

typedef struct _streamOutput streamOutput;
struct _streamOutput {
    gboolean quiet; /* no messages of success */
    gboolean json;
};

/* A message of success, unless quiet or JSON. */
void streamOutputMessage(const streamOutput *out, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* One line of standard output; takes over @object. */
void streamOutputJson(json_object *object);

/* "Stream of 'vda' @result: @reason" or the same in JSON with @stats; @reason and @stats
 * may be NULL. */
void streamOutputResult(const streamOutput *out, const char *result, virDomainPtr dom,
                        const char *disk, const streamStats *stats, const char *reason);

/* An error; @code is a virErrorNumber. Returns STREAM_EXIT_FAILED. */
streamExit streamOutputError(const streamOutput *out, int code, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/* libvirt's last error. Returns STREAM_EXIT_FAILED. */
streamExit streamOutputLastError(const streamOutput *out);

/* A wrong command line; @command is NULL or the command it was for. Returns
 * STREAM_EXIT_USAGE. */
streamExit streamOutputUsage(const streamOutput *out, const char *command, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);
