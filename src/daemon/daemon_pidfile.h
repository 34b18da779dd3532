/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_pidfile.h: the locked file that only one daemon at a time can hold */

#pragma once

#include <glib.h>

typedef struct _daemonPidfile daemonPidfile;

/* Writes this process's number to @path. NULL with an error, if another process holds the
 * file too. The lock goes with the process, so a file that is left over does no harm. */
daemonPidfile *daemonPidfileNew(const char *path);

/* Removes the file, then lets go of the lock. */
void daemonPidfileFree(daemonPidfile *pidfile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(daemonPidfile, daemonPidfileFree)
