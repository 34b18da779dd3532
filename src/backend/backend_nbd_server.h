/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_nbd_server.h: the NBD server of one QEMU
 *
 * All exports of a guest share it; the first starts it, the last stops it. It listens on a socket
 * that is handed to it, in a directory that nobody else can enter. Somebody else's server is left
 * alone: then nothing is exported.
 *
 * The directory tells what QEMUs have of ours: the socket is there before QEMU gets it, and its
 * name goes when nobody listens on it any more, whatever QEMU or libvirtd have answered, or not.
 */

#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

/* What the ids of our exports begin with */
#define BACKEND_NBD_SERVER_PREFIX "streamdisk-"

typedef struct _backendNbdServer backendNbdServer;

/* @dir: where sockets may be; made with mode 0700 if needed. Any thread may call what is below. */
backendNbdServer *backendNbdServerNew(const char *dir, const char *uuid);
void backendNbdServerFree(backendNbdServer *self);

/* The UUIDs of the guests whose QEMU has a server of ours, or may have: sockets in @dir */
GStrv backendNbdServerListLeft(const char *dir);

/* Whether QEMU has something of ours, or may have; it does not wait. */
bool backendNbdServerIsOpen(backendNbdServer *self);

/* Takes away what nobody uses, if there is anything; to be called again while it is open. @dom
 * NULL: the guest is no more. */
void backendNbdServerRemoveLeft(backendNbdServer *self, virDomainPtr dom);

/* The server is to have an export @id, and is started if it is the first; -1 on error. */
int backendNbdServerAcquire(backendNbdServer *self, virDomainPtr dom, const char *id);

/* Takes the export away; with the last one stops the server. What QEMU does not confirm is left. */
void backendNbdServerRelease(backendNbdServer *self, virDomainPtr dom, const char *id);

/* A new socket connected to the server, or -1. */
int backendNbdServerConnect(const backendNbdServer *self);
