/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * api_call.h: makes one public call and prints it on one line: the call, its result, its error
 *
 * What a refused call may not change is compared before and after it: the XML and the block
 * jobs of the domain that is watched.
 */

#pragma once

#include <libvirt/libvirt-streamdisk.h>

#define TRY(call) (apiCallBefore(), apiCallAfter(#call, (long long) (call)))

/* Watches @dom from now on; the caller keeps its reference. */
void apiCallWatch(virDomainPtr dom);

/* The two halves of TRY; apiCallAfter() returns @result. */
void apiCallBefore(void);
long long apiCallAfter(const char *call, long long result);

/* Prints those of the statistics that do not depend on time. */
void apiCallPrintStats(virTypedParameterPtr params, int nparams);
