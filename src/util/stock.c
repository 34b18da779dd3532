/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stock.c: finds the undeclared functions in the libvirt that is loaded */

#include "util/stock.h"

#include <dlfcn.h>
#include <glib.h>

static stockFunctions stockFound;

static void *
stockFind(const char *symbol)
{
    void *found = dlsym(RTLD_DEFAULT, symbol);

    if (!found)
        g_error("libvirt-streamdisk: the libvirt library in use has no function '%s'", symbol);
    return found;
}

static void
stockInit(void)
{
    virInitialize(); /* makes the thread-local place of errors */
    stockFound.reportError = stockFind("virReportErrorHelper");
    stockFound.raiseError = stockFind("virRaiseErrorFull");
    stockFound.dispatchError = stockFind("virDispatchError");
    stockFound.setError = stockFind("virSetError");
    stockFound.getDomain = stockFind("virGetDomain");
}

const stockFunctions *
stockGet(void)
{
    static gsize once;

    if (g_once_init_enter(&once)) {
        stockInit();
        g_once_init_leave(&once, 1);
    }
    return &stockFound;
}
