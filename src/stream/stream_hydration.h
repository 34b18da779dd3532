/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream_hydration.h: the states of a stream's hydration, and what changes them
 *
 *            BEGUN            THROUGH, CUT
 *    IDLE ──────────► WORKING ───────────► DONE
 *     │ ▲   STOPPED   │ │  ▲ BEGUN
 *     │ └─────────────┘ │  │
 *     │     FAILED      ▼  │   GIVEN_BACK
 *     └──────────────► RESTING ◄─────────── YIELDING ◄── YIELDED, while WORKING
 *
 * REFUSED leads to OFF, which is for good, and so does CUT when nothing worked. Pure.
 */

#pragma once

typedef enum {
    STREAM_HYDRATION_IDLE,
    STREAM_HYDRATION_WORKING,
    STREAM_HYDRATION_RESTING,  /* it is tried again later */
    STREAM_HYDRATION_YIELDING, /* nothing is sent any more, what it used is being given back */
    STREAM_HYDRATION_DONE,     /* the job runs through by itself, or has ended */
    STREAM_HYDRATION_OFF,      /* there is none, and will be none */
    STREAM_HYDRATION_STATE_LAST
} streamHydrationState;

typedef enum {
    STREAM_HYDRATION_BEGUN,
    STREAM_HYDRATION_FAILED,     /* to begin, or at work */
    STREAM_HYDRATION_REFUSED,    /* there never can be any */
    STREAM_HYDRATION_THROUGH,    /* nothing is left to copy */
    STREAM_HYDRATION_STOPPED,    /* by us: it may begin again at any time */
    STREAM_HYDRATION_YIELDED,    /* somebody else wants QEMU's NBD server */
    STREAM_HYDRATION_GIVEN_BACK, /* the server, for that */
    STREAM_HYDRATION_CUT,        /* the job ends */
    STREAM_HYDRATION_EVENT_LAST
} streamHydrationEvent;

/* The state that follows; what means nothing in @state changes nothing. */
streamHydrationState streamHydrationNext(streamHydrationState state, streamHydrationEvent event);
