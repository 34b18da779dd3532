/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remote_lock.h: the right to start a virtstreamd, or to end it because nobody needs it
 *
 * Who holds it knows that no daemon comes or leaves by itself meanwhile: of many first callers
 * one starts the daemon and the others find it, and an idle daemon does not leave while somebody
 * is about to use it. It is a lock on the directory of the sockets, and goes with its holder.
 */

#pragma once

#include <glib.h>

/* A descriptor for remoteLockRelease(); -1 with errno set, EWOULDBLOCK if another process or
 * thread holds the lock and @wait is FALSE. */
int remoteLockTake(gboolean session, gboolean wait);
void remoteLockRelease(int fd);
