/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * task_queue.h: what is to be done for one thing, in order, by threads that many queues share
 *
 * A queue that waits holds up no other, as long as there are threads.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct _taskQueue taskQueue;
typedef struct _taskQueuePool taskQueuePool;

taskQueuePool *taskQueuePoolNew(void);

/* What waits in all queues is not run any more, and destroyed; returns when nothing runs. Not to be
 * called from a task, nor with a lock held that a task takes. What is pushed later is run. */
void taskQueuePoolCancel(taskQueuePool *self);

/* Waits until nothing runs or waits, but not longer than @until (µs, monotonic). */
void taskQueuePoolDrain(taskQueuePool *self, gint64 until);

/* Cancels, and frees; all queues were freed before. NULL is accepted. */
void taskQueuePoolFree(taskQueuePool *self);

taskQueue *taskQueueNew(taskQueuePool *pool);

/* What runs or waits goes on; NULL is accepted. */
void taskQueueFree(taskQueue *self);

/* Runs @func once after all else in the queue; @destroy in any case. */
void taskQueuePush(taskQueue *self, void (*func)(void *data), void *data, GDestroyNotify destroy);

/* Whether something in it runs or waits. */
bool taskQueueIsBusy(taskQueue *self);
