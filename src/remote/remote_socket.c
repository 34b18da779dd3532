/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_socket.c: the names of virtstreamd's sockets */

#include "remote/remote_socket.h"

#include "config.h"

char *
remoteSocketPath(gboolean session, gboolean readonly)
{
    return g_build_filename(session ? g_get_user_runtime_dir() : RUNSTATEDIR, "libvirt",
                            readonly ? "virtstreamd-sock-ro" : "virtstreamd-sock", NULL);
}
