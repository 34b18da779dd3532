/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_loop.h: libvirt's own event loop, in the test's thread */

#pragma once

/* Before a connection is opened; again, it does nothing. */
void eventLoopRegister(void);

/* Lets the loop do all that there is to do. */
void eventLoopRun(void);
