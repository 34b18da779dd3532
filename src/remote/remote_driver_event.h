/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_driver_event.h: from virtstreamd's event messages to stream/stream_event.h */

#pragma once

#include "rpc/rpc_client.h"

/* An rpcClientConfig's message(): publishes the event, with @client as its driver's priv. */
void remoteDriverEventMessage(rpcClient *client, const rpcMessage *msg);
