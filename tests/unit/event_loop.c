/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_loop.c: runs it with a timer that ends it */

#include "event_loop.h"

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

void
eventLoopRegister(void)
{
    static bool registered;

    if (!registered)
        g_assert_cmpint(virEventRegisterDefaultImpl(), ==, 0);
    registered = true;
}

static void
eventLoopTick(int timer, void *opaque)
{
    bool *done = opaque;

    *done = true;
}

/* Twice: what became ready together with the first timer is done by the second. */
void
eventLoopRun(void)
{
    for (int i = 0; i < 2; i++) {
        bool done = false;
        int timer = virEventAddTimeout(1, eventLoopTick, &done, NULL);

        while (!done)
            g_assert_cmpint(virEventRunDefaultImpl(), ==, 0);
        virEventRemoveTimeout(timer);
    }
}
