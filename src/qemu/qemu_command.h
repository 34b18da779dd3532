/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_command.h: what users ask of streams: start, stop, other settings
 *
 * Errors are reported, and nothing is changed then.
 */

#pragma once

#include "qemu/qemu_conn.h"

int qemuCommandStart(qemuConn *conn, virDomainPtr dom, const char *name, const char *base,
                     bool relative, const streamSettings *settings);

int qemuCommandStop(qemuConn *conn, virDomainPtr dom, const char *name);

/* Changes what @change names. */
int qemuCommandSet(qemuConn *conn, virDomainPtr dom, const char *name,
                   const streamSettings *change);

/* The active stream of the disk that is named by target or path; NULL and an error if there
 * is no such disk or stream. Asked of libvirt if the connection is a passing one. */
qemuStream *qemuCommandFind(qemuConn *conn, virDomainPtr dom, const char *name);
