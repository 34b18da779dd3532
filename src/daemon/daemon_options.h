/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_options.h: the command line of virtstreamd */

#pragma once

#include <glib.h>

typedef struct _daemonOptions daemonOptions;
struct _daemonOptions {
    gboolean background;
    char *config;  /* NULL: the usual file */
    char *pidFile; /* NULL: the usual file */
    int timeout;   /* seconds; 0: none */
    gboolean verbose;
    gboolean version;
};

/* Fills @options; with --help it prints and ends the process. FALSE with @err. */
gboolean daemonOptionsParse(daemonOptions *options, int argc, char **argv, GError **err);

void daemonOptionsClear(daemonOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(daemonOptions, daemonOptionsClear)
