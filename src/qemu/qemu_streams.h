/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_streams.h: the streams of a guest, of which one at a time has the turn
 *
 * One for each disk: the active one, or else the last that ended, until the guest ends. What
 * takes a guest or a stream is called under the guest's lock; what takes the table takes it. Events
 * are published under the lock, so that they leave in the order of what happened.
 */

#pragma once

#include "qemu/qemu_stream.h"

/* By target, alias or path, active or ended; NULL if there is none. No error is reported. */
qemuStream *qemuStreamsFind(qemuGuestTable *table, virDomainPtr dom, const char *disk);
/* The same, but only if it is active. */
qemuStream *qemuStreamsFindActive(qemuGuestTable *table, virDomainPtr dom, const char *disk);

/* The active streams of all guests, as references, oldest first. */
GPtrArray *qemuStreamsListAllActive(qemuGuestTable *table);

/* Drops the streams of all guests, so that nothing is left in the table. */
void qemuStreamsForgetAll(qemuGuestTable *table);

/* By target only; NULL if there is none. No reference. */
qemuStream *qemuStreamsGet(const qemuGuest *guest, const char *target);

/* The active ones, as references, oldest first. */
GPtrArray *qemuStreamsListActive(const qemuGuest *guest);
/* The same, and takes the lock. */
GPtrArray *qemuStreamsGetActive(qemuGuest *guest);

/* A new stream, STARTING, whose job is yet to be started with the speed it has; NULL if the disk
 * has an active one. @base NULL: none. */
qemuStream *qemuStreamsBegin(qemuGuest *guest, const domainDisk *disk, const char *base,
                             const streamSettings *settings);

/* The same, for a job that runs already, with speed @speed, and what was @kept of it. @announce:
 * publish STARTED. */
qemuStream *qemuStreamsDiscover(qemuGuest *guest, const domainDisk *disk, unsigned long long speed,
                                const qemuStreamKept *kept, bool announce);

/* Takes back a stream that is still STARTING, because its job was refused, and passes the turn. */
void qemuStreamsRefuse(qemuStream *stream);

/* The stream has ended: publishes STARTED if that is owed, and the end, and passes the turn.
 * @reason: why; QEMU's own error is preferred. @staleEnd: libvirt's event of this end is still to
 * come. Nothing if it had ended before. */
void qemuStreamsEnd(qemuStream *stream, virDomainStreamDiskStateType state, const char *reason,
                    bool staleEnd);

/* Notes a measurement; @tick: the one of every second, which counts for the rate and publishes
 * PROGRESS. @speed: the job's, as libvirt told it together with the figures, by one who asked after
 * @serial (qemu_speed.h). */
void qemuStreamsSample(qemuStream *stream, guint64 done, guint64 total, unsigned long long speed,
                       guint serial, bool tick);

/* No event of an end that is dealt with will come any more. */
void qemuStreamsForgetStaleEnds(qemuGuest *guest);

/* The guest runs no more: drops what ended, and what was known of its metadata. */
void qemuStreamsForgetEnded(qemuGuest *guest);
