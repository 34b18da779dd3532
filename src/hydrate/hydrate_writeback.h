/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hydrate_writeback.h: has the host's kernel write an image down, little and often
 *
 * When QEMU flushes an image it holds its lock until everything is written, and the guest waits.
 * What was written before, from here, QEMU need not wait for. One thread each.
 */

#pragma once

#include <glib.h>

typedef struct _hydrateWriteback hydrateWriteback;

/* NULL if @path is NULL, is no regular file, or may not be opened here: then QEMU does all. */
hydrateWriteback *hydrateWritebackNew(const char *path);

/* Something was written to the image. NULL is accepted. */
void hydrateWritebackNote(hydrateWriteback *self);

/* Does not wait, not even for storage that hangs; NULL is accepted. */
void hydrateWritebackFree(hydrateWriteback *self);
