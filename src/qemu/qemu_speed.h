/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_speed.h: the speed of a stream's job: what it should have, what it was told, and what others
 * made of it
 *
 * libvirt is told, and asked, while no lock is held: stream->speedSerial, which is odd while the
 * job is being told, says which answers are of before. Under the lock that protects the stream.
 */

#pragma once

#include "qemu/qemu_stream.h"

/* What the job should have: of a job that others started, the guest's iotune is no limit. */
unsigned long long qemuSpeedGet(const qemuStream *stream);

/* The job is found with @speed. That is its limit, since somebody set it, unless a virtstreamd
 * held the job (@turns), or paced it. */
void qemuSpeedFound(qemuStream *stream, unsigned long long speed, bool turns);

/* The job was seen with @speed by one who asked after @serial. If that is not what it was told,
 * somebody else set it, and it is the user's limit from now on. */
void qemuSpeedSeen(qemuStream *stream, unsigned long long speed, guint serial);

/* Whether the job has to be told, and what; then qemuSpeedTold() follows, also if it failed. */
bool qemuSpeedWanted(qemuStream *stream, unsigned long long *speed);
void qemuSpeedTold(qemuStream *stream, unsigned long long speed, bool success);
