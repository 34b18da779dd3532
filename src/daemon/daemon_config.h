/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon_config.h: the settings of virtstreamd.conf and their defaults
 *
 * A field has the key's name; docs/manpages/virtstreamd.conf.5.rst says what each means.
 */

#pragma once

#include "remote/remote_instance.h"

#include <glib.h>
#include <stdbool.h>

typedef struct _daemonConfig daemonConfig;
struct _daemonConfig {
    char *file; /* where the settings are from */

    char *unixSockGroup;     /* "": the process's own */
    bool unixSockGroupGiven; /* the file names it, so it has to exist */
    unsigned int unixSockROPerms;
    unsigned int unixSockRWPerms;
    char *unixSockDir;

    unsigned int maxClients;
    unsigned int maxReadonlyClients;
    unsigned int maxWorkers;
    unsigned int maxClientRequests;

    unsigned int keepaliveInterval; /* seconds; 0: never ping */
    unsigned int keepaliveCount;

    unsigned int hydrate;        /* 0 or 1 */
    unsigned int hydrateUntried; /* 0 or 1 */

    unsigned int standstill;       /* ms; 0: never */
    unsigned int standstillOthers; /* the same, for pulls of others */

    unsigned int logLevel;
    char *logFilters;
    char *logOutputs; /* "": the default */
};

/* The defaults of the system or the session instance, changed by @file. NULL: the
 * instance's own file, which need not exist. NULL with an error that names file and key. */
daemonConfig *daemonConfigLoad(remoteInstance instance, const char *file);
void daemonConfigFree(daemonConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(daemonConfig, daemonConfigFree)

/* All settings in the file's own form, one a line. */
char *daemonConfigFormat(const daemonConfig *config);
