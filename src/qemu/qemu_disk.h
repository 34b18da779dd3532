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
    GPtrArray *layers;  /* of char *: their paths and "vda[N]" names, in turn; "" if unknown */
};

/* An array that frees its disks, in the order of the XML; NULL on error. */
GPtrArray *qemuDiskListParse(const char *xml);

/* The disk with this target, or with this absolute path of its top image; error if none. */
const qemuDisk *qemuDiskListFind(GPtrArray *disks, const char *name);

/* Which layer an image is, by path or "vda[N]": 2 for the first below the top; 0 if none is
 * known by this name. */
guint32 qemuDiskGetLayer(const qemuDisk *disk, const char *image);

/* 0 if there is something to stream; else -1, and why not. */
int qemuDiskCheckStreamable(const qemuDisk *disk);
