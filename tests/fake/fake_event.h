/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_event.h: what libvirt and QEMU are said to tell
 *
 * To all who listen, as backend_event.h has it: the end that comes at once in the caller's thread, the
 * others in the guest's queue.
 */

#pragma once

#include "fake_disk.h"

void fakeEventSetUp(void);

/* QEMU's own events do not come. Before anybody listens */
void fakeEventSetNoMonitor(void);

void fakeEventJobRunning(fakeDisk *disk);
void fakeEventJobEnding(fakeDisk *disk);
void fakeEventJobError(fakeDisk *disk, const char *error);
/* A virConnectDomainEventBlockJobStatus; ENDING comes first */
void fakeEventJobEnded(fakeDisk *disk, int status);
/* A virDomainEventStoppedDetailType */
void fakeEventGuestStopped(fakeGuest *guest, int detail);
void fakeEventDiskRemoved(fakeDisk *disk);
void fakeEventDisksTuned(fakeGuest *guest);
