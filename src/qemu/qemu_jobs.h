/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_jobs.h: has the jobs of a guest be as they should */

#pragma once

#include "qemu/qemu_streams.h"

/* Gives every job of the guest the speed that it should have, pauses it or lets it go on, and keeps
 * in the domain's metadata what the jobs do not tell of their settings. Waits for libvirtd; -1 with
 * the first error. */
int qemuJobsApply(qemuGuest *guest);

/* The job of an active stream is to be kept from its end, or not any more; applied at once. */
int qemuJobsHoldEnd(qemuStream *stream, bool held);
