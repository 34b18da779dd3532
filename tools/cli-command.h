/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-command.h: what a command of virt-stream is, and those there are
 *
 * Each is in the file of its name, cli-start.c has "start"; but for the two on hydration,
 * which are in cli-hydration.c.
 */

#pragma once

#include "cli-client.h"

typedef struct _cliCommand cliCommand;
struct _cliCommand {
    const char *name;
    const char *arguments; /* "DOMAIN [DISK]" */
    int minArgs;
    int maxArgs;
    const char *summary;         /* one line of the list of commands */
    const char *details;         /* shown below the options */
    const GOptionEntry *options; /* ends with { NULL }; or NULL */
    gboolean virsh;              /* reads its command line as virsh does: cli-virsh.h */
    /* @args are the arguments, as many as allowed, and NULL */
    cliExit (*run)(cliClient *client, char **args);
};

extern const cliCommand cliStartCommand;
extern const cliCommand cliStopCommand;
extern const cliCommand cliInfoCommand;
extern const cliCommand cliListCommand;
extern const cliCommand cliSetCommand;
extern const cliCommand cliEventsCommand;
extern const cliCommand cliPauseHydrationCommand;
extern const cliCommand cliResumeHydrationCommand;
extern const cliCommand virshDomainBlockpullCommand;
extern const cliCommand virshDomainBlockjobCommand;
