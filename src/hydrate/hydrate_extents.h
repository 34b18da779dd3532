/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hydrate_extents.h: a window of the disk as QEMU's export tells of it
 *
 * It tells twice, in lists of extents that need not end at the same places. The map gets both,
 * laid over each other:
 *
 *   depths  |-----1-----|--------2--------|---0---|
 *   states  |---data--------|---zero---|---data---|
 *   map     |     1     | 2 |  2, zero | 2|   0   |
 *
 * Pure.
 */

#pragma once

#include "hydrate/hydrate_map.h"

typedef struct _hydrateExtents hydrateExtents;

hydrateExtents *hydrateExtentsNew(guint64 offset, guint64 len);
void hydrateExtentsFree(hydrateExtents *self);

/* More of an answer, as NBD has it: lengths, each with the depth, or with the flags of the state,
 * that follows it; @count: of the numbers. */
void hydrateExtentsAddDepths(hydrateExtents *self, const guint32 *numbers, gsize count);
void hydrateExtentsAddStates(hydrateExtents *self, const guint32 *numbers, gsize count);

/* Both answers are complete: the window of @map is told of as far as both reach. Returns how many
 * bytes that is. */
guint64 hydrateExtentsFill(const hydrateExtents *self, hydrateMap *map);
