/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-command.h: what a command of virt-stream is, and those there are
 *
 * Each is in the file of its name, stream-start.c has "start"; but for the two on hydration,
 * which are in stream-hydration.c.
 */

#pragma once

#include "stream-client.h"

typedef struct _streamCommand streamCommand;
struct _streamCommand {
    const char *name;
    const char *arguments; /* "DOMAIN [DISK]" */
    int minArgs;
    int maxArgs;
    const char *summary;         /* one line of the list of commands */
    const char *details;         /* shown below the options */
    const GOptionEntry *options; /* ends with { NULL }; or NULL */
    gboolean virsh;              /* reads its command line as virsh does: stream-virsh.h */
    /* @args are the arguments, as many as allowed, and NULL */
    streamExit (*run)(streamClient *client, char **args);
};

extern const streamCommand streamStartCommand;
extern const streamCommand streamStopCommand;
extern const streamCommand streamInfoCommand;
extern const streamCommand streamListCommand;
extern const streamCommand streamSetCommand;
extern const streamCommand streamEventsCommand;
extern const streamCommand streamPauseHydrationCommand;
extern const streamCommand streamResumeHydrationCommand;
extern const streamCommand virshDomainBlockpullCommand;
extern const streamCommand virshDomainBlockjobCommand;
