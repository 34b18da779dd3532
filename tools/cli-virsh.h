/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-virsh.h: reads a command line, and words what comes of it, as virsh does
 *
 * Functions tell the user of their errors, in virsh's words; but for cliVirshParse() they
 * end the command with that.
 */

#pragma once

#include <stdbool.h>

#include "cli-command.h"

/* Sets the options of @command, which keep pointing into @args. One that has a value may be
 * given by its place instead of its name, in the order of the table; the first minArgs of
 * them are needed. @help: --help was among them, and nothing is missing then. */
bool cliVirshParse(const cliOutput *out, const cliCommand *command, char **args, gboolean *help);

bool cliVirshConnect(cliClient *client);

/* The caller's to free, or NULL. */
virDomainPtr cliVirshGetDomain(cliClient *client, const char *name);

/* Whether the value of option @name, NULL if it was not given, is not an empty one. */
bool cliVirshCheckText(const cliOutput *out, const char *name, const char *value);

/* MiB/s, or with @bytes bytes/s: what @text says, or by its suffix. */
bool cliVirshReadBandwidth(const cliOutput *out, const char *text, bool bytes,
                           unsigned long *bandwidth);

/* A time limit. */
bool cliVirshReadSeconds(const cliOutput *out, const char *text, int *seconds);

/* "Block Pull: [ 42 %]" over what stood there before, on standard error; 100 only once
 * nothing is left. */
void cliVirshPrintProgress(const char *job, unsigned long long left, unsigned long long total);

/* An error. Returns CLI_EXIT_FAILED. */
cliExit cliVirshError(const cliOutput *out, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* libvirt's last error. Returns CLI_EXIT_FAILED. */
cliExit cliVirshLastError(const cliOutput *out);

/* The empty line with which virsh ends a command, whatever came of it. */
void cliVirshEnd(const cliOutput *out);
