/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_image.h: what QEMU knows of the image that a disk works on, and libvirt does not */

#pragma once

#include <libvirt/libvirt.h>

/* 0 if QEMU can stream into the image; else -1, and why not. @alias: of the guest's device */
int qemuImageCheckStreamable(virDomainPtr dom, const char *target, const char *alias);
