/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_export.h: a disk's active node, exported read-only by QEMU's own NBD server */

#pragma once

#include "qemu/qemu_exports.h"

typedef struct _qemuExport qemuExport;

/* Exports the disk; NULL on error. */
qemuExport *qemuExportNew(qemuExports *exports, virDomainPtr dom, const char *target,
                          const char *alias);

/* A new connected socket, or -1. */
int qemuExportConnect(qemuExport *self);

const char *qemuExportGetName(const qemuExport *self);

/* Takes it away at once, with all its connections, and frees it; NULL is accepted. */
void qemuExportFree(qemuExport *self);
