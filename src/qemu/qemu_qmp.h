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
    QEMU_QMP_CREATING,    /* libvirt has an image made, for a backup, copy or snapshot */
} qemuQmpEventType;

typedef struct _qemuQmpEvent qemuQmpEvent;
struct _qemuQmpEvent {
    qemuQmpEventType type;
    char *target; /* of the disk that the job pulls, "vda"; NULL for CREATING */
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

/* Why the command was refused, NULL if it was not; a reply that is none is a refusal too. */
char *qemuQmpReplyError(const char *reply);

/* Of the graph: the node that libvirt's pull of the disk copies into, below any filter of the
 * guest's device; NULL if there is no such pull. *deepest: the lowest layer that it copies from,
 * that node being 1, as an export of the node counts them; 0 if QEMU's words are not understood. */
char *qemuQmpReplyPullNode(const char *reply, const char *target, guint32 *deepest);

/* Of query-block: whether the image on which the guest's device with this alias works is
 * known to be a qcow2 one with extended L2 entries. */
bool qemuQmpReplyExtendedL2(const char *reply, const char *alias);

/* Of query-block-exports: all ids, or NULL. */
char **qemuQmpReplyExports(const char *reply);
