/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error.h: report errors as libvirt does, into its thread-local virError
 *
 * A file that reports says whom it speaks for: #define VIR_FROM_THIS VIR_FROM_QEMU.
 * Whoever detects an error reports it; only the public entry points dispatch.
 */

#pragma once

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "util/libvirt_private.h"

/* libvirt puts the code's own words before the text: "invalid argument: ..." */
#define errorReport(code, ...) \
    (libvirtPrivateGet()->reportError(VIR_FROM_THIS, (code), __FILE__, __func__, __LINE__, \
                                      __VA_ARGS__), \
     errorMark())

/* The thread's error is this library's own, and not dispatched by a call of libvirt's. */
void errorMark(void);

/* "System error" with strerror(@err) behind the text */
#define errorReportSystem(err, ...) \
    errorReportSystemFull(VIR_FROM_THIS, (err), __FILE__, __func__, __LINE__, __VA_ARGS__)

void errorReportSystemFull(int domain, int err, const char *file, const char *func, size_t line,
                           const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* An error that another process worded: @message is the whole text. */
void errorRaise(int domain, int code, int level, const char *message, const char *str1,
                const char *str2, const char *str3, int int1, int int2);

/* Hands the thread's error to the application's handler, as each libvirt call does; not again
 * if such a call, made by the library, has done so. */
void errorDispatch(virConnectPtr conn);

/* The thread's last error text, for a log line; never NULL. */
const char *errorText(void);

/* Takes the thread's error aside, NULL if there is none; and puts it back. */
virErrorPtr errorKeep(void);
void errorRestore(virErrorPtr kept);
