/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_conn.h: what the driver holds of one connection to libvirt
 *
 * Three kinds of life, one object:
 *   passing    one public call in process: the streams are asked of libvirt anew
 *   following  in process while somebody listens to events: kept in line by libvirt's events
 *   resident   in the daemon: follows from the first, opens its connection itself, and lets
 *              the streams of a guest take turns
 */

#pragma once

#include "qemu/qemu_streams.h"

typedef struct _qemuConn qemuConn;

/* How the daemon's streams are, as virtstreamd.conf has it */
typedef struct _qemuConnConfig qemuConnConfig;
struct _qemuConnConfig {
    bool hydrate;           /* faster than their jobs, through QEMU's NBD server */
    bool hydrateUntried;    /* also where that has not been tried */
    guint standstill;       /* ms for which a guest may be suspended at a start */
    guint standstillOthers; /* the same, of pulls that others start */
    const char *statusDir;  /* of libvirtd's status files (backend_backup.h); constant */
};

/* The daemon's, for @uri, whose socket is in @socketDir. Connects in the background, and
 * again whenever libvirtd is back. Needs libvirt's event loop. */
qemuConn *qemuConnNewResident(const char *uri, const char *socketDir, const qemuConnConfig *config);

/* The one that follows on @conn, or else a passing one. */
qemuConn *qemuConnOpen(virConnectPtr conn);

void qemuConnUnref(qemuConn *self);

/* A reference to libvirt's connection; NULL and an error while libvirtd is away. */
virConnectPtr qemuConnGetConnect(qemuConn *self);

/* Its guests, whose streams are, in a passing one, what qemu_reconcile.h finds */
qemuGuestTable *qemuConnGetGuests(qemuConn *self);

/* In process: begins to follow, with the first that subscribes, and ends with the last. */
int qemuConnSubscribe(qemuConn *self);
void qemuConnUnsubscribe(qemuConn *self);
