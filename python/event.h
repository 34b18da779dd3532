/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event.h: registering Python callbacks for the events of streams */

#pragma once

#include "object.h"

extern PyMethodDef eventMethods[];
