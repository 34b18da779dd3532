/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_dispatch_event.h: the sessions that subscribed, and an event's way to them */

#pragma once

#include "rpc/rpc_session.h"
#include "stream/stream_record.h"

typedef struct _remoteDispatchEvent remoteDispatchEvent;

remoteDispatchEvent *remoteDispatchEventNew(void);
/* After the server is freed: no session may be subscribed any more. */
void remoteDispatchEventFree(remoteDispatchEvent *events);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(remoteDispatchEvent, remoteDispatchEventFree)

/* Any thread. A session may subscribe several times, and gets each event once until it
 * has unsubscribed as often, or ended. */
void remoteDispatchEventSubscribe(remoteDispatchEvent *events, rpcSession *session);
/* 0, or -1 after reporting if it was not subscribed. */
int remoteDispatchEventUnsubscribe(remoteDispatchEvent *events, rpcSession *session);

/* A streamEventFunc; @opaque is the remoteDispatchEvent. Sends the event to every session
 * that is subscribed. */
void remoteDispatchEventSend(int event, const streamRecord *entry, void *opaque);
