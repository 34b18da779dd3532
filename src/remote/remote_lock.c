/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_lock.c: flock() on the directory in which virtstreamd listens */

#include "remote/remote_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "remote/remote_socket.h"

int
remoteLockTake(gboolean session, gboolean wait)
{
    g_autofree char *socket = remoteSocketPath(session, FALSE);
    g_autofree char *dir = g_path_get_dirname(socket);
    int fd;

    if (g_mkdir_with_parents(dir, session ? 0700 : 0755) < 0 ||
        (fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -1;
    while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
        int err = errno;

        if (err == EINTR)
            continue;
        close(fd);
        errno = err;
        return -1;
    }
    return fd;
}

void
remoteLockRelease(int fd)
{
    /* a child that the application forked meanwhile has the descriptor too */
    flock(fd, LOCK_UN);
    close(fd);
}
