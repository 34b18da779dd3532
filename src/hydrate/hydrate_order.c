/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_order.c: the walk over the map */

#include "hydrate/hydrate_order.h"

static bool
hydrateOrderWalkWindow(void *state, hydrateMap *map, guint64 *offset, guint64 *len)
{
    return hydrateMapNextWindow(map, offset, len);
}

static bool
hydrateOrderWalkRange(void *state, hydrateMap *map, guint64 max, guint64 *offset, guint64 *len)
{
    return hydrateMapNextRange(map, max, offset, len);
}

hydrateOrder
hydrateOrderWalk(void)
{
    return (hydrateOrder) {
        .nextWindow = hydrateOrderWalkWindow,
        .nextRange = hydrateOrderWalkRange,
    };
}
