/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remote_autostart.h: a session's virtstreamd, started when somebody needs it
 *
 *   caller ──► virtstreamd --daemon ──fork──► virtstreamd, in the background
 *      ▲                │ ends                      │ gives up its stderr
 *      └── end of file ─┴──── on the pipe that is the stderr of both
 *
 * Both happen when clients can connect, or when the start has failed, so the pipe tells when to
 * go on and, by what was written into it, why it failed; connecting tells which. The command is
 * a grandchild of the application's, which gets no child to reap and gives it no descriptors and
 * little of its environment.
 */

#pragma once

#include "remote/remote_instance.h"

#include <glib.h>
#include <stdbool.h>

/* Whether callers may start the daemon: for a session, unless LIBVIRT_AUTOSTART is 0. */
bool remoteAutostartIsWanted(remoteInstance instance);

/* Starts it and waits. false if there was nothing to start; the reason is a debug message. */
bool remoteAutostart(void);
