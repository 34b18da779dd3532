/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_streams.h: the table of a connection's streams, and the lock around all that they are
 *
 * One per domain and disk: the active one, or else the last that ended, until the domain
 * ends. Events are published under the lock, so that they leave in the order of what happened.
 * Functions here make no call to libvirtd. All may be called by any thread.
 */

#pragma once

#include "qemu/qemu_stream.h"

typedef struct _qemuStreams qemuStreams;

/* @publisher: the priv that events are published with; @turns: let one stream of a domain
 * have its full speed at a time; @unhydratable: a constant, why none of them is ever hydrated;
 * NULL: they may be */
qemuStreams *qemuStreamsNew(void *publisher, bool turns, const char *unhydratable);
void qemuStreamsFree(qemuStreams *self);

/* What it was made with */
const char *qemuStreamsUnhydratable(qemuStreams *self);

/* By target or path, active or ended; NULL if there is none. No error is reported. */
qemuStream *qemuStreamsFind(qemuStreams *self, virDomainPtr dom, const char *disk);
/* The same, but only if it is active. */
qemuStream *qemuStreamsFindActive(qemuStreams *self, virDomainPtr dom, const char *disk);

/* The active streams of @dom, or of all domains if NULL, as references, oldest first. */
GPtrArray *qemuStreamsListActive(qemuStreams *self, virDomainPtr dom);

/* A new stream, STARTING, whose job is yet to be started with the speed it has; NULL if the
 * disk has an active one. @base NULL: none */
qemuStream *qemuStreamsBegin(qemuStreams *self, virDomainPtr dom, const domainDisk *disk,
                             const char *base, const streamSettings *settings);

/* The same, for a job that runs already, with speed @speed, and what was @kept of its settings.
 * @announce: publish STARTED. */
qemuStream *qemuStreamsAdopt(qemuStreams *self, virDomainPtr dom, const domainDisk *disk,
                             unsigned long long speed, const qemuStreamKept *kept, bool announce);

/* Takes back a stream that is still STARTING, because its job was refused. */
void qemuStreamsForget(qemuStreams *self, qemuStream *stream);

/* The job runs: publishes STARTED, unless it is known already. */
void qemuStreamsConfirm(qemuStreams *self, qemuStream *stream);

/* A stop was asked for, or (@stopping false) has failed. */
void qemuStreamsSetStopping(qemuStreams *self, qemuStream *stream, bool stopping);

/* The stream ended: publishes STARTED if that is owed, and the end, and passes the turn.
 * @reason: why; QEMU's own error is preferred. @echo: libvirt's event of this end is still
 * to come. Nothing if it had ended before. */
void qemuStreamsEnd(qemuStreams *self, qemuStream *stream, virDomainStreamDiskStateType state,
                    const char *reason, bool echo);

/* Whether the event of an end is the echo of one that is dealt with; uses it up. */
bool qemuStreamsTakeEcho(qemuStreams *self, virDomainPtr dom, const char *target);
/* Whether one is still to come: what is told of the disk's job before it is old. */
bool qemuStreamsAwaitsEcho(qemuStreams *self, virDomainPtr dom, const char *target);
/* None will come any more: the connection to libvirtd is new. */
void qemuStreamsForgetEchoes(qemuStreams *self);

/* QEMU told why the job is about to end. */
void qemuStreamsSetError(qemuStreams *self, qemuStream *stream, const char *error);

/* Notes a measurement; @tick: the one of every second, which counts for the rate and
 * publishes PROGRESS. @speed: the job's, as libvirt told it together
 * with the figures; if it is not the one that was set last (@serial: qemuStreamsSpeedSerial()
 * before asking), somebody else set it, and it is the user's limit from now on. */
void qemuStreamsSample(qemuStreams *self, qemuStream *stream, guint64 done, guint64 total,
                       unsigned long long speed, guint serial, bool tick);
guint qemuStreamsSpeedSerial(qemuStreams *self, qemuStream *stream);

/* For @us microseconds nothing is to be asked of the guest's QEMU that nobody waits for. */
void qemuStreamsQuieten(qemuStreams *self, qemuStream *stream, gint64 us);
bool qemuStreamsIsQuiet(qemuStreams *self, qemuStream *stream);

/* libvirt knew no job: how many times in a row by now. */
unsigned int qemuStreamsMissed(qemuStreams *self, qemuStream *stream);

