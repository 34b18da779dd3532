/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-output.h: tells the user how it went, as text or as JSON
 *
 * Results go to standard output, errors to standard error.
 */

#pragma once

#include <glib.h>

#include "cli-json.h"

/* How virt-stream exits; documented in its manual. */
typedef enum {
    CLI_EXIT_DONE = 0,
    CLI_EXIT_FAILED = 1,
    CLI_EXIT_USAGE = 2,
    CLI_EXIT_STOPPED = 3,
    CLI_EXIT_DETACHED = 4,
} cliExit;

typedef struct _cliOutput cliOutput;
struct _cliOutput {
    gboolean quiet; /* no messages of success */
    gboolean json;
};

/* A message of success, unless quiet or JSON. */
void cliOutputMessage(const cliOutput *out, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* One line of standard output; takes over @object. */
void cliOutputJson(json_object *object);

/* "Stream of 'vda' @result: @reason" or the same in JSON with @stats; @reason and @stats
 * may be NULL. */
void cliOutputResult(const cliOutput *out, const char *result, virDomainPtr dom, const char *disk,
                     const cliStats *stats, const char *reason);

/* An error; @code is a virErrorNumber. Returns CLI_EXIT_FAILED. */
cliExit cliOutputError(const cliOutput *out, int code, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

/* libvirt's last error. Returns CLI_EXIT_FAILED. */
cliExit cliOutputLastError(const cliOutput *out);

/* A wrong command line; @command is NULL or the command it was for. Returns
 * CLI_EXIT_USAGE. */
cliExit cliOutputUsage(const cliOutput *out, const char *command, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);
