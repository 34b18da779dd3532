/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-loop.c: libvirt's event loop, run in one thread until something happens
 */

#include <glib.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "cli-loop.h"

/* As virsh: a peer that is silent for this long is lost. */
#define CLI_LOOP_KEEPALIVE_INTERVAL 5
#define CLI_LOOP_KEEPALIVE_COUNT 6

struct _cliLoop {
    virConnectPtr conn;
    int signals[2]; /* a pipe: the numbers of signals that came */
    int watch;      /* on signals[0] */
    int deadline;   /* timer of the time limit, -1 for none */
    int second;     /* timer */
    bool pending[CLI_LOOP_FAILED];
};

/* Where the handler of signals writes. */
static int cliLoopSignalFd = -1;

int
cliLoopInit(void)
{
    return virEventRegisterDefaultImpl();
}

static void
cliLoopSignal(int signum)
{
    char byte = (char) signum;
    ssize_t written G_GNUC_UNUSED = write(cliLoopSignalFd, &byte, 1);
}

static void
cliLoopOnSignal(int watch, int fd, int events, void *opaque)
{
    cliLoop *loop = opaque;
    char byte;

    if (read(fd, &byte, 1) == 1)
        loop->pending[byte == SIGWINCH ? CLI_LOOP_RESIZED : CLI_LOOP_INTERRUPTED] = true;
}

static void
cliLoopOnDeadline(int timer, void *opaque)
{
    cliLoop *loop = opaque;

    loop->pending[CLI_LOOP_TIMEOUT] = true;
    virEventUpdateTimeout(timer, -1);
}

static void
cliLoopOnSecond(int timer, void *opaque)
{
    cliLoop *loop = opaque;

    loop->pending[CLI_LOOP_SECOND] = true;
}

static void
cliLoopOnClose(virConnectPtr conn, int reason, void *opaque)
{
    cliLoop *loop = opaque;

    loop->pending[CLI_LOOP_LOST] = true;
}

static void
cliLoopSetSignals(void (*handler)(int))
{
    struct sigaction once = { .sa_handler = handler, .sa_flags = SA_RESTART | SA_RESETHAND };
    struct sigaction always = { .sa_handler = handler, .sa_flags = SA_RESTART };

    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
    sigaction(SIGWINCH, &always, NULL);
}

cliLoop *
cliLoopNew(virConnectPtr conn, int timeout)
{
    cliLoop *loop = g_new0(cliLoop, 1);
    g_autoptr(GError) error = NULL;

    loop->conn = conn;
    if (!g_unix_open_pipe(loop->signals, FD_CLOEXEC, &error) ||
        !g_unix_set_fd_nonblocking(loop->signals[1], TRUE, &error))
        g_error("%s", error->message);
    loop->watch = virEventAddHandle(loop->signals[0], VIR_EVENT_HANDLE_READABLE, cliLoopOnSignal,
                                    loop, NULL);
    loop->second = virEventAddTimeout(1000, cliLoopOnSecond, loop, NULL);
    loop->deadline = virEventAddTimeout(timeout > 0 ? timeout * 1000 : -1, cliLoopOnDeadline, loop,
                                        NULL);
    if (loop->watch < 0 || loop->second < 0 || loop->deadline < 0) {
        cliLoopFree(loop);
        return NULL;
    }
    /* Not every hypervisor's connection has these; then a lost one is noticed by calls. */
    virConnectSetKeepAlive(conn, CLI_LOOP_KEEPALIVE_INTERVAL, CLI_LOOP_KEEPALIVE_COUNT);
    virConnectRegisterCloseCallback(conn, cliLoopOnClose, loop, NULL);

    cliLoopSignalFd = loop->signals[1];
    cliLoopSetSignals(cliLoopSignal);
    return loop;
}

void
cliLoopFree(cliLoop *loop)
{
    if (!loop)
        return;
    cliLoopSetSignals(SIG_DFL);
    virConnectUnregisterCloseCallback(loop->conn, cliLoopOnClose);
    if (loop->deadline >= 0)
        virEventRemoveTimeout(loop->deadline);
    if (loop->second >= 0)
        virEventRemoveTimeout(loop->second);
    if (loop->watch >= 0)
        virEventRemoveHandle(loop->watch);
    close(loop->signals[0]);
    close(loop->signals[1]);
    g_free(loop);
}

void
cliLoopEnd(cliLoop *loop)
{
    loop->pending[CLI_LOOP_ENDED] = true;
}

cliLoopCause
cliLoopNext(cliLoop *loop)
{
    for (;;) {
        for (int cause = 0; cause < CLI_LOOP_FAILED; cause++) {
            if (loop->pending[cause]) {
                loop->pending[cause] = false;
                return cause;
            }
        }
        if (virEventRunDefaultImpl() < 0)
            return CLI_LOOP_FAILED;
    }
}
