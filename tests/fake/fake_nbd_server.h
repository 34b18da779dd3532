/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_nbd_server.h: servers that an earlier daemon had to leave in their guests */

#pragma once

void fakeNbdServerSetUp(void);
void fakeNbdServerTearDown(void);

/* One of the guest with this UUID */
void fakeNbdServerLeave(const char *uuid);
