/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest_latency.h: how long the guest's requests of one kind took
 *
 * All that fit are kept, so percentiles are exact; of more than that, the first.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define GUEST_LATENCY_MAX 65536

typedef struct _guestLatency guestLatency;
struct _guestLatency {
    size_t count;
    uint32_t micros[GUEST_LATENCY_MAX];
};

/** guestLatencyAdd: one request, which began at @began of CLOCK_MONOTONIC and is over now. */
void guestLatencyAdd(guestLatency *latency, const struct timespec *began);

/**
 * guestLatencyPrint:
 *
 * Prints " NAME count COUNT p50 MICROSECONDS p99 MICROSECONDS us", and forgets them all.
 */
void guestLatencyPrint(guestLatency *latency, const char *name);
