/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake.h: libvirt, QEMU and time, as src/qemu sees them, for tests that need no luck
 *
 *   fake_guest, fake_disk   what there is: guests, disks, chains, jobs
 *   fake_call               what was asked of it, in order; what is refused, and what is not answered
 *   fake_event, fake_backup what it tells
 *   fake_worker             what hydration tells
 *   fake_connection         libvirtd comes and goes
 *   fake_time               the tick of every second, and what takes longer
 *
 * If a test says nothing, all goes well: a start makes a job, an abort ends it, libvirt keeps the
 * metadata. Nothing ends, and no event comes, by itself.
 */

#pragma once

#include "fake_backup.h"
#include "fake_call.h"
#include "fake_connection.h"
#include "fake_disk.h"
#include "fake_event.h"
#include "fake_guest.h"
#include "fake_nbd_server.h"
#include "fake_time.h"
#include "fake_worker.h"

/* Around each test; what a test leaves behind is noticed. */
void fakeSetUp(void);
void fakeTearDown(void);
