/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* expect.h: for tests of functions that report errors */

#pragma once

#include <glib.h>
#include <libvirt/virterror.h>
#include <string.h>

/* The thread's error has this code, and this text somewhere in its message; it is reset. */
#define expectError(expected, text) \
    do { \
        g_assert_cmpint(virGetLastErrorCode(), ==, (expected)); \
        if (!strstr(virGetLastErrorMessage(), (text))) \
            g_error("'%s' is not in '%s'", (text), virGetLastErrorMessage()); \
        virResetLastError(); \
    } while (0)
