/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lock.h: hold a GMutex until the end of the scope */

#pragma once

#include <glib.h>

#define LOCK_SCOPE(mutex) \
    g_autoptr(GMutexLocker) lockScope G_GNUC_UNUSED = g_mutex_locker_new(mutex)
