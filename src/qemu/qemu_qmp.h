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

/* NULL if the event tells nothing of a libvirt pull, or is malformed. */
qemuQmpEvent *qemuQmpEventParse(const char *name, const char *details);
void qemuQmpEventFree(qemuQmpEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuQmpEvent, qemuQmpEventFree)

/* Commands, as text to be freed */
char *qemuQmpGetfd(const char *fdname);
char *qemuQmpNbdServerStart(const char *fdname);
char *qemuQmpNbdServerStop(void);
/* A read-only NBD export with the map of depths */
char *qemuQmpExportAdd(const char *id, const char *node);
/* At once, whoever is connected */
char *qemuQmpExportDel(const char *id);
char *qemuQmpQueryBlock(void);
char *qemuQmpQueryBlockJobs(void);
char *qemuQmpQueryBlockExports(void);

/* Why the command was refused, NULL if it was not; a reply that is none is a refusal too. */
char *qemuQmpReplyError(const char *reply);

/* Of query-block-jobs: the node that libvirt's pull of the disk copies into, below any filter
 * of the guest's device; or NULL. */
char *qemuQmpReplyPullNode(const char *reply, const char *target);

/* Of query-block: whether the image on which the guest's device with this alias works is
 * known to be a qcow2 one with extended L2 entries. */
bool qemuQmpReplyExtendedL2(const char *reply, const char *alias);

/* Of query-block-exports: all ids, or NULL. */
char **qemuQmpReplyExports(const char *reply);
