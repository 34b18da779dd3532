/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon_idle.h: lets a daemon leave that nobody has needed for a while
 *
 * It leaves only while no caller is about to start one (remote/remote_instance.h), and holds that
 * lock until the process has ended: a daemon that is started then finds nothing of the old one.
 */

#pragma once

#include "remote/remote_instance.h"

#include <glib.h>
#include <stdbool.h>

typedef struct _daemonIdle daemonIdle;

/* Main context. Quits @loop when for @seconds there was no client and nothing happened, and
 * @busy then says no; 0: never. */
daemonIdle *daemonIdleNew(unsigned int seconds, remoteInstance instance, GMainLoop *loop,
                          bool (*busy)(void *opaque), void *opaque);
void daemonIdleFree(daemonIdle *idle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(daemonIdle, daemonIdleFree)

/* An rpcServerCallbacks.clients whose opaque is the daemonIdle. */
void daemonIdleSetClients(unsigned int nclients, void *opaque);

/* Something happened: the time begins anew. */
void daemonIdleRestart(daemonIdle *idle);
