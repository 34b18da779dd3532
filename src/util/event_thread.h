/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * event_thread.h: a thread that does what it is handed, one thing at a time
 *
 * Its own GMainContext is the thread's default, so that GLib sources made in it stay in it.
 */

#pragma once

#include <glib.h>

typedef struct _eventThread eventThread;

eventThread *eventThreadNew(const char *name);

/* Lets what runs finish and ends the thread; what waits is not run any more, and freed with
 * the loop. Not to be called from the thread itself, nor with a lock held that something in
 * it may want. */
void eventThreadStop(eventThread *self);

/* Stops it, if that is still to be done, and frees it; NULL is accepted. */
void eventThreadFree(eventThread *self);

/* Runs @func once in the thread, in the order of the calls; @destroy in any case. After
 * eventThreadStop only @destroy is called. */
void eventThreadInvoke(eventThread *self, GSourceFunc func, void *data, GDestroyNotify destroy);

/* Runs @func in the thread after @ms, and again as long as it returns G_SOURCE_CONTINUE.
 * The caller destroys and unrefs the source when it ends the wait. */
GSource *eventThreadAddTimer(eventThread *self, guint ms, GSourceFunc func, void *data);
