/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_driver.h: the driver that streams the disks of QEMU guests
 *
 * Its priv is a qemuConn: in the daemon the resident one, in process that of the call.
 */

#pragma once

#include "driver.h"

extern const driverTable qemuDriver;
