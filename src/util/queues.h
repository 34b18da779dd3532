/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * queues.h: threads that do what they are handed, for many keys at once
 *
 * What has the same key is done in the order in which it was handed over, one thing at a time;
 * what has another key does not wait for it, but for sixteen other keys at most.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct _queues queues;

queues *queuesNew(void);

/* Lets what runs finish; what waits is not run any more, and destroyed. Not to be called from
 * what is run, nor with a lock held that this may want. */
void queuesStop(queues *self);

/* Stops them, if that is still to be done, and frees them; NULL is accepted. */
void queuesFree(queues *self);

/* Runs @func once after all else that has this @key, which is copied; @destroy in any case. After
 * queuesStop only @destroy is called. */
void queuesPush(queues *self, const char *key, void (*func)(void *data), void *data,
                GDestroyNotify destroy);

/* Whether something with this @key runs or waits. */
bool queuesIsBusy(queues *self, const char *key);

/* Waits until nothing runs or waits, but not longer than @until (µs, monotonic). */
void queuesDrain(queues *self, gint64 until);
