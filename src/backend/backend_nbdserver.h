/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_nbdserver.h: the NBD servers of a connection's guests
 *
 * A QEMU has one NBD server. All exports of a guest share it; the first starts it, the last
 * stops it. It listens on a socket that is handed to it, in a directory that nobody else can
 * enter. Somebody else's server is left alone: then nothing is exported.
 */

#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

/* What the ids of our exports begin with */
#define BACKEND_NBDSERVER_PREFIX "streamdisk-"

typedef struct _backendNbdserver backendNbdserver;
typedef struct _backendNbdserverServer backendNbdserverServer;

/* @dir: where sockets may be; made with mode 0700 if needed. Any thread may call what is below; a
 * guest that does not answer holds up only those that want its own server. */
backendNbdserver *backendNbdserverNew(const char *dir);
void backendNbdserverFree(backendNbdserver *self);

/* The UUIDs of the guests in which an earlier connection, or an earlier daemon, had to leave a
 * server of ours: its socket is still there. */
GStrv backendNbdserverListLeft(backendNbdserver *self);

/* Takes such a server away, unless somebody uses it by now. @dom NULL: the guest is no more. */
void backendNbdserverSweep(backendNbdserver *self, const char *uuid, virDomainPtr dom);

/* One more user of the guest's server, which is started if it is the first; NULL on error. */
backendNbdserverServer *backendNbdserverAcquire(backendNbdserver *self, virDomainPtr dom);

/* One user less; the last stops it, which takes all exports away. If libvirt cannot be reached the
 * server stays, to be swept. Returns whether it was the last. */
bool backendNbdserverRelease(backendNbdserverServer *server, virDomainPtr dom);

/* A new socket connected to the server, or -1. */
int backendNbdserverConnect(const backendNbdserverServer *server);
