/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-disk.h: the disks of a domain, by its XML
 *
 * virDomainListGetStats() would tell, too, but has QEMU list all its nodes: QEMU 7.2 crashes
 * if a block job of the guest ends at that moment.
 */

#pragma once

#include <libvirt/libvirt.h>

/* The target of the disk that is named by its target, path or alias, the caller's to free; NULL if
 * there is none. No error is reported. */
char *cliDiskFindTarget(virDomainPtr dom, const char *disk);
