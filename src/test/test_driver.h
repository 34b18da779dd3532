/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_driver.h: the driver that simulates streams for the domains of libvirt's test driver
 *
 * It is for tests of programs that manage streams: docs/test-driver.md. Its priv is a testConn.
 */

#pragma once

#include "driver.h"

extern const driverTable testDriver;
