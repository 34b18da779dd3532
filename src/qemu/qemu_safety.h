/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_safety.h: which disks are safe to hydrate with which QEMU
 *
 * A table of features of disks and versions of QEMU, in which tests have been seen to pass; what is
 * not in it has not been tried. docs/quirks.md shows it.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

#include "backend/backend_image.h"

/* A feature that QEMU tells of, and no domain's XML */
#define QEMU_SAFETY_EXTENDED_L2 "extended L2 entries"

#define QEMU_SAFETY_SUSPENDED "suspended"
#define QEMU_SAFETY_SUSPENDING "suspending"

/* Why a disk with these @features (domain_disk.h) is not to be hydrated by QEMU @version
 * ("7.2.22"), to be freed; NULL: it may be. @moment: NULL: the guest runs; QEMU_SAFETY_SUSPENDED,
 * all the time; QEMU_SAFETY_SUSPENDING: for that. @untried: what has not been tried may be, too. */
char *qemuSafetyCheck(const char *version, const char *const *features, const char *moment,
                      bool untried);

/* 0 if there is something to stream and QEMU can; else -1, and why not: if it cannot,
 * VIR_ERR_OPERATION_UNSUPPORTED. */
int qemuSafetyCheckStreamable(virDomainPtr dom, const char *target, const backendQmpImage *image);
