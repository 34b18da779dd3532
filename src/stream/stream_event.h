/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream_event.h: from a driver's event to those who listen
 *
 * Drivers publish from any thread; publishing only queues. Listeners run in the process's
 * libvirt event loop, one at a time, in the order of publishing; they may add and remove
 * listeners, themselves included.
 */

#pragma once

#include "driver.h"

typedef void (*streamEventFunc)(int event, const streamRecord *entry, void *opaque);

typedef int (*streamEventOpen)(virConnectPtr conn, driverConn *via);

/* Calls @func for every event of @via's driver, which it takes over on success, until
 * removed; @destroy is then called on @opaque, after the last @func. This is what the daemon
 * uses. Returns an id above 0, or -1 (no event loop, or the driver's error). */
int streamEventListen(driverConn *via, streamEventFunc func, void *opaque, GDestroyNotify destroy);
void streamEventUnlisten(int id);

/* The same for a public callback: holds references on @conn and @dom (NULL: all domains)
 * until deregistered, and calls @freecb then. Should @via be lost, @open finds another way. */
int streamEventRegister(driverConn *via, streamEventOpen open, virConnectPtr conn, virDomainPtr dom,
                        virConnectStreamDiskEventCallback cb, void *opaque, virFreeCallback freecb);

/* 0, or -1 with VIR_ERR_INVALID_ARG if @conn has no such callback. */
int streamEventDeregister(virConnectPtr conn, int callbackID);

/* Queues one event for those who listen via @priv. Takes over @entry. */
void streamEventPublish(void *priv, int event, streamRecord *entry);

/* No event will come via @priv any more: its public callbacks are served another way, once
 * the events that are queued are delivered. What happens in between, they do not hear of. */
void streamEventLost(void *priv);
