/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_stream.h: one simulated stream, and what time makes of it
 *
 *   STARTING ──► RUNNING ──► STOPPING ──► STOPPED
 *   (starting)   (wait)      (stopping)
 *                   │(finish)
 *                   └──► COMPLETED, STOPPED or FAILED, as planned
 *
 * Time is an argument: this file knows no clock. Locks are the guest's (test_guest.h).
 */

#pragma once

#include "conf/domain_disk.h"
#include "stream/stream_stats.h"
#include "test/test_plan.h"

/* The speed of a stream while another disk of the guest has its turn, bytes per second */
#define TEST_STREAM_WAITING_SPEED (1 << 20)

/* testStreamAdvance(): nothing to tell */
#define TEST_STREAM_NO_EVENT (-1)

typedef struct _testStream testStream;
struct _testStream {
    char *target;
    char *alias;
    char *base;          /* as the caller named it, or NULL */
    unsigned int layers; /* images between the top one and @base */
    unsigned int gone;   /* images that this one and those before it have made superfluous */
    testPlan plan;
    streamSettings settings; /* their deadline as µs of @elapsed */
    virDomainStreamDiskStateType state;
    bool waitingTurn; /* another disk of the guest has the turn */
    guint64 elapsed;  /* µs since it began */
    guint64 stopping; /* @elapsed when it was to stop */
    guint64 copied;   /* @elapsed when all was copied; 0: not yet */
    guint64 done;     /* bytes */
    guint64 rate;     /* bytes per second, once it has moved */
    bool moved;       /* some time has passed while RUNNING */
    char *reason;     /* why it stopped or failed */
};

/* Down to @base, below @layers images; takes over what @plan has. */
testStream *testStreamNew(const domainDisk *disk, const char *base, unsigned int layers,
                          testPlan *plan, const streamSettings *settings);
void testStreamFree(testStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(testStream, testStreamFree)

bool testStreamIsActive(const testStream *self);

/* Lets @us microseconds pass, a second at most. Returns a virDomainStreamDiskEvent to publish,
 * or TEST_STREAM_NO_EVENT. With 0 only what needs no time happens. */
int testStreamAdvance(testStream *self, guint64 us);

/* If it is still STARTING, it is not any more; returns the event to publish. */
int testStreamConfirm(testStream *self);

/* A stream that runs is to stop, if it is not to already; it does when time passes. */
void testStreamStop(testStream *self);

/* Other settings, whose deadline counts from now. */
void testStreamSet(testStream *self, const streamSettings *change);

/* Ends a stream that is not STARTING any more at once; returns the event to publish. */
int testStreamEnd(testStream *self, virDomainStreamDiskStateType state, const char *reason);

/* The short form of the statistics; -1 and an error if a name is longer than its place. */
int testStreamGetState(const testStream *self, virDomainStreamDiskStatePtr state);

/* Adds the statistics to @record. */
void testStreamAddStats(const testStream *self, streamRecord *record);
