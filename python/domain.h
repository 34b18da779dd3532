/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain.h: the calls on a domain: each gives up the GIL while it waits */

#pragma once

#include "object.h"

extern PyMethodDef domainMethods[];
