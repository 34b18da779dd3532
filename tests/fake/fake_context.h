/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_context.h: runs something in the thread of a GMainContext, and waits for it */

#pragma once

#include <glib.h>

/* At once, if no thread runs the context */
void fakeContextRun(GMainContext *context, void (*func)(void *data), void *data);
