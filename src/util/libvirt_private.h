/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt_private.h: five functions of the stock libvirt library that its headers do not declare
 *
 * libvirt-qemu and libvirt-lxc use them too; every release since 1.0 has them, under a
 * symbol version of its own release. They are looked up at run time, so that one build
 * of this library works with any libvirt.
 */

#pragma once

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

typedef struct _libvirtPrivateFunctions libvirtPrivateFunctions;
struct _libvirtPrivateFunctions {
    void (*reportError)(int domain, int code, const char *file, const char *func, size_t line,
                        const char *fmt, ...) __attribute__((format(printf, 6, 7)));
    void (*raiseError)(const char *file, const char *func, size_t line, int domain, int code,
                       virErrorLevel level, const char *str1, const char *str2, const char *str3,
                       int int1, int int2, const char *fmt, ...)
        __attribute__((format(printf, 12, 13)));
    void (*dispatchError)(virConnectPtr conn);
    void (*setError)(virErrorPtr error);
    virDomainPtr (*getDomain)(virConnectPtr conn, const char *name, const unsigned char *uuid,
                              int id);
};

/* Never NULL; ends the process with a message if the libvirt that is loaded lacks one. */
const libvirtPrivateFunctions *libvirtPrivateGet(void);
