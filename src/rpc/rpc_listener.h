/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_listener.h: accepts clients on one listening socket, in the default main context */

#pragma once

#include <stdbool.h>

#include "rpc/rpc_transport.h"

typedef struct _rpcListener rpcListener;

/* Takes over @transport; called in the main context. */
typedef void (*rpcListenerFunc)(rpcTransport *transport, bool readonly, void *opaque);

/* Takes over @fd, which listens. @readonly is passed on to @func. */
rpcListener *rpcListenerNew(int fd, bool readonly, rpcListenerFunc func, void *opaque);
void rpcListenerFree(rpcListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rpcListener, rpcListenerFree)
