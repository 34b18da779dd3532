/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_stream.h: one stream: what is known of it, and the states it passes through
 *
 *              ┌──────────────► RUNNING ──► STOPPING
 *   STARTING ──┤                   │            │
 *              └───────────────────┴────────────┴──► COMPLETED, STOPPED or FAILED
 *
 * The job may end at any moment, also before anybody saw it run. What has ended stays so.
 */

#pragma once

#include "qemu/qemu_disk.h"
#include "qemu/qemu_hydrator.h"
#include "qemu/qemu_progress.h"
#include "stream_entry.h"

typedef struct _qemuStream qemuStream;
struct _qemuStream {
    gatomicrefcount refs;

    /* set when it is made, and constant */
    char *target;
    char *alias;
    char *source;       /* path of the top image, or NULL */
    unsigned int depth; /* images below the top one when the stream began */
    gint64 began;       /* µs, monotonic */

    /* protected by the lock of the table (qemu_streams.h) that the stream is in */
    virDomainPtr dom; /* on the newest connection */
    virDomainStreamDiskStatus state;
    char *base;               /* as the caller named it; NULL: none, or not known */
    unsigned long long limit; /* what the user allows, bytes per second; 0: all */
    unsigned long long speed; /* what the job was last told */
    guint speedSerial;        /* odd while the job is being told; one more before and after */
    bool held;                /* another disk of the guest has the turn */
    qemuProgress progress;
    char *error;         /* QEMU's reason, once it gave one */
    char *reason;        /* why it stopped or failed, once it did */
    unsigned int echoes; /* ends of jobs that are dealt with, whose events are still to come */
    unsigned int missed; /* times in a row that libvirt knew no job */
    guint32 deepest;     /* the lowest layer to copy from; 0: not known */
    bool hydrating;
    qemuHydratorFigures hydration; /* while hydrating */
    char *unhydrated;              /* why it is not, if something went wrong */
};

qemuStream *qemuStreamNew(virDomainPtr dom, const qemuDisk *disk);
qemuStream *qemuStreamRef(qemuStream *self);
void qemuStreamUnref(qemuStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuStream, qemuStreamUnref)

/* Whether the state may follow on the present one. */
bool qemuStreamMayBecome(const qemuStream *self, virDomainStreamDiskStatus state);

/* Not ended. */
bool qemuStreamIsActive(const qemuStream *self);

/* The VIR_DOMAIN_STREAM_DISK_STATS_* parameters of the present moment, as an entry. */
streamEntry *qemuStreamGetEntry(const qemuStream *self, gint64 now);
