/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_metadata.h: what a domain's live metadata keeps of its streams
 *
 *   <streamdisk:policy xmlns:streamdisk='urn:libvirt-streamdisk:policy'>
 *     <streamdisk:disk target='vda' bandwidth='10485760' hydrate='no'/>
 *   </streamdisk:policy>
 *
 * Only what the jobs do not tell, and only while they run, so that another virtstreamd goes on
 * with it; and what it owes the guest: job='paused' one that may be, and goes on,
 * guest='suspended' one that is resumed. Attributes are named as the parameters; times are in
 * microseconds of the host's monotonic clock, which lives as long as any guest.
 */

#pragma once

#include "conf/domain_metadata.h"
#include "qemu/qemu_stream.h"

/* Of the active ones of these qemuStreams, as text; NULL if there is nothing to keep. */
char *qemuMetadataFormat(GPtrArray *streams);

/* The element in a domain's XML; NULL if there is none. */
domainMetadata *qemuMetadataFind(const char *xml);

/* What the element, or NULL, keeps of one disk. What is not understood is left out. */
qemuStreamKept qemuMetadataParse(const domainMetadata *metadata, const char *target);

/* Has libvirt keep what should be kept now, unless it does already or a thread is telling it; waits
 * for libvirtd, so not under the guest's lock. With the first stream of a run something is told
 * always: a guest that was saved may have brought metadata of streams that are no more. */
int qemuMetadataSave(qemuGuest *guest);

/* The same, where metadata was found: it may be of streams that are no more. */
int qemuMetadataSaveAnew(qemuGuest *guest);
