/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_guest.c: reads counters out of a disk's statistics */

#include "qemu/qemu_guest.h"

/* All that libvirt has of them; its RPC refuses to be asked for more */
#define QEMU_GUEST_PARAMS 16

static bool
qemuGuestGetCount(virTypedParameterPtr params, int nparams, const char *name, guint64 *count)
{
    long long value;

    if (virTypedParamsGetLLong(params, nparams, name, &value) != 1 || value < 0)
        return false;
    *count = (guint64) value;
    return true;
}

bool
qemuGuestGetFigures(virDomainPtr dom, const char *target, qemuGuestFigures *figures)
{
    virTypedParameter params[QEMU_GUEST_PARAMS] = { 0 };
    int nparams = QEMU_GUEST_PARAMS;
    qemuGuestFigures result;
    guint64 reads;
    bool known;

    if (virDomainBlockStatsFlags(dom, target, params, &nparams, 0) < 0)
        return false;
    known = qemuGuestGetCount(params, nparams, VIR_DOMAIN_BLOCK_STATS_READ_REQ, &reads) &&
            qemuGuestGetCount(params, nparams, VIR_DOMAIN_BLOCK_STATS_WRITE_REQ,
                              &result.writes) &&
            qemuGuestGetCount(params, nparams, VIR_DOMAIN_BLOCK_STATS_WRITE_TOTAL_TIMES,
                              &result.writeNs);
    virTypedParamsClear(params, nparams);
    if (!known)
        return false;
    result.requests = reads + result.writes;
    *figures = result;
    return true;
}
