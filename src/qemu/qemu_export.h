/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_export.h: a disk's active node, exported read-only by QEMU's own NBD server
 *
 * A QEMU has one NBD server. All exports of a guest share it; the first starts it, the last
 * stops it. It listens on a socket that is handed to it, in a directory that nobody else can
 * enter. Somebody else's server is left alone: then there is no export.
 */

#pragma once

#include <libvirt/libvirt.h>

typedef struct _qemuExports qemuExports; /* all of a connection's */
typedef struct _qemuExport qemuExport;   /* one disk's */

/* @dir: where sockets may be; made with mode 0700 if needed */
qemuExports *qemuExportsNew(const char *dir);
void qemuExportsFree(qemuExports *self);

/* Exports the disk; NULL on error. */
qemuExport *qemuExportNew(qemuExports *exports, virDomainPtr dom, const char *target,
                          const char *alias);

/* A new connected socket, or -1. */
int qemuExportConnect(qemuExport *self);

const char *qemuExportGetName(const qemuExport *self);

/* Takes it away at once, with all its connections, and frees it. */
void qemuExportFree(qemuExport *self);
