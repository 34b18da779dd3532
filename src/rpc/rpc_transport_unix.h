/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_transport_unix.h: the transport over a UNIX stream socket */

#pragma once

#include "rpc/rpc_transport.h"

/* Takes over a connected socket. */
rpcTransport *rpcTransportUnixNew(int fd);

/* NULL with errno set, and nothing reported: whether that is an error is the caller's to
 * say. Waits at most some seconds, when the listener's queue is full. */
rpcTransport *rpcTransportUnixConnect(const char *path);
