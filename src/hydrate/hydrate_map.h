/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hydrate_map.h: which ranges of a disk are still to be copied, found window by window
 *
 *        copied     ranges to hand out      windows asked for     not asked yet
 *   |-------------|--##---####--##--------|....................|----------------| size
 *
 * Neighbours become one range, and the map runs ahead of the copying as far as it has room for
 * ranges: it soon knows the whole of most disks, and holds little of any. Data is handed out
 * first; what reads as zeroes costs most and gives least. Pure: who uses it asks QEMU.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct _hydrateMap hydrateMap;

/* @deepest: the lowest layer to copy from; the disk's own image is 1, what is nowhere 0 */
hydrateMap *hydrateMapNew(guint64 size, guint32 deepest);

/* Of what lies at @begin and beyond it, the end of the image below, and not in the disk's own: all
 * of it zeroes. */
hydrateMap *hydrateMapNewTail(guint64 size, guint64 begin);

void hydrateMapFree(hydrateMap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hydrateMap, hydrateMapFree)

/* The next window to ask QEMU about; false if enough is known, or asked for, for now. */
bool hydrateMapNextWindow(hydrateMap *self, guint64 *offset, guint64 *len);

/* One extent of an answer, in the order of offsets within a window. */
void hydrateMapAdd(hydrateMap *self, guint64 offset, guint64 len, guint32 depth, bool zero);

/* The answer to a window is over; it told of @covered bytes of it. */
void hydrateMapWindowDone(hydrateMap *self, guint64 offset, guint64 len, guint64 covered);

/* The block job has passed over all before @position: that need not be copied any more.
 * Returns how many bytes of it were known and not handed out. */
guint64 hydrateMapPass(hydrateMap *self, guint64 position);

/* The next range to copy, at most @max bytes if it is data, some times more if it is zeroes;
 * false if none is known now. */
bool hydrateMapNextRange(hydrateMap *self, guint64 max, guint64 *offset, guint64 *len);

/* As many zeroes as there are in one piece, but @max bytes at most; false if it is not their turn. */
bool hydrateMapNextZeroes(hydrateMap *self, guint64 max, guint64 *offset, guint64 *len);

/* Whether hydrateMapNextRange() would hand out the last range of all. */
bool hydrateMapIsLast(hydrateMap *self, guint64 max);

/* Nothing more will come: all was asked, answered and handed out. */
bool hydrateMapIsDone(const hydrateMap *self);

/* Bytes that are not handed out yet. As long as not all of the disk is told of, the rest of it is
 * guessed to be like what is, and *@exact is false. What the guest writes meanwhile counts until
 * it is handed out. */
guint64 hydrateMapLeft(const hydrateMap *self, bool *exact);
