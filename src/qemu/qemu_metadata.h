/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_metadata.h: what a domain's metadata keeps of the settings of its streams
 *
 *   <streamdisk:policy xmlns:streamdisk='urn:libvirt-streamdisk:policy'>
 *     <streamdisk:disk target='vda' bandwidth='10485760' hydrate='no'/>
 *   </streamdisk:policy>
 *
 * Only what the jobs do not tell, and only while they run, so that another virtstreamd goes on
 * with it; and what it owes the guest: job='paused' one that may be, and goes on, guest='suspended' one that is
 * resumed. Attributes are named as the parameters; times are in microseconds of the host's
 * monotonic clock, which lives as long as any guest. Pure.
 */

#pragma once

#include "conf/domain_metadata.h"
#include "qemu/qemu_stream.h"

#define QEMU_METADATA_KEY "streamdisk"
#define QEMU_METADATA_URI "urn:libvirt-streamdisk:policy"
#define QEMU_METADATA_NAME "policy"

/* Of active qemuStreams of one domain, as text for virDomainSetMetadata(); NULL if there is
 * nothing to keep. */
char *qemuMetadataFormat(GPtrArray *streams);

/* What is kept of one disk in the element, which is NULL if there is none. What is not understood
 * is left out. */
qemuStreamKept qemuMetadataParse(const domainMetadata *policy, const char *target);
