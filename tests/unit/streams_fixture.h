/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * streams_fixture.h: a table of streams for two domains of libvirt's test driver, and a
 * streamEventPublish() that writes its events down
 *
 * Of each disk it accepts only STARTED, then PROGRESS, then one end.
 */

#pragma once

#include "qemu/qemu_life.h"
#include "qemu/qemu_speed.h"
#include "qemu/qemu_streams.h"

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom;   /* "a" */
    virDomainPtr other; /* "b" */
    qemuGuestTable *guests;
    qemuGuest *guest; /* of dom */
} streamsFixture;

/* Without a lock: what several threads do is for the test to lock. @turns as in qemuGuestConfig */
void streamsFixtureAdd(const char *path, bool turns,
                       void (*func)(streamsFixture *fix, const void *opaque));

/* With "alias-TARGET" and, begun, "/images/TARGET" */
qemuStream *streamsFixtureBegin(streamsFixture *fix, virDomainPtr dom, const char *target,
                                unsigned long long limit);
qemuStream *streamsFixtureDiscover(streamsFixture *fix, virDomainPtr dom, const char *target,
                                   unsigned long long speed, bool announce);

/* A stream that runs, without limit */
qemuStream *streamsFixtureRun(streamsFixture *fix, virDomainPtr dom, const char *target);

/* From now on no stream of a new guest is hydrated, for this reason. */
void streamsFixtureSetNoHydration(streamsFixture *fix, const char *reason);

/* What was published since the last time: "STARTED a/vda, STOPPED a/vda" */
char *streamsFixtureTakeEvents(void);

/* How many ends were published */
int streamsFixtureEnds(void);

#define assertEvents(expected) \
    do { \
        g_autofree char *events_ = streamsFixtureTakeEvents(); \
        g_assert_cmpstr(events_, ==, (expected)); \
    } while (0)
