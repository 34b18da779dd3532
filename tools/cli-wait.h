/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-wait.h: waits for the end of one stream, and tells it
 *
 * The stream's events are the normal way to learn of the end. Its statistics are asked
 * whenever there was no event for a second, and libvirt's own block job event stands in
 * for the result, so that the end is noticed even if virtstreamd dies meanwhile.
 */

#pragma once

#include <stdbool.h>

#include "cli-client.h"

typedef struct _cliWait cliWait;

/* Before the stream is started, so that a fast end is not missed, and after
 * cliLoopInit(). @dom is referenced. With @verbose progress is shown; @timeout is in
 * seconds, 0 for none. NULL if the user was told of an error. */
cliWait *cliWaitNew(cliClient *client, virDomainPtr dom, const char *disk, bool verbose,
                    int timeout);
void cliWaitFree(cliWait *wait);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cliWait, cliWaitFree)

/* Once it is started: returns when it has ended, stopping it when interrupted or out of
 * time; with @detach an interrupt leaves it going. The user is told how it went. */
cliExit cliWaitRun(cliWait *wait, bool detach);
