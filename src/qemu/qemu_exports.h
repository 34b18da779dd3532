/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_exports.h: the NBD servers of a connection's guests
 *
 * A QEMU has one NBD server. All exports of a guest share it; the first starts it, the last
 * stops it. It listens on a socket that is handed to it, in a directory that nobody else can
 * enter. Somebody else's server is left alone: then nothing is exported.
 */

#pragma once

#include <libvirt/libvirt.h>
#include <stdbool.h>

/* What the ids of our exports begin with */
#define QEMU_EXPORTS_PREFIX "streamdisk-"

typedef struct _qemuExports qemuExports;

/* @dir: where sockets may be; made with mode 0700 if needed */
qemuExports *qemuExportsNew(const char *dir);
void qemuExportsFree(qemuExports *self);

/* Takes servers of ours away that an earlier connection, or an earlier daemon, had to leave:
 * their sockets are still there. Nobody uses a server now. */
void qemuExportsSweep(qemuExports *self, virConnectPtr conn);

/* One more user of the guest's server, which is started if it is the first. */
int qemuExportsAcquire(qemuExports *self, virDomainPtr dom);

/* One user less; the last stops it, which takes all exports away. If libvirt cannot be reached the server stays, to be swept.
 * Returns whether it was the last. */
bool qemuExportsRelease(qemuExports *self, virDomainPtr dom);

/* A new socket connected to the guest's server, or -1. */
int qemuExportsConnect(qemuExports *self, virDomainPtr dom);
