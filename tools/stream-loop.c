/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-loop.c: libvirt's event loop, run in one thread until something happens
 */

#include <glib.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "stream-loop.h"

/* As virsh: a peer that is silent for this long is lost. */
#define STREAM_LOOP_KEEPALIVE_INTERVAL 5
#define STREAM_LOOP_KEEPALIVE_COUNT 6

struct _streamLoop {
    virConnectPtr conn;
    int signals[2]; /* a pipe: the numbers of signals that came */
    int watch;      /* on signals[0] */
    int deadline;   /* timer of the time limit, -1 for none */
    int second;     /* timer */
    bool pending[STREAM_LOOP_FAILED];
};

/* Where the handler of signals writes. */
static int streamLoopSignalFd = -1;

int
streamLoopInit(void)
{
    return virEventRegisterDefaultImpl();
}

static void
streamLoopSignal(int signum)
{
    char byte = (char) signum;
    ssize_t written G_GNUC_UNUSED = write(streamLoopSignalFd, &byte, 1);
}

static void
streamLoopOnSignal(int watch, int fd, int events, void *opaque)
{
    streamLoop *loop = opaque;
    char byte;

    if (read(fd, &byte, 1) == 1)
        loop->pending[byte == SIGWINCH ? STREAM_LOOP_RESIZED : STREAM_LOOP_INTERRUPTED] = true;
}

static void
streamLoopOnDeadline(int timer, void *opaque)
{
    streamLoop *loop = opaque;

    loop->pending[STREAM_LOOP_TIMEOUT] = true;
    virEventUpdateTimeout(timer, -1);
}

static void
streamLoopOnSecond(int timer, void *opaque)
{
    streamLoop *loop = opaque;

    loop->pending[STREAM_LOOP_SECOND] = true;
}

static void
streamLoopOnClose(virConnectPtr conn, int reason, void *opaque)
{
    streamLoop *loop = opaque;

    loop->pending[STREAM_LOOP_LOST] = true;
}

static void
streamLoopSetSignals(void (*handler)(int))
{
    struct sigaction once = { .sa_handler = handler, .sa_flags = SA_RESTART | SA_RESETHAND };
    struct sigaction always = { .sa_handler = handler, .sa_flags = SA_RESTART };

    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
    sigaction(SIGWINCH, &always, NULL);
}

streamLoop *
streamLoopNew(virConnectPtr conn, int timeout)
{
    streamLoop *loop = g_new0(streamLoop, 1);
    g_autoptr(GError) error = NULL;

    loop->conn = conn;
    if (!g_unix_open_pipe(loop->signals, FD_CLOEXEC, &error) ||
        !g_unix_set_fd_nonblocking(loop->signals[1], TRUE, &error))
        g_error("%s", error->message);
    loop->watch = virEventAddHandle(loop->signals[0], VIR_EVENT_HANDLE_READABLE, streamLoopOnSignal,
                                    loop, NULL);
    loop->second = virEventAddTimeout(1000, streamLoopOnSecond, loop, NULL);
    loop->deadline = virEventAddTimeout(timeout > 0 ? timeout * 1000 : -1, streamLoopOnDeadline,
                                        loop, NULL);
    if (loop->watch < 0 || loop->second < 0 || loop->deadline < 0) {
        streamLoopFree(loop);
        return NULL;
    }
    /* Not every hypervisor's connection has these; then a lost one is noticed by calls. */
    virConnectSetKeepAlive(conn, STREAM_LOOP_KEEPALIVE_INTERVAL, STREAM_LOOP_KEEPALIVE_COUNT);
    virConnectRegisterCloseCallback(conn, streamLoopOnClose, loop, NULL);

    streamLoopSignalFd = loop->signals[1];
    streamLoopSetSignals(streamLoopSignal);
    return loop;
}

void
streamLoopFree(streamLoop *loop)
{
    if (!loop)
        return;
    streamLoopSetSignals(SIG_DFL);
    virConnectUnregisterCloseCallback(loop->conn, streamLoopOnClose);
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
streamLoopEnd(streamLoop *loop)
{
    loop->pending[STREAM_LOOP_ENDED] = true;
}

streamLoopCause
streamLoopNext(streamLoop *loop)
{
    for (;;) {
        for (int cause = 0; cause < STREAM_LOOP_FAILED; cause++) {
            if (loop->pending[cause]) {
                loop->pending[cause] = false;
                return cause;
            }
        }
        if (virEventRunDefaultImpl() < 0)
            return STREAM_LOOP_FAILED;
    }
}
