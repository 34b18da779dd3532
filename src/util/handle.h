/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * handle.h: g_autoptr for libvirt's domains and connections
 *
 * virDomainFree() and virConnectClose() reset the thread's error, which would be lost when
 * a function that failed cleans up. These keep it. NULL is accepted.
 */

#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>

void handleFreeDomain(virDomainPtr dom);
void handleCloseConnect(virConnectPtr conn);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, handleFreeDomain)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virConnect, handleCloseConnect)
