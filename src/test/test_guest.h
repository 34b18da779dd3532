/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_guest.h: the simulated streams of a domain, from its start to its end
 *
 * One stream per disk: the active one, or else the last that ended. Those that are active
 * take turns. Time passes in two ways: for streams of the real clock whenever a function
 * here is called, for those that step a second each time that somebody looks. Events are
 * published under the lock, so that they leave in the order of what happened. All functions
 * may be called by any thread; @publisher is the priv that events are published with.
 */

#pragma once

#include "test/test_stream.h"

typedef struct _testGuest testGuest;

/* @run tells this run of @dom from all others; the domain is remembered by value. */
testGuest *testGuestNew(virDomainPtr dom, const char *run);
testGuest *testGuestRef(testGuest *self);
void testGuestUnref(testGuest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(testGuest, testGuestUnref)

const char *testGuestGetRun(const testGuest *self);

/* Whether both are runs of domains with the same UUID */
bool testGuestIsSameDomain(const testGuest *self, const testGuest *other);

/* How many images below the top one streams of the disk have made superfluous */
unsigned int testGuestGetLayersGone(testGuest *self, const char *target);

/* -1 and an error if the disk has an active stream. */
int testGuestCheckFree(testGuest *self, void *publisher, const char *target);

/* Begins a stream, which it takes over in any case; -1 as above. */
int testGuestStart(testGuest *self, void *publisher, testStream *stream);

/* -1 and an error if the disk has no active stream. */
int testGuestStop(testGuest *self, void *publisher, const char *target);
int testGuestSet(testGuest *self, void *publisher, const char *target,
                 const streamSettings *change);

/* A look at the stream of a disk, active or ended; NULL and an error if there is none. */
streamRecord *testGuestLookAtDisk(testGuest *self, void *publisher, const char *target);

/* A look at all: adds those that are active to @entries, the oldest first. */
void testGuestLook(testGuest *self, void *publisher, GPtrArray *entries);
/* The same, in the short form; how many there are, or -1 if a name is too long for it. */
int testGuestLookShort(testGuest *self, void *publisher, virDomainStreamDiskStatePtr states,
                       unsigned int nstates);

/* Lets the time pass that has passed. */
void testGuestTick(testGuest *self, void *publisher);

/* The domain runs no more: ends all that is active. */
void testGuestEnd(testGuest *self, void *publisher);
