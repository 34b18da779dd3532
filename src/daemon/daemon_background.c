/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_background.c: fork, and a pipe that tells the parent how the start went */

#include "daemon/daemon_background.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/* The end that the parent waits for; it is closed, unwritten, if the child dies */
static int daemonBackgroundPipe = -1;

static G_NORETURN void
daemonBackgroundWait(int fd)
{
    char byte;
    ssize_t got;

    do {
        got = read(fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    _exit(got == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int
daemonBackgroundEnter(void)
{
    sigset_t none;
    int fds[2];
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) < 0 || (child = fork()) < 0) {
        errorReportSystem(errno, "cannot go to the background");
        return -1;
    }
    if (child > 0) {
        close(fds[1]);
        daemonBackgroundWait(fds[0]);
    }

    close(fds[0]);
    daemonBackgroundPipe = fds[1];
    setsid();
    sigemptyset(&none); /* the thread of a program that started us may have blocked some */
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir("/") < 0) {
        errorReportSystem(errno, "cannot change to '/'");
        return -1;
    }
    return 0;
}

void
daemonBackgroundReady(void)
{
    int null;

    if (daemonBackgroundPipe < 0)
        return;

    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);

    /* if the parent is gone, nobody waits */
    if (write(daemonBackgroundPipe, "", 1) < 0)
        errno = 0;
    close(daemonBackgroundPipe);
    daemonBackgroundPipe = -1;
}