/* Sets what @change names, and returns all settings of before. */
streamSettings qemuStreamsChange(qemuStreams *self, qemuStream *stream,
                                 const streamSettings *change);

/* The guest may have so much of its disk now. Hydration, and the jobs that we started, keep within
 * it; what others started is not slower for it than libvirt has it. */
void qemuStreamsTune(qemuStreams *self, qemuStream *stream, guint64 iotune);

/* Whether the job should get another speed, and which: then set it, and say so with
 * qemuStreamsSpeedSet(), also if it failed. One thread at a time is told to. */
bool qemuStreamsSpeedWanted(qemuStreams *self, qemuStream *stream, unsigned long long *speed);
void qemuStreamsSpeedSet(qemuStreams *self, qemuStream *stream, unsigned long long speed,
                         bool success);

/* The job is to be kept from its end, or not any more. Then whether it has to be told, and what:
 * tell it, and say so with qemuStreamsHoldTold(), also if it failed. One thread at a time is told
 * to. */
void qemuStreamsSetEndHeld(qemuStreams *self, qemuStream *stream, bool held);
bool qemuStreamsHoldWanted(qemuStreams *self, qemuStream *stream, bool *pause);
void qemuStreamsHoldTold(qemuStreams *self, qemuStream *stream, bool pause, bool success);
bool qemuStreamsIsJobPaused(qemuStreams *self, qemuStream *stream);

/* The guest is suspended for the stream's sake, or not any more. */
void qemuStreamsSetGuestSuspended(qemuStreams *self, qemuStream *stream, bool suspended);

/* It is, and nobody is about to resume it: who suspended it has died. */
bool qemuStreamsIsGuestLeft(qemuStreams *self, qemuStream *stream);

/* There is something beyond the end of the image below (qemu_tail.h): unless it is known to be zeroes
 * the guest reads it wrong, which is returned. */
bool qemuStreamsSetTailOpen(qemuStreams *self, qemuStream *stream);
/* It is zeroes. @late: the guest could read it wrong until now. */
void qemuStreamsSetTailFilled(qemuStreams *self, qemuStream *stream, bool late);

/* All is copied, and flushed, and the job paused: its end leaves no moment that is not safe. */
void qemuStreamsSetEndSafe(qemuStreams *self, qemuStream *stream);
/* The job has completed; and the flush that ends the stream is done, so long after. */
void qemuStreamsSetJobCompleted(qemuStreams *self, qemuStream *stream);
void qemuStreamsNoteFlushed(qemuStreams *self, qemuStream *stream, gint64 us);

/* Whether the domain's metadata should keep another policy than it does, and which, to be freed;
 * NULL: none. Then keep it, and say so with qemuStreamsPolicyKept(), also if it failed. One
 * thread at a time is told to. With the first stream of a run something is wanted always: a guest
 * that was saved may have brought a policy of streams that are no more. */
bool qemuStreamsPolicyWanted(qemuStreams *self, virDomainPtr dom, char **policy);
void qemuStreamsPolicyKept(qemuStreams *self, virDomainPtr dom, const char *policy, bool success);

/* The stream's domain, as a reference; and the same one on a new connection. */
virDomainPtr qemuStreamsGetDomain(qemuStreams *self, qemuStream *stream);
void qemuStreamsSetDomain(qemuStreams *self, qemuStream *stream, virDomainPtr dom);

bool qemuStreamsIsJobCompleted(qemuStreams *self, qemuStream *stream);
bool qemuStreamsIsActive(qemuStreams *self, qemuStream *stream);

/* As qemuStatsGetState() */
int qemuStreamsGetState(qemuStreams *self, qemuStream *stream, virDomainStreamDiskStatePtr state);

/* What a hydrator is to do. */
qemuStreamHydrationNeeds qemuStreamsGetHydrationNeeds(qemuStreams *self, qemuStream *stream);

/* As qemuStreamBeginHydration() and so on. */
void qemuStreamsBeginHydration(qemuStreams *self, qemuStream *stream, guint32 deepest);
void qemuStreamsSetHydration(qemuStreams *self, qemuStream *stream,
                             const streamHydrationStats *figures);
void qemuStreamsEndHydration(qemuStreams *self, qemuStream *stream, bool done, const char *reason);

/* The statistics of this moment. */
streamRecord *qemuStreamsGetEntry(qemuStreams *self, qemuStream *stream);

/* Drops what is remembered of a domain that runs no more. */
void qemuStreamsForgetEnded(qemuStreams *self, virDomainPtr dom);
