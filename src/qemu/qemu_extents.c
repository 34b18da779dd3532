/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_extents.c: two lists of extents, laid over each other */

#include "qemu/qemu_extents.h"

#define QEMU_EXTENTS_ZERO 2 /* NBD_STATE_ZERO of the protocol */

struct _qemuExtents {
    guint64 offset;
    guint64 len;
    GArray *depths; /* of guint32: length, depth, length, ... */
    GArray *states; /* of guint32: length, flags, ... */
};

/* A place in one of the lists */
typedef struct _qemuExtentsWalk qemuExtentsWalk;
struct _qemuExtentsWalk {
    const GArray *list;
    guint next;
    guint32 value;
    guint64 left; /* bytes that have it */
};

qemuExtents *
qemuExtentsNew(guint64 offset, guint64 len)
{
    qemuExtents *self = g_new(qemuExtents, 1);

    *self = (qemuExtents) {
        .offset = offset,
        .len = len,
        .depths = g_array_new(FALSE, FALSE, sizeof(guint32)),
        .states = g_array_new(FALSE, FALSE, sizeof(guint32)),
    };
    return self;
}

void
qemuExtentsFree(qemuExtents *self)
{
    if (!self)
        return;
    g_array_unref(self->depths);
    g_array_unref(self->states);
    g_free(self);
}

void
qemuExtentsAddDepths(qemuExtents *self, const guint32 *numbers, gsize count)
{
    g_array_append_vals(self->depths, numbers, (guint) count);
}

void
qemuExtentsAddStates(qemuExtents *self, const guint32 *numbers, gsize count)
{
    g_array_append_vals(self->states, numbers, (guint) count);
}

/* False at the end of the list, or if its next extent is of nothing. */
static bool
qemuExtentsStep(qemuExtentsWalk *walk)
{
    if (walk->left == 0 && walk->next + 1 < walk->list->len) {
        walk->left = g_array_index(walk->list, guint32, walk->next);
        walk->value = g_array_index(walk->list, guint32, walk->next + 1);
        walk->next += 2;
    }
    return walk->left > 0;
}

guint64
qemuExtentsFill(const qemuExtents *self, qemuMap *map)
{
    qemuExtentsWalk depth = { .list = self->depths };
    qemuExtentsWalk state = { .list = self->states };
    guint64 covered = 0;

    while (covered < self->len && qemuExtentsStep(&depth) && qemuExtentsStep(&state)) {
        guint64 len = MIN(MIN(depth.left, state.left), self->len - covered);

        qemuMapAdd(map, self->offset + covered, len, depth.value,
                   state.value & QEMU_EXTENTS_ZERO);
        covered += len;
        depth.left -= len;
        state.left -= len;
    }
    qemuMapWindowDone(map, self->offset, self->len, covered);
    return covered;
}
