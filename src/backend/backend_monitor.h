/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_monitor.h: QMP commands to a guest's QEMU, through libvirt
 *
 * For what libvirt has no API for. libvirt marks the domain as tainted, "custom-monitor".
 */

#pragma once

#include <libvirt/libvirt.h>

/* Sends one command, with a descriptor if @fd is not -1 (QEMU gets a copy). The reply's text
 * is stored in *reply, to be freed, unless it is NULL. QEMU's refusal is an error:
 * VIR_ERR_OPERATION_FAILED with QEMU's words. */
int backendMonitorSend(virDomainPtr dom, const char *command, int fd, char **reply);
