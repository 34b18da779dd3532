/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_map.h: which ranges of a disk are still to be copied, found window by window
 *
 *        copied     ranges to hand out      windows asked for     not asked yet
 *   |-------------|--##---####--##--------|....................|----------------| size
 *
 * Only what lies a little ahead of the work is held, so the size of the disk does not matter.
 * The disk is walked twice: for data, and then for what reads as zeroes, which costs most and
 * gives least. Pure: who uses it asks QEMU.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct _qemuMap qemuMap;

/* @deepest: the lowest layer to copy from; the disk's own image is 1, what is nowhere 0 */
qemuMap *qemuMapNew(guint64 size, guint32 deepest);
void qemuMapFree(qemuMap *self);

/* The next window to ask QEMU about; false if enough is known, or asked for, for now. */
bool qemuMapNextWindow(qemuMap *self, guint64 *offset, guint64 *len);

/* One extent of an answer, in the order of offsets within a window. */
void qemuMapAdd(qemuMap *self, guint64 offset, guint64 len, guint32 depth, bool zero);

/* The answer to a window is over; it told of @covered bytes of it. */
void qemuMapWindowDone(qemuMap *self, guint64 offset, guint64 len, guint64 covered);

/* The next range to copy, at most @max bytes if it is data; false if none is known now. */
bool qemuMapNextRange(qemuMap *self, guint64 max, guint64 *offset, guint64 *len);

/* Nothing more will come: all was asked, answered and handed out. */
bool qemuMapIsDone(const qemuMap *self);

/* Bytes that were found, of the present walk, and not handed out yet */
guint64 qemuMapKnown(const qemuMap *self);
