/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remote_instance.h: the virtstreamd's that there may be, and the right to start or end one
 *
 * Who holds the lock of one knows that it does not come or leave by itself meanwhile: of many first
 * callers one starts it and the others find it, and an idle one does not leave while somebody is
 * about to use it. It is a lock on the directory of the sockets, and goes with its holder.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    REMOTE_INSTANCE_SYSTEM,
    REMOTE_INSTANCE_SESSION, /* this user's; root's is the system's */
    REMOTE_INSTANCE_LAST
} remoteInstance;

/* Where it listens; the same for daemon and clients. */
char *remoteInstanceGetSocket(remoteInstance self, bool readonly);

/* Who may enter the directory of its sockets */
int remoteInstanceGetDirMode(remoteInstance self);

/* A descriptor for remoteInstanceUnlock(); -1 with errno set, EWOULDBLOCK if another process or
 * thread holds the lock and @wait is false. */
int remoteInstanceLock(remoteInstance self, bool wait);
void remoteInstanceUnlock(int fd);
