/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* error.c: the parts of error reporting that are more than a call into libvirt */

#include "util/error.h"

#include <glib.h>

/* Of the text of the last error that was this library's own. The text tells more than a flag:
 * libvirt's calls put their errors in the place of ours without a word. */
static __thread guint errorOwn;

void
errorMark(void)
{
    errorOwn = g_str_hash(errorText());
}

void
errorReportSystemFull(int domain, int err, const char *file, const char *func, size_t line,
                      const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);

    /* VIR_ERR_SYSTEM_ERROR has no words of its own, the text is the message */
    libvirtPrivateGet()->reportError(domain, VIR_ERR_SYSTEM_ERROR, file, func, line, "%s: %s", text,
                                     g_strerror(err));
    errorMark();
}

void
errorRaise(int domain, int code, int level, const char *message, const char *str1, const char *str2,
           const char *str3, int int1, int int2)
{
    libvirtPrivateGet()->raiseError(__FILE__, __func__, __LINE__, domain, code, level, str1, str2,
                                    str3, int1, int2, "%s", message);
    errorMark();
}

void
errorDispatch(virConnectPtr conn)
{
    if (g_str_hash(errorText()) == errorOwn)
        libvirtPrivateGet()->dispatchError(conn);
}

const char *
errorText(void)
{
    const char *text = virGetLastErrorMessage();

    return text ? text : "no error";
}

virErrorPtr
errorKeep(void)
{
    return virGetLastErrorCode() == VIR_ERR_OK ? NULL : virSaveLastError();
}

void
errorRestore(virErrorPtr kept)
{
    if (!kept)
        return;
    libvirtPrivateGet()->setError(kept);
    virFreeError(kept);
}
