/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_connection.h: the daemon's connection to libvirtd, which comes and goes when the test says so */

#pragma once

#include <stdbool.h>

void fakeConnectionSetUp(void);

/* The next daemon finds no libvirtd. */
void fakeConnectionSetAway(void);

/* libvirtd is there: 0, or what the handler returns; or it is there no more. Told in the thread that
 * connects, and waited for. */
int fakeConnectionUp(void);
void fakeConnectionDown(void);
