/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remote_client.h: this process's connections to virtstreamd, one for each instance
 *
 * They outlive the calls that use them, so that a call costs one round trip, and end
 * when nobody has used them for 30 seconds.
 */

#pragma once

#include "remote/remote_instance.h"

#include "rpc/rpc_client.h"

/* 1: *client is a reference to the connection, CONNECT_OPEN done; 0: nobody listens, nor could
 * a session's daemon be started; -1: error reported. Falls back to the read-only socket where
 * only that is allowed. */
int remoteClientOpen(remoteInstance instance, rpcClient **client);
