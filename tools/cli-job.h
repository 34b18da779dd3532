/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-job.h: waits for the end of one block job of libvirt, as virsh does
 *
 * libvirt's events of the job tell its end; how far it is, is asked once a second. Why it
 * failed only the stream of the disk can tell.
 */

#pragma once

#include <stdbool.h>

#include "cli-client.h"

typedef struct _cliJob cliJob;

/* Before the job is started, so that a fast end is not missed, and after cliLoopInit().
 * @dom and @disk stay the caller's, for as long. @timeout is in seconds, 0 for none. NULL
 * with libvirt's error. */
cliJob *cliJobNew(cliClient *client, virDomainPtr dom, const char *disk, int timeout);
void cliJobFree(cliJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cliJob, cliJobFree)

/* Once it is started: returns the virConnectDomainEventBlockJobStatus with which it has
 * ended, having aborted it when interrupted or out of time, with @flags
 * (virDomainBlockJobAbortFlags). With @label progress is shown, and the job is called so.
 * -1 with libvirt's error, the user having been told what failed. */
int cliJobWait(cliJob *job, const char *label, unsigned int flags);

/* Why the job has failed, if that becomes known: the caller's to free, or NULL. */
char *cliJobGetReason(cliJob *job);
