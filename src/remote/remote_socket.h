/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_socket.h: where virtstreamd listens; the same for daemon and clients */

#pragma once

#include <glib.h>

/* The path of the system instance's, or this user's session instance's socket. */
char *remoteSocketPath(gboolean session, gboolean readonly);
