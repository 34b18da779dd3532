/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_listen.h: the two sockets that clients come to, systemd's or our own */

#pragma once

#include <stdbool.h>

#include "daemon/daemon_config.h"

typedef struct _daemonListen daemonListen;

/* Takes the sockets that systemd passes, otherwise makes them as @config says; replaces a
 * socket file that nobody answers on. Sets the umask for a moment: not with threads.
 * NULL with an error, and then no file is left. */
daemonListen *daemonListenNew(const daemonConfig *config);

/* Removes the socket files that it made. */
void daemonListenFree(daemonListen *sockets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(daemonListen, daemonListenFree)

/* The listening socket, once, for the caller to close; -1 if systemd did not pass it. */
int daemonListenStealFd(daemonListen *sockets, bool readonly);
