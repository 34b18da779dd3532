/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-loop.h: libvirt's event loop, run in one thread until something happens
 *
 * Signals, time limits and a lost connection come out of the same loop as libvirt's
 * events, so that those who wait need no handlers and no locks of their own.
 */

#pragma once

#include <libvirt/libvirt.h>

typedef struct _streamLoop streamLoop;

typedef enum {
    STREAM_LOOP_ENDED,       /* streamLoopEnd() was called */
    STREAM_LOOP_LOST,        /* the connection is gone */
    STREAM_LOOP_INTERRUPTED, /* SIGINT or SIGTERM; the next one ends the process at once */
    STREAM_LOOP_TIMEOUT,     /* the time is over */
    STREAM_LOOP_RESIZED,     /* the terminal has another size */
    STREAM_LOOP_SECOND,      /* one more second has passed */
    STREAM_LOOP_FAILED,      /* the loop does not work: libvirt's error */
} streamLoopCause;

/* Registers the loop with libvirt: before the connection is opened that is to use it.
 * 0, or -1 with libvirt's error. */
int streamLoopInit(void);

/* One at a time in a process. @timeout is in seconds, 0 for none. NULL with libvirt's error. */
streamLoop *streamLoopNew(virConnectPtr conn, int timeout);
void streamLoopFree(streamLoop *loop);

/* For an event's callback: there is nothing to wait for any more. */
void streamLoopEnd(streamLoop *loop);

/* Runs libvirt's events until one of the causes, the first of the list that holds. */
streamLoopCause streamLoopNext(streamLoop *loop);
