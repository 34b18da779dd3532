/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * streams_fixture.h: a table of streams for two domains of libvirt's test driver, and a
 * streamEventPublish() that writes its events down
 *
 * Of each disk it accepts only STARTED, then PROGRESS, then one end.
 */

#pragma once

#include "qemu/qemu_streams.h"

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom;   /* "a" */
    virDomainPtr other; /* "b" */
    qemuStreams *streams;
} streamsFixture;

/* @turns as for qemuStreamsNew() */
void streamsFixtureAdd(const char *path, bool turns,
                       void (*func)(streamsFixture *fix, const void *opaque));

/* With "alias-TARGET" and, begun, "/images/TARGET" */
qemuStream *streamsFixtureBegin(streamsFixture *fix, virDomainPtr dom, const char *target,
                                unsigned long long limit);
qemuStream *streamsFixtureAdopt(streamsFixture *fix, virDomainPtr dom, const char *target,
                                unsigned long long speed, bool announce);

/* A stream that runs, without limit */
qemuStream *streamsFixtureRun(streamsFixture *fix, virDomainPtr dom, const char *target);

/* What was published since the last time: "STARTED a/vda, STOPPED a/vda" */
char *streamsFixtureTakeEvents(void);

/* How many ends were published */
int streamsFixtureEnds(void);

#define assertEvents(expected) \
    do { \
        g_autofree char *events_ = streamsFixtureTakeEvents(); \
        g_assert_cmpstr(events_, ==, (expected)); \
    } while (0)
