/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_turn.c: the choice and the speeds */

#include "qemu/qemu_turn.h"

unsigned long long
qemuTurnSpeed(bool held, unsigned long long limit)
{
    if (!held)
        return limit;
    return limit > 0 ? MIN(limit, QEMU_TURN_HELD_SPEED) : QEMU_TURN_HELD_SPEED;
}

qemuStream *
qemuTurnNext(GPtrArray *streams)
{
    qemuStream *next = NULL;

    for (guint i = 0; i < streams->len; i++) {
        qemuStream *stream = g_ptr_array_index(streams, i);

        if (!stream->held)
            return NULL;
        if (!next || streamProgressLeft(&stream->progress) < streamProgressLeft(&next->progress))
            next = stream;
    }
    return next;
}
