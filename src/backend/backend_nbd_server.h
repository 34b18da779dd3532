/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_nbd_server.h: the NBD server of one QEMU
 *
 * All exports of a guest share it; the first starts it, the last stops it. It listens on a socket
 * that is handed to it, in a directory that nobody else can enter. Somebody else's server is left
 * alone: then nothing is exported.
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

/* The UUIDs of the guests in which an earlier connection, or an earlier daemon, had to leave a
 * server of ours: its socket is still in @dir. */
GStrv backendNbdServerListLeft(const char *dir);

/* Takes such a server away, unless somebody uses it by now. @dom NULL: the guest is no more. */
void backendNbdServerRemoveLeft(backendNbdServer *self, virDomainPtr dom);

/* One more user of the server, which is started if it is the first; -1 on error. */
int backendNbdServerAcquire(backendNbdServer *self, virDomainPtr dom);

/* One user less; the last stops it, which takes all exports away. If libvirt cannot be reached the
 * server stays, to be removed later. Returns whether it was the last. */
bool backendNbdServerRelease(backendNbdServer *self, virDomainPtr dom);

/* A new socket connected to the server, or -1. */
int backendNbdServerConnect(const backendNbdServer *self);
