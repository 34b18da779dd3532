/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connect.h: the calls on a connection but events': each gives up the GIL while it waits */

#pragma once

#include "object.h"

extern PyMethodDef connectMethods[];
