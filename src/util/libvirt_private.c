/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt_private.c: finds the undeclared functions in the libvirt that is loaded */

#include "util/libvirt_private.h"

#include <dlfcn.h>
#include <glib.h>

static libvirtPrivateFunctions libvirtPrivateFound;

static void *
libvirtPrivateFind(const char *symbol)
{
    void *found = dlsym(RTLD_DEFAULT, symbol);

    if (!found)
        g_error("libvirt-streamdisk: the libvirt library in use has no function '%s'", symbol);
    return found;
}

static void
libvirtPrivateInit(void)
{
    virInitialize(); /* makes the thread-local place of errors */
    libvirtPrivateFound.reportError = libvirtPrivateFind("virReportErrorHelper");
    libvirtPrivateFound.raiseError = libvirtPrivateFind("virRaiseErrorFull");
    libvirtPrivateFound.dispatchError = libvirtPrivateFind("virDispatchError");
    libvirtPrivateFound.setError = libvirtPrivateFind("virSetError");
    libvirtPrivateFound.getDomain = libvirtPrivateFind("virGetDomain");
}

const libvirtPrivateFunctions *
libvirtPrivateGet(void)
{
    static gsize once;

    if (g_once_init_enter(&once)) {
        libvirtPrivateInit();
        g_once_init_leave(&once, 1);
    }
    return &libvirtPrivateFound;
}
