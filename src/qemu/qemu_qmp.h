/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_qmp.h: what is said to QEMU in QMP, and what it says
 *
 * Pure: JSON text from and to structures. No other file of the driver knows json-c.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    QEMU_QMP_JOB_RUNNING, /* a pull began */
    QEMU_QMP_JOB_ERROR,   /* why a pull is about to end */
    QEMU_QMP_JOB_ENDING,  /* a pull is through, or aborted */
} qemuQmpEventType;

typedef struct _qemuQmpEvent qemuQmpEvent;
struct _qemuQmpEvent {
    qemuQmpEventType type;
    char *target; /* of the disk that the job pulls, "vda" */
    char *error;  /* QEMU's words; only for JOB_ERROR */
};

/* The events that can say something about a pull, as a POSIX regular expression. */
#define QEMU_QMP_EVENTS "^(JOB_STATUS_CHANGE|BLOCK_JOB_COMPLETED)$"

/* NULL if the event tells nothing of libvirt's jobs, or is malformed. */
qemuQmpEvent *qemuQmpEventParse(const char *name, const char *details);
void qemuQmpEventFree(qemuQmpEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuQmpEvent, qemuQmpEventFree)

/* Commands, as text to be freed */
char *qemuQmpGetfd(const char *fdname);
char *qemuQmpClosefd(const char *fdname);
char *qemuQmpNbdServerStart(const char *fdname);
char *qemuQmpNbdServerStop(void);
/* A read-only NBD export with the map of depths */
char *qemuQmpExportAdd(const char *id, const char *node);
/* At once, whoever is connected */
char *qemuQmpExportDel(const char *id);
char *qemuQmpQueryBlock(void);
/* Which node stands on which, and which ones each job holds */
char *qemuQmpQueryBlockGraph(void);
char *qemuQmpQueryBlockExports(void);
char *qemuQmpQueryBlockJobs(void);
char *qemuQmpQueryVersion(void);
char *qemuQmpJobPause(const char *id);
char *qemuQmpJobResume(const char *id);
/* On the disk of the guest's device, by its path in QEMU: "flush", or "write -z OFFSET LENGTH" */
char *qemuQmpQemuIo(const char *qdev, const char *command);

/* Why the command was refused, NULL if it was not; a reply that is none is a refusal too. */
char *qemuQmpReplyError(const char *reply);

/* Of the graph: the node that libvirt's pull of the disk copies into, below any filter of the
 * guest's device; NULL if there is no such pull. *deepest: the lowest layer that it copies from,
 * that node being 1, as an export of the node counts them; 0 if QEMU's words are not understood. */
char *qemuQmpReplyPullNode(const char *reply, const char *target, guint32 *deepest);

/* Of query-block: the image on which the guest's device with this alias works. False if there is
 * none. */
typedef struct _qemuQmpImage qemuQmpImage;
struct _qemuQmpImage {
    char *qdev;        /* the device's path in QEMU */
    guint64 size;      /* that the guest sees, in bytes */
    guint64 backing;   /* the same of the image below; 0: there is none, or it is not known */
    bool extendedL2;   /* it is known to be a qcow2 image with extended L2 entries */
    bool writesZeroes; /* it is known to be a qcow2 image that has no zero clusters */
};
void qemuQmpImageClear(qemuQmpImage *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(qemuQmpImage, qemuQmpImageClear)

bool qemuQmpReplyImage(const char *reply, const char *alias, qemuQmpImage *image);

/* Of query-block-jobs: the id of libvirt's pull of the disk, or NULL. */
char *qemuQmpReplyPullId(const char *reply, const char *target);

/* Of query-version: "7.2.22", or NULL. */
char *qemuQmpReplyVersion(const char *reply);

/* Of the human monitor: what it complains of, or NULL. */
char *qemuQmpReplyComplaint(const char *reply);

/* Of query-block-exports: all ids, or NULL. */
char **qemuQmpReplyExports(const char *reply);
