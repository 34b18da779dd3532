/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_fixture.h: a driver that only counts, and a connection that it serves */

#pragma once

#include <stdbool.h>

#include "stream/stream_event.h"

/* What the driver's slots are called with, and what they note */
typedef struct {
    int subscribed;
    int closed;
    bool refuses; /* to be subscribed to */
} eventFixturePriv;

extern const driverTable eventFixtureDriver;

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom; /* "test" */
    eventFixturePriv priv;
} eventFixture;

/* A test with its own connection, which must have no reference left at the end */
void eventFixtureAdd(const char *path, void (*func)(eventFixture *fix, const void *opaque));

/* Of disk vda of fix->dom */
void eventFixturePublish(eventFixture *fix, int event);
