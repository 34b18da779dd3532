/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-virsh.h: reads a command line, and words what comes of it, as virsh does
 *
 * Functions tell the user of their errors, in virsh's words; but for streamVirshParse() they
 * end the command with that.
 */

#pragma once

#include <stdbool.h>

#include "stream-command.h"

/* Sets the options of @command, which keep pointing into @args. One that has a value may be
 * given by its place instead of its name, in the order of the table; the first minArgs of
 * them are needed. @help: --help was among them, and nothing is missing then. */
bool streamVirshParse(const streamOutput *out, const streamCommand *command, char **args,
                      gboolean *help);

bool streamVirshConnect(streamClient *client);

/* The caller's to free, or NULL. */
virDomainPtr streamVirshGetDomain(streamClient *client, const char *name);

/* Whether the value of option @name, NULL if it was not given, is not an empty one. */
bool streamVirshCheckText(const streamOutput *out, const char *name, const char *value);

/* MiB/s, or with @bytes bytes/s: what @text says, or by its suffix. */
bool streamVirshReadBandwidth(const streamOutput *out, const char *text, bool bytes,
                              unsigned long *bandwidth);

/* A time limit. */
bool streamVirshReadSeconds(const streamOutput *out, const char *text, int *seconds);

/* "Block Pull: [ 42 %]" over what stood there before, on standard error; 100 only once
 * nothing is left. */
void streamVirshPrintProgress(const char *job, unsigned long long left, unsigned long long total);

/* An error. Returns STREAM_EXIT_FAILED. */
streamExit streamVirshError(const streamOutput *out, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* libvirt's last error. Returns STREAM_EXIT_FAILED. */
streamExit streamVirshLastError(const streamOutput *out);

/* The empty line with which virsh ends a command, whatever came of it. */
void streamVirshEnd(const streamOutput *out);
