/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_conn.h: one of libvirt's test hypervisors, as long as somebody here uses it
 *
 * All connections to test:///default share one hypervisor; every other connection has one of
 * its own. While somebody listens to its events, time passes in libvirt's event loop, and
 * domains that end are noticed; otherwise time passes when a call looks.
 */

#pragma once

#include "test/test_guest.h"

typedef struct _testConn testConn;

/* The one that @conn is connected to; NULL and an error, also if that is not in this process. */
testConn *testConnOpen(virConnectPtr conn);
void testConnUnref(testConn *self);

/* The guests of all its domains that run; NULL and an error. */
GPtrArray *testConnListRunning(testConn *self);

/* The guest belongs to it: from now on, time passes for it as well. */
void testConnAdd(testConn *self, testGuest *guest);

int testConnSubscribe(testConn *self);
void testConnUnsubscribe(testConn *self);
