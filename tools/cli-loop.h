/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-loop.h: libvirt's event loop, run in one thread until something happens
 *
 * Signals, time limits and a lost connection come out of the same loop as libvirt's
 * events, so that those who wait need no handlers and no locks of their own.
 */

#pragma once

#include <libvirt/libvirt.h>

typedef struct _cliLoop cliLoop;

typedef enum {
    CLI_LOOP_ENDED,       /* cliLoopEnd() was called */
    CLI_LOOP_LOST,        /* the connection is gone */
    CLI_LOOP_INTERRUPTED, /* SIGINT or SIGTERM; the next one ends the process at once */
    CLI_LOOP_TIMEOUT,     /* the time is over */
    CLI_LOOP_RESIZED,     /* the terminal has another size */
    CLI_LOOP_SECOND,      /* one more second has passed */
    CLI_LOOP_FAILED,      /* the loop does not work: libvirt's error */
} cliLoopCause;

/* Registers the loop with libvirt: before the connection is opened that is to use it.
 * 0, or -1 with libvirt's error. */
int cliLoopInit(void);

/* One at a time in a process. @timeout is in seconds, 0 for none. NULL with libvirt's error. */
cliLoop *cliLoopNew(virConnectPtr conn, int timeout);
void cliLoopFree(cliLoop *loop);

/* For an event's callback: there is nothing to wait for any more. */
void cliLoopEnd(cliLoop *loop);

/* Runs libvirt's events until one of the causes, the first of the list that holds. */
cliLoopCause cliLoopNext(cliLoop *loop);
