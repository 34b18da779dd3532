/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_guest.c: reads two counters out of a disk's statistics */

#include "qemu/qemu_guest.h"

/* All that libvirt has of them; its RPC refuses to be asked for more */
#define QEMU_GUEST_PARAMS 16

bool
qemuGuestWrites(virDomainPtr dom, const char *target, guint64 *writes, guint64 *ns)
{
    virTypedParameter params[QEMU_GUEST_PARAMS] = { 0 };
    int nparams = QEMU_GUEST_PARAMS;
    long long count;
    long long time;
    bool known;

    if (virDomainBlockStatsFlags(dom, target, params, &nparams, 0) < 0)
        return false;
    known = virTypedParamsGetLLong(params, nparams, VIR_DOMAIN_BLOCK_STATS_WRITE_REQ,
                                   &count) == 1 &&
            virTypedParamsGetLLong(params, nparams, VIR_DOMAIN_BLOCK_STATS_WRITE_TOTAL_TIMES,
                                   &time) == 1;
    virTypedParamsClear(params, nparams);
    if (!known || count < 0 || time < 0)
        return false;
    *writes = (guint64) count;
    *ns = (guint64) time;
    return true;
}
