/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_reconcile.h: brings the streams in line with libvirt, by asking
 *
 * Every function here makes calls that wait for libvirtd: not under a guest's lock.
 */

#pragma once

#include "qemu/qemu_streams.h"

/* The disks of a running domain; NULL and an error if it does not run. */
GPtrArray *qemuReconcileGetDisks(virDomainPtr dom);

/* Discovers every pull of @guest that has no stream yet. @announce: publish STARTED. *@suspended:
 * the disk for whose stream the guest is said to be suspended still, to be freed, or NULL; NULL:
 * that is not asked. */
int qemuReconcileDiscover(qemuGuest *guest, bool announce, char **suspended);
/* Of every running domain of @conn, one after the other. */
int qemuReconcileDiscoverAll(qemuGuestTable *table, virConnectPtr conn);

/* Asks how far a stream is. 1: noted; 0: libvirt knows no job; -1: error. @tick: the one of every
 * second, which counts for the rate and publishes PROGRESS. */
int qemuReconcileSample(qemuStream *stream, bool tick);

/* A job is gone: what the chain looks like now decides whether it completed; if not, the
 * stream ended as @otherwise, by @reason. @staleEnd as in qemuStreamsEnd(). While libvirt
 * cannot be asked, the stream stays as it is. */
void qemuReconcileDetermineEnd(qemuStream *stream, virDomainStreamDiskStateType otherwise,
                               const char *reason, bool staleEnd);

/* The job has completed: flushes the disk, and then ends the stream as COMPLETED. If it cannot be
 * flushed, the stream stays as it is: the next try, or the guest's own end, decides. */
void qemuReconcileComplete(qemuStream *stream, bool staleEnd);

/* The same of a job that did not. */
void qemuReconcileEnd(qemuStream *stream, virDomainStreamDiskStateType state, const char *reason,
                      bool staleEnd);

/* From now on the guest's domain is the one on @conn; if it is gone its streams end. */
void qemuReconcileMove(qemuGuest *guest, virConnectPtr conn);
