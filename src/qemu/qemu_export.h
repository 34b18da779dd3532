/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_export.h: the node that a pull copies into, exported by QEMU's own NBD server */

#pragma once

#include <glib.h>

#include "qemu/qemu_exports.h"

typedef struct _qemuExport qemuExport;

/* Exports the disk, read-only; NULL on error, which it is if no pull runs on it,
 * or QEMU does not tell what the pull copies. */
qemuExport *qemuExportNew(qemuExports *exports, virDomainPtr dom, const char *target);

/* The lowest layer that the pull copies from; the exported node is 1 */
guint32 qemuExportGetDeepest(const qemuExport *self);

/* A new connected socket, or -1. */
int qemuExportConnect(qemuExport *self);

const char *qemuExportGetName(const qemuExport *self);

/* Takes it away at once, with all its connections, and frees it; NULL is accepted. */
void qemuExportFree(qemuExport *self);
