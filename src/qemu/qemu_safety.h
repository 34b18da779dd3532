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

/* Why a disk with these @features (domain_disk.h) is not to be hydrated by QEMU @version
 * ("7.2.22"), to be freed; NULL: it may be. @suspended: the guest is, all the time. @untried: what
 * has not been tried may be, too. */
char *qemuSafetyCheck(const char *version, const char *const *features, bool suspended,
                      bool untried);

/* 0 if there is something to stream and QEMU can; else -1, and why not: if it cannot,
 * VIR_ERR_OPERATION_UNSUPPORTED. */
int qemuSafetyCheckStreamable(virDomainPtr dom, const char *target, const backendQmpImage *image);
