/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_command.h: what users ask of streams: start, stop, other settings
 *
 * Errors are reported, and nothing is changed then.
 */

#pragma once

#include "qemu/qemu_streams.h"

int qemuCommandStart(qemuGuestTable *guests, virDomainPtr dom, const char *name, const char *base,
                     bool relative, const streamSettings *settings);

int qemuCommandStop(qemuGuestTable *guests, virDomainPtr dom, const char *name);

/* Changes what @change names. */
int qemuCommandSet(qemuGuestTable *guests, virDomainPtr dom, const char *name,
                   const streamSettings *change);

/* The active stream of the disk that is named by target or path; NULL and an error if there
 * is no such disk or stream. Asked of libvirt unless events tell. */
qemuStream *qemuCommandFind(qemuGuestTable *guests, virDomainPtr dom, const char *name);
