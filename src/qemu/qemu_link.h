/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_link.h: the daemon's connection to libvirtd: opened, kept alive, opened again
 *
 * All of it happens in one loop's thread, the handlers too. LIBVIRT_AUTOSTART=0 must be in
 * the environment: a session's libvirtd is waited for, not started.
 */

#pragma once

#include <libvirt/libvirt.h>

#include "util/loop.h"

typedef struct _qemuLinkHandlers qemuLinkHandlers;
struct _qemuLinkHandlers {
    /* connected; -1: this connection is no use, try again later */
    int (*up)(virConnectPtr conn, void *opaque);
    void (*down)(void *opaque);
};

typedef struct _qemuLink qemuLink;

/* Tries to connect to @uri, and goes on trying; @socketDir is where libvirtd's socket appears.
 * Returns after the first try, or a few seconds. */
qemuLink *qemuLinkNew(const char *uri, const char *socketDir, loop *where,
                      const qemuLinkHandlers *handlers, void *opaque);

/* After the loop was stopped. */
void qemuLinkFree(qemuLink *self);
