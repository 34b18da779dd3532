/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_extents.c: two lists of extents, laid over each other */

#include "hydrate/hydrate_extents.h"

#define HYDRATE_EXTENTS_ZERO 2 /* NBD_STATE_ZERO of the protocol */

struct _hydrateExtents {
    guint64 offset;
    guint64 len;
    GArray *depths; /* of guint32: length, depth, length, ... */
    GArray *states; /* of guint32: length, flags, ... */
};

/* A place in one of the lists */
typedef struct _hydrateExtentsWalk hydrateExtentsWalk;
struct _hydrateExtentsWalk {
    const GArray *list;
    guint next;
    guint32 value;
    guint64 left; /* bytes that have it */
};

hydrateExtents *
hydrateExtentsNew(guint64 offset, guint64 len)
{
    hydrateExtents *self = g_new(hydrateExtents, 1);

    *self = (hydrateExtents) {
        .offset = offset,
        .len = len,
        .depths = g_array_new(FALSE, FALSE, sizeof(guint32)),
        .states = g_array_new(FALSE, FALSE, sizeof(guint32)),
    };
    return self;
}

void
hydrateExtentsFree(hydrateExtents *self)
{
    if (!self)
        return;
    g_array_unref(self->depths);
    g_array_unref(self->states);
    g_free(self);
}

void
hydrateExtentsAddDepths(hydrateExtents *self, const guint32 *numbers, gsize count)
{
    g_array_append_vals(self->depths, numbers, (guint) count);
}

void
hydrateExtentsAddStates(hydrateExtents *self, const guint32 *numbers, gsize count)
{
    g_array_append_vals(self->states, numbers, (guint) count);
}

/* False at the end of the list, or if its next extent is of nothing. */
static bool
hydrateExtentsStep(hydrateExtentsWalk *walk)
{
    if (walk->left == 0 && walk->next + 1 < walk->list->len) {
        walk->left = g_array_index(walk->list, guint32, walk->next);
        walk->value = g_array_index(walk->list, guint32, walk->next + 1);
        walk->next += 2;
    }
    return walk->left > 0;
}

guint64
hydrateExtentsFill(const hydrateExtents *self, hydrateMap *map)
{
    hydrateExtentsWalk depth = { .list = self->depths };
    hydrateExtentsWalk state = { .list = self->states };
    guint64 covered = 0;

    while (covered < self->len && hydrateExtentsStep(&depth) && hydrateExtentsStep(&state)) {
        guint64 len = MIN(MIN(depth.left, state.left), self->len - covered);

        hydrateMapAdd(map, self->offset + covered, len, depth.value,
                      state.value & HYDRATE_EXTENTS_ZERO);
        covered += len;
        depth.left -= len;
        state.left -= len;
    }
    hydrateMapWindowDone(map, self->offset, self->len, covered);
    return covered;
}
