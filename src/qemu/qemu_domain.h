/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_domain.h: the streams of one domain, of which one at a time has the turn
 *
 * One for each disk: the active one, or else the last that ended. Protected by the lock of the
 * table (qemu_streams.h) that it is in.
 */

#pragma once

#include "qemu/qemu_stream.h"

typedef struct _qemuDomain qemuDomain;

/* What the streams of all domains have in common; as qemuStreamsNew() has it */
typedef struct _qemuDomainConfig qemuDomainConfig;
struct _qemuDomainConfig {
    void *publisher;
    bool turns;
    const char *unhydratable;
};

/* @config outlives it. */
qemuDomain *qemuDomainNew(const qemuDomainConfig *config);
void qemuDomainFree(qemuDomain *self);

/* By target or path, active or ended; NULL if there is none. No reference. */
qemuStream *qemuDomainFind(const qemuDomain *self, const char *disk);

/* Adds references to the active ones to @list, oldest first. */
void qemuDomainListActive(const qemuDomain *self, GPtrArray *list);

/* A new stream, in the place of the one of its disk that ended, and with the turn if that is free;
 * NULL if the disk has an active one. No reference. @dom: the domain itself */
qemuStream *qemuDomainAdd(qemuDomain *self, virDomainPtr dom, const domainDisk *disk);

/* Of a stream of its that is STARTING: takes it back, and passes the turn. */
void qemuDomainRefuse(qemuDomain *self, qemuStream *stream);

/* Of an active stream of its: one second more, which the others may wait for. */
void qemuDomainTick(qemuDomain *self, qemuStream *stream, gint64 now);

/* Of an active stream of its: as qemuStreamsEnd() */
void qemuDomainEnd(qemuDomain *self, qemuStream *stream, virDomainStreamDiskStateType state,
                   const char *reason, bool echo);

/* As qemuStreamsPolicyWanted() and qemuStreamsPolicyKept() */
bool qemuDomainPolicyWanted(qemuDomain *self, char **policy);
void qemuDomainPolicyKept(qemuDomain *self, const char *policy, bool success);

/* As qemuStreamsForgetEchoes() */
void qemuDomainForgetEchoes(qemuDomain *self);

/* The guest runs no more: drops what ended. Returns whether something is left all the same. */
bool qemuDomainForgetEnded(qemuDomain *self);
