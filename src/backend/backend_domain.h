/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_domain.h: what libvirt knows of a domain as a whole
 *
 * Every function waits for libvirtd. Errors are libvirt's own.
 */

#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

/* The running domains of @conn, as references; NULL on error. */
GPtrArray *backendDomainList(virConnectPtr conn);

/* The same domain on another connection; NULL and an error if it is not there. */
virDomainPtr backendDomainLookup(virConnectPtr conn, const char *uuid);

/* Does not wait for QEMU; an error if the domain does not run. */
int backendDomainCheckRunning(virDomainPtr dom);

/* The XML of a running domain, to be freed; NULL and an error if it does not run. */
char *backendDomainGetXml(virDomainPtr dom);

/* Keeps an element in the live metadata, or nothing any more if @text is NULL. */
int backendDomainSetMetadata(virDomainPtr dom, const char *key, const char *uri, const char *text);

/* 1: it runs; 0: it does not, but is paused, say; -1: error */
int backendDomainIsRunning(virDomainPtr dom);

int backendDomainSuspend(virDomainPtr dom);
int backendDomainResume(virDomainPtr dom);
