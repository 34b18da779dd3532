/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_fixture.h: a virtstreamd whose driver only pretends, on libvirt's test connection */

#pragma once

#include "remote/remote_dispatch.h"
#include "rpc_fixture.h"

#define REMOTE_FIXTURE_ACTIVE 3 /* streams that every domain has */

typedef struct _remoteFixture remoteFixture;
struct _remoteFixture {
    rpcFixture server;
    remoteDispatch dispatch;
    rpcProgram program;

    /* what the driver was last called with, as text */
    GMutex lock;
    char *called;
};

/* The test may have set server's parameters and program.version. */
void remoteFixtureStart(remoteFixture *fix);
void remoteFixtureStop(remoteFixture *fix);

/* Compares, and forgets. */
void remoteFixtureAssertCalled(remoteFixture *fix, const char *expected);

/* Sends an event of disk "vda" of the domain to those who have subscribed. */
void remoteFixtureSendEvent(remoteFixture *fix, int event);

/* One parameter of each of two types */
void remoteFixtureMakeParams(virTypedParameterPtr *params, int *nparams);
