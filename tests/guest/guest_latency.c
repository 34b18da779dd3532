/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest_latency.c: how long the guest's requests of one kind took */

#include "guest_latency.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void
guestLatencyAdd(guestLatency *latency, const struct timespec *began)
{
    struct timespec now;

    if (latency->count == GUEST_LATENCY_MAX)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    latency->micros[latency->count++] = (uint32_t) ((now.tv_sec - began->tv_sec) * 1000000 +
                                                    (now.tv_nsec - began->tv_nsec) / 1000);
}

static int
guestLatencyCompare(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *) a;
    uint32_t second = *(const uint32_t *) b;

    return (first > second) - (first < second);
}

static uint32_t
guestLatencyPercentile(const guestLatency *latency, unsigned int percent)
{
    return latency->count > 0 ? latency->micros[latency->count * percent / 100] : 0;
}

void
guestLatencyPrint(guestLatency *latency, const char *name)
{
    qsort(latency->micros, latency->count, sizeof(latency->micros[0]), guestLatencyCompare);
    printf(" %s count %zu p50 %" PRIu32 " p99 %" PRIu32 " us", name, latency->count,
           guestLatencyPercentile(latency, 50), guestLatencyPercentile(latency, 99));
    latency->count = 0;
}
