/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hydrate_order.h: what next?
 *
 *   worker ──► order ──► map
 *
 * The map knows what is left of a disk, the order chooses what of it comes first.
 */

#pragma once

#include "hydrate/hydrate_map.h"

typedef struct _hydrateOrder hydrateOrder;
struct _hydrateOrder {
    /* What to ask QEMU about, and what to copy, of @map; as hydrateMapNextWindow() and
     * hydrateMapNextRange() */
    bool (*nextWindow)(void *state, hydrateMap *map, guint64 *offset, guint64 *len);
    bool (*nextRange)(void *state, hydrateMap *map, guint64 max, guint64 *offset, guint64 *len);
    void *state; /* not copied */
};

/* As the map has it: by offset, and what reads as zeroes last */
hydrateOrder hydrateOrderWalk(void);
