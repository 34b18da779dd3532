/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_blockstats.c: reads counters out of a disk's statistics */

#include "backend/backend_blockstats.h"

/* All that libvirt has of them; its RPC refuses to be asked for more */
#define BACKEND_BLOCKSTATS_PARAMS 16

static bool
backendBlockstatsGetCount(virTypedParameterPtr params, int nparams, const char *name,
                          guint64 *count)
{
    long long value;

    if (virTypedParamsGetLLong(params, nparams, name, &value) != 1 || value < 0)
        return false;
    *count = (guint64) value;
    return true;
}

bool
backendBlockstatsGet(virDomainPtr dom, const char *target, streamGuestStats *figures)
{
    virTypedParameter params[BACKEND_BLOCKSTATS_PARAMS] = { 0 };
    int nparams = BACKEND_BLOCKSTATS_PARAMS;
    streamGuestStats result;
    guint64 reads;
    bool known;

    if (virDomainBlockStatsFlags(dom, target, params, &nparams, 0) < 0)
        return false;
    known = backendBlockstatsGetCount(params, nparams, VIR_DOMAIN_BLOCK_STATS_READ_REQ, &reads) &&
            backendBlockstatsGetCount(params, nparams, VIR_DOMAIN_BLOCK_STATS_WRITE_REQ,
                                      &result.writes) &&
            backendBlockstatsGetCount(params, nparams, VIR_DOMAIN_BLOCK_STATS_WRITE_TOTAL_TIMES,
                                      &result.writeNs);
    virTypedParamsClear(params, nparams);
    if (!known)
        return false;
    result.requests = reads + result.writes;
    *figures = result;
    return true;
}
