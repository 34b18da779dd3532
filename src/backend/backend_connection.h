/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_connection.h: the daemon's connection to libvirtd: opened, kept alive, opened again
 *
 * All of it happens in one loop's thread, the handlers too. LIBVIRT_AUTOSTART=0 must be in
 * the environment: a session's libvirtd is waited for, not started.
 */

#pragma once

#include <libvirt/libvirt.h>

#include "util/event_thread.h"

typedef struct _backendConnectionHandlers backendConnectionHandlers;
struct _backendConnectionHandlers {
    /* connected; -1: this connection is no use, try again later */
    int (*up)(virConnectPtr conn, void *opaque);
    void (*down)(void *opaque);
};

typedef struct _backendConnection backendConnection;

/* Tries to connect to @uri, and goes on trying; @socketDir is where libvirtd's socket appears.
 * Returns after the first try, or a few seconds. */
backendConnection *backendConnectionNew(const char *uri, const char *socketDir, eventThread *where,
                                        const backendConnectionHandlers *handlers, void *opaque);

/* After the loop was stopped. */
void backendConnectionFree(backendConnection *self);
