/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_instance.c: the names of sockets, and flock() on the directory in which they are */

#include "remote/remote_instance.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "config.h"

char *
remoteInstanceGetSocket(remoteInstance self, bool readonly)
{
    return g_build_filename(self == REMOTE_INSTANCE_SESSION ? g_get_user_runtime_dir()
                                                            : RUNSTATEDIR,
                            "libvirt", readonly ? "virtstreamd-sock-ro" : "virtstreamd-sock", NULL);
}

int
remoteInstanceGetDirMode(remoteInstance self)
{
    return self == REMOTE_INSTANCE_SESSION ? 0700 : 0755;
}

int
remoteInstanceLock(remoteInstance self, bool wait)
{
    g_autofree char *socket = remoteInstanceGetSocket(self, false);
    g_autofree char *dir = g_path_get_dirname(socket);
    int fd;

    if (g_mkdir_with_parents(dir, remoteInstanceGetDirMode(self)) < 0 ||
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
remoteInstanceUnlock(int fd)
{
    /* a child that the application forked meanwhile has the descriptor too */
    flock(fd, LOCK_UN);
    close(fd);
}
