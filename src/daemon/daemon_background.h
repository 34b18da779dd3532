/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon_background.h: goes on in the background while the caller's shell waits
 *
 * The parent ends when the daemon is ready, with 0, or when it gave up, with 1; what the
 * daemon says on stderr until then is seen.
 */

#pragma once

/* Before any thread is started. Returns in the child: 0, or -1 with an error, still in
 * the foreground. */
int daemonBackgroundEnter(void);

/* Lets the parent end, and leaves the terminal. Does nothing in the foreground. */
void daemonBackgroundReady(void);
