/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simulation_fixture.h: a running domain of libvirt's test driver whose streams are planned, and
 * a streamEventPublish() that writes its events down
 */

#pragma once

#include <libvirt/libvirt.h>

#include "stream/stream_record.h"

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom; /* "a" */
} simulationFixture;

/* @plan: what stands in the element of the domain's metadata, with streamdisk: for prefix */
void simulationFixtureAdd(const char *path, const char *plan,
                          void (*func)(simulationFixture *fix, const void *opaque));

/* Another one, that steps: vda on middle on base, all qcow2 in /images; vdb, of whose chain the
 * XML tells nothing; vdc without a backing image; sda without a medium */
virDomainPtr simulationFixtureDomainNew(virConnectPtr conn, const char *name, const char *plan);

/* Of a domain @name that does not run: its XML. */
char *simulationFixtureXml(const char *name, const char *plan);

/* What was published since the last time: "STARTED a/vda, STOPPED a/vda" */
char *simulationFixtureTakeEvents(void);

#define assertEvents(expected) \
    do { \
        g_autofree char *events_ = simulationFixtureTakeEvents(); \
        g_assert_cmpstr(events_, ==, (expected)); \
    } while (0)

/* One of the statistics; -1 if it is absent */
long long simulationFixtureGet(const streamRecord *entry, const char *name);
