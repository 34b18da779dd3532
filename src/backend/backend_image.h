/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_image.h: the image that a disk works on, as QEMU knows it and libvirt does not */

#pragma once

#include <libvirt/libvirt.h>

#include "backend/backend_qmp.h"

/* Asks QEMU, by the @alias of the guest's device. -1 with an error also if there is none. */
int backendImageGet(virDomainPtr dom, const char *target, const char *alias,
                    backendQmpImage *image);

/* The version of the guest's QEMU, "7.2.22", to be freed; NULL on error. */
char *backendImageGetVersion(virDomainPtr dom);

/* How many bytes at the end of the disk lie beyond the image below it: while a pull runs, those
 * that were never written are read wrong (docs/quirks.md). */
guint64 backendImageGetTail(const backendQmpImage *image);

/* Has QEMU write down all that it keeps in memory of the disk, and waits. @path: the image, if it is
 * a file that may be opened here; NULL: it is not. Then most is written from here, before QEMU is
 * asked and its guest has to wait. */
int backendImageFlush(virDomainPtr dom, const char *target, const char *alias, const char *path);

/* Has QEMU turn a range of the disk into zeroes, whatever it was. It does not tell whether that
 * failed. For a guest that is suspended. */
int backendImageZero(virDomainPtr dom, const backendQmpImage *image, guint64 offset, guint64 len);
