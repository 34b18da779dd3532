/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake.c: all of it, set up and taken down */

#include "fake.h"

void
fakeSetUp(void)
{
    fakeTimeSetUp();
    fakeCallSetUp();
    fakeGuestSetUp();
    fakeNbdServerSetUp();
    fakeEventSetUp();
    fakeConnectionSetUp();
}

void
fakeTearDown(void)
{
    fakeNbdServerTearDown();
    fakeGuestTearDown();
    fakeCallTearDown();
    fakeTimeTearDown();
}
