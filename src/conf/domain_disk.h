/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_disk.h: the disks of a guest, read from its live XML
 *
 * Pure: text in, structures out.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

#define DOMAIN_DISK_LAYER "layer" /* the word of the features of images below the top one */

typedef struct _domainDisk domainDisk;
struct _domainDisk {
    char *target; /* "vda" */
    char *alias;  /* "virtio-disk0"; "" if libvirt gave none */
    char *source; /* path of the top image; NULL for an empty drive or a network disk */
    char *format; /* of the top image; NULL if unknown */
    bool empty;   /* a drive without medium */
    bool readonly;
    unsigned int depth; /* how many images lie below the top one */
    bool chained;       /* the XML tells of the chain, were it that it ends here; else QEMU knows */
    guint64 iotune;     /* what <iotune> lets the guest read or write, bytes per second; 0: all */
    char **layers;      /* their names, downwards: path, or "vda[N]"; "" if it has none */
    char **features;    /* what of it, and of its layers, QEMU's block layer may mind: "bus virtio",
                       * "iothread", DOMAIN_DISK_LAYER " file", ... */
};

/* An array that frees its disks, in the order of the XML; NULL on error. */
GPtrArray *domainDiskListParse(const char *xml);

/* The disk with this target, this absolute path of its top image, or else this alias; error if
 * none. */
const domainDisk *domainDiskListFind(GPtrArray *disks, const char *name);

/* 0 if there is something to stream, as far as the XML tells; else -1, and why not. */
int domainDiskCheckStreamable(const domainDisk *disk);
