/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* handle.c: giving up libvirt's objects around which the thread's error is kept */

#include "util/handle.h"

#include "util/error.h"

void
handleFreeDomain(virDomainPtr dom)
{
    virErrorPtr kept;

    if (!dom)
        return;
    kept = errorKeep();
    virDomainFree(dom);
    errorRestore(kept);
}

void
handleCloseConnect(virConnectPtr conn)
{
    virErrorPtr kept;

    if (!conn)
        return;
    kept = errorKeep();
    virConnectClose(conn);
    errorRestore(kept);
}
