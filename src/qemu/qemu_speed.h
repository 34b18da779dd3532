/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_speed.h: the speed of a stream's job: what it should have, what it was told, and what others
 * made of it
 *
 * QEMU 7.2 crashes when jobs of one guest end together, so one at a time has the turn, and the
 * others a speed at which they do not end meanwhile, but would end if all who hold them died.
 *
 * libvirt is told, and asked, while no lock is held: stream->speedSerial, which is odd while the
 * job is being told, says which answers are of before. Under the guest's lock.
 */

#pragma once

#include "qemu/qemu_stream.h"

/* A prime just below 1 MiB/s: nobody asks for it, so that who finds a job at this speed knows that
 * it waits for its turn. */
#define QEMU_SPEED_WAITING 1048573ULL

/* Of active streams of one guest, the one to get the turn: NULL if one has it already, else the one
 * with the least left. */
qemuStream *qemuSpeedNextTurn(GPtrArray *streams);

/* What the job should have; 0: unlimited. Of a job that others started, the guest's iotune is no
 * limit. */
unsigned long long qemuSpeedGet(const qemuStream *stream);

/* The job is about to be started with the speed that it should have. */
void qemuSpeedBegin(qemuStream *stream);

/* The job is found with @speed. That is its limit, since somebody set it, unless a virtstreamd
 * had it wait for its turn, or made a plan for it. */
void qemuSpeedFound(qemuStream *stream, unsigned long long speed);

/* The job was seen with @speed by one who asked after @serial. If that is not what it was told,
 * somebody else set it, and it is the user's limit from now on. */
void qemuSpeedSeen(qemuStream *stream, unsigned long long speed, guint serial);

/* Whether the job has to be told, and what; then qemuSpeedTold() follows, also if it failed. One
 * thread at a time is told to. */
bool qemuSpeedWanted(qemuStream *stream, unsigned long long *speed);
void qemuSpeedTold(qemuStream *stream, unsigned long long speed, bool success);
