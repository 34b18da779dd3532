/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_driver.h: the driver whose work virtstreamd does */

#pragma once

#include "driver.h"

extern const driverTable remoteDriver;
