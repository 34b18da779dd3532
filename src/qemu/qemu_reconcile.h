/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_reconcile.h: brings the table of streams in line with libvirt, by asking
 *
 * Every function here makes calls that wait for libvirtd.
 */

#pragma once

#include "qemu/qemu_streams.h"

/* Does not wait for QEMU; an error if the domain does not run. */
int qemuReconcileCheckRunning(virDomainPtr dom);

/* The disks of a running domain; NULL and an error if it does not run. */
GPtrArray *qemuReconcileGetDisks(virDomainPtr dom);

/* The running domains of @conn, as references; NULL on error. */
GPtrArray *qemuReconcileListDomains(virConnectPtr conn);

/* Takes up every pull of @dom that the table does not know. @announce: publish STARTED.
 * *@suspended: the disk for whose stream the guest is said to be suspended still, to be freed, or
 * NULL; NULL: that is not asked. */
int qemuReconcileAdopt(qemuStreams *streams, virDomainPtr dom, bool announce, char **suspended);
/* Of every running domain of @conn, one after the other. */
int qemuReconcileAdoptAll(qemuStreams *streams, virConnectPtr conn);

/* Asks how far a stream is. 1: noted; 0: libvirt knows no job; -1: error. @tick: the
 * measurement of every second. */
int qemuReconcileSample(qemuStreams *streams, qemuStream *stream, bool tick);

/* A job is gone: what the chain looks like now decides whether it completed; if not, the
 * stream ended as @otherwise, by @reason. @echo as in qemuStreamsEnd(). While libvirt
 * cannot be asked, the stream stays as it is. */
void qemuReconcileResolve(qemuStreams *streams, qemuStream *stream,
                          virDomainStreamDiskStateType otherwise, const char *reason, bool echo);

/* The job has completed: flushes the disk, and then ends the stream as COMPLETED. If it cannot be
 * flushed, the stream stays as it is: the next try, or the guest's own end, decides. @echo as in
 * qemuStreamsEnd() */
void qemuReconcileComplete(qemuStreams *streams, qemuStream *stream, bool echo);

/* From now on the stream's domain is the one on @conn; one that is gone ends the stream. */
void qemuReconcileMove(qemuStreams *streams, qemuStream *stream, virConnectPtr conn);

/* Gives every job of @dom the speed that it should have, pauses it or lets it go on, and keeps in the domain's metadata what
 * the jobs do not tell of their settings; -1 with the last error. */
int qemuReconcileSpeeds(qemuStreams *streams, virDomainPtr dom);
/* Only the latter */
int qemuReconcilePolicy(qemuStreams *streams, virDomainPtr dom);
