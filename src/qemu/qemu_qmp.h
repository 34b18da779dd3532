/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_qmp.h: what QEMU says in QMP, as structures
 *
 * Pure: JSON text in, structures out. No other file of the driver knows json-c.
 */

#pragma once

#include <glib.h>

typedef enum {
    QEMU_QMP_JOB_RUNNING, /* a pull began */
    QEMU_QMP_JOB_ERROR,   /* why a pull is about to end */
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
