/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_qmp.h: what is said to QEMU in QMP, and what it says
 *
 * Pure: JSON text from and to structures. No other file of the driver knows json-c.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    BACKEND_QMP_JOB_RUNNING, /* a pull began */
    BACKEND_QMP_JOB_ERROR,   /* why a pull is about to end */
    BACKEND_QMP_JOB_ENDING,  /* a pull is through, or aborted */
} backendQmpEventType;

typedef struct _backendQmpEvent backendQmpEvent;
struct _backendQmpEvent {
    backendQmpEventType type;
    char *target; /* of the disk that the job pulls, "vda" */
    char *error;  /* QEMU's words; only for JOB_ERROR */
};

/* The events that can say something about a pull, as a POSIX regular expression. */
#define BACKEND_QMP_EVENTS "^(JOB_STATUS_CHANGE|BLOCK_JOB_COMPLETED)$"

/* NULL if the event tells nothing of libvirt's jobs, or is malformed. */
backendQmpEvent *backendQmpEventParse(const char *name, const char *details);
void backendQmpEventFree(backendQmpEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(backendQmpEvent, backendQmpEventFree)

/* Commands, as text to be freed */
char *backendQmpGetfd(const char *fdname);
char *backendQmpClosefd(const char *fdname);
char *backendQmpNbdServerStart(const char *fdname);
char *backendQmpNbdServerStop(void);
/* A read-only NBD export with the map of depths */
char *backendQmpExportAdd(const char *id, const char *node);
/* At once, whoever is connected */
char *backendQmpExportDel(const char *id);
char *backendQmpQueryBlock(void);
/* Which node stands on which, and which ones each job holds */
char *backendQmpQueryBlockGraph(void);
char *backendQmpQueryBlockExports(void);
char *backendQmpQueryBlockJobs(void);
char *backendQmpQueryVersion(void);
char *backendQmpJobPause(const char *id);
char *backendQmpJobResume(const char *id);
/* On the disk of the guest's device, by its path in QEMU: "flush", or "write -z OFFSET LENGTH" */
char *backendQmpQemuIo(const char *qdev, const char *command);

/* Why the command was refused, NULL if it was not; a reply that is none is a refusal too. */
char *backendQmpReplyError(const char *reply);

/* Of the graph: the node that libvirt's pull of the disk copies into, below any filter of the
 * guest's device; NULL if there is no such pull. *deepest: the lowest layer that it copies from,
 * that node being 1, as an export of the node counts them; 0 if QEMU's words are not understood. */
char *backendQmpReplyPullNode(const char *reply, const char *target, guint32 *deepest);

/* Of query-block: the image on which the guest's device with this alias works. False if there is
 * none. */
typedef struct _backendQmpImage backendQmpImage;
struct _backendQmpImage {
    char *qdev;        /* the device's path in QEMU */
    guint64 size;      /* that the guest sees, in bytes */
    guint64 backing;   /* the same of the image below; 0: there is none, or it is not known */
    bool extendedL2;   /* it is known to be a qcow2 image with extended L2 entries */
    bool writesZeroes; /* it is known to be a qcow2 image that has no zero clusters */
};
void backendQmpImageClear(backendQmpImage *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(backendQmpImage, backendQmpImageClear)

bool backendQmpReplyImage(const char *reply, const char *alias, backendQmpImage *image);

/* Of query-block-jobs: the id of libvirt's pull of the disk, or NULL. */
char *backendQmpReplyPullId(const char *reply, const char *target);

/* Of query-version: "7.2.22", or NULL. */
char *backendQmpReplyVersion(const char *reply);

/* Of the human monitor: what it complains of, or NULL. */
char *backendQmpReplyComplaint(const char *reply);

/* Of query-block-exports: all ids, or NULL. */
char **backendQmpReplyExports(const char *reply);
