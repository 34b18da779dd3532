/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_pidfile.c: makes, locks and removes the pid file */

#include "daemon/daemon_pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_NONE

struct _daemonPidfile {
    char *path;
    int fd; /* holds the lock */
};

/* Between open and lock, a daemon that was ending may have removed the file. */
static bool
daemonPidfileIsCurrent(const char *path, int fd)
{
    struct stat opened;
    struct stat current;

    return fstat(fd, &opened) == 0 && stat(path, &current) == 0 &&
           opened.st_dev == current.st_dev && opened.st_ino == current.st_ino;
}

/* Whoever may read the file could lock it, with record locks, too: only its owner may. */
static int
daemonPidfileLock(const char *path)
{
    while (true) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0 || fchmod(fd, 0600) < 0) {
            errorReportSystem(errno, "cannot open pid file '%s'", path);
            if (fd >= 0)
                close(fd);
            return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            if (errno == EWOULDBLOCK)
                errorReport(VIR_ERR_OPERATION_INVALID,
                            "another virtstreamd is running and holds '%s'", path);
            else
                errorReportSystem(errno, "cannot lock pid file '%s'", path);
            close(fd);
            return -1;
        }
        if (daemonPidfileIsCurrent(path, fd))
            return fd;
        close(fd);
    }
}

daemonPidfile *
daemonPidfileNew(const char *path)
{
    int fd = daemonPidfileLock(path);
    daemonPidfile *pidfile;

    if (fd < 0)
        return NULL;

    pidfile = g_new0(daemonPidfile, 1);
    pidfile->path = g_strdup(path);
    pidfile->fd = fd;
    if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int) getpid()) < 0) {
        errorReportSystem(errno, "cannot write pid file '%s'", path);
        g_clear_pointer(&pidfile, daemonPidfileFree);
    }
    return pidfile;
}

void
daemonPidfileFree(daemonPidfile *pidfile)
{
    if (!pidfile)
        return;
    unlink(pidfile->path);
    close(pidfile->fd);
    g_free(pidfile->path);
    g_free(pidfile);
}
