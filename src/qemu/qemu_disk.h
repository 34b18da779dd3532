/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_disk.h: the disks of a guest, read from its live XML
 *
 * Pure: text in, structures out. No other file of the driver knows libxml2.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct _qemuDisk qemuDisk;
struct _qemuDisk {
    char *target; /* "vda" */
    char *alias;  /* "virtio-disk0"; "" if libvirt gave none */
    char *source; /* path of the top image; NULL for an empty drive or a network disk */
    char *format; /* of the top image; NULL if unknown */
    bool empty;   /* a drive without medium */
    bool readonly;
    unsigned int depth; /* how many images lie below the top one */
};

/* An array that frees its disks, in the order of the XML; NULL on error. */
GPtrArray *qemuDiskListParse(const char *xml);

/* The disk with this target, or with this absolute path of its top image; error if none. */
const qemuDisk *qemuDiskListFind(GPtrArray *disks, const char *name);

/* 0 if there is something to stream; else -1, and why not. */
int qemuDiskCheckStreamable(const qemuDisk *disk);
