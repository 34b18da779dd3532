/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_space.h: whether the file system of an image has room for what is copied into it */

#pragma once

#include <glib.h>

/* 0 if there is room for @bytes more, and for what the guest may still want to write; else -1, and
 * an error. Nothing is known, and so 0, of an image that is no file here: @image may be NULL. */
int hydrateSpaceCheck(const char *image, guint64 bytes);
