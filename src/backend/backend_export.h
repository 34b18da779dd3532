/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_export.h: the node that a pull copies into, exported by QEMU's own NBD server */

#pragma once

#include <glib.h>

#include "backend/backend_nbd_server.h"

typedef struct _backendExport backendExport;

/* Exports the disk, read-only; NULL on error, which it is if no pull runs on it,
 * or QEMU does not tell what the pull copies. */
backendExport *backendExportNew(backendNbdServer *server, virDomainPtr dom, const char *target);

/* The lowest layer that the pull copies from; the exported node is 1 */
guint32 backendExportGetDeepest(const backendExport *self);

/* A new connected socket, or -1. */
int backendExportConnect(backendExport *self);

const char *backendExportGetName(const backendExport *self);

/* Takes it away at once, with all its connections, and frees it; NULL is accepted. */
void backendExportFree(backendExport *self);
