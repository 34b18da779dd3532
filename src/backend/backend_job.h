/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_job.h: libvirt's block job on a disk, the spine of a stream
 *
 * Speeds are in bytes per second, 0 is without limit. Errors are libvirt's own.
 */

#pragma once

#include <libvirt/libvirt.h>
#include <stdbool.h>

int backendJobStart(virDomainPtr dom, const char *target, const char *base, bool relative,
                    unsigned long long speed);

/* Returns when the job has ended. */
int backendJobAbort(virDomainPtr dom, const char *target);

int backendJobSetSpeed(virDomainPtr dom, const char *target, unsigned long long speed);

/* 1 and *info (bandwidth in bytes) if a pull runs; 0 if there is no job; -1 on error, which
 * a job of another kind is. */
int backendJobGetPull(virDomainPtr dom, const char *target, virDomainBlockJobInfoPtr info);

/* The job does nothing, and does not end, while it is paused; nor can libvirt abort it then. QEMU is
 * told, libvirt has no call for it. A job that is gone, or was not paused, need not be resumed: that
 * is no error. */
int backendJobPause(virDomainPtr dom, const char *target);
int backendJobResume(virDomainPtr dom, const char *target);
