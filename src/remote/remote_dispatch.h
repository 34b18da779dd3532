/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remote_dispatch.h: serves our program: decode, one slot of a driver, encode
 *
 * Called by the server's workers, many at once; decides nothing.
 */

#pragma once

#include "driver.h"
#include "remote/remote_dispatch_event.h"
#include "rpc/rpc_program.h"

typedef struct _remoteDispatch remoteDispatch;
struct _remoteDispatch {
    /* driver and priv must stay valid as long as calls may arrive */
    driverConn via;
    /* a new reference to the daemon's own connection, or NULL after reporting */
    virConnectPtr (*getConnect)(void *opaque);
    void *opaque;
    remoteDispatchEvent *events;
};

/* The program for rpcServerAddProgram(). @dispatch must outlive it. */
rpcProgram remoteDispatchProgram(remoteDispatch *dispatch);
