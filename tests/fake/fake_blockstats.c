/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_blockstats.c: stands in for backend/backend_blockstats.c */

#include "backend/backend_blockstats.h"

#include "fake_call.h"

bool
backendBlockstatsGet(virDomainPtr dom, const char *target, streamGuestStats *figures)
{
    if (fakeCallMake("blockstats %s/%s", virDomainGetName(dom), target) < 0)
        return false;
    *figures = (streamGuestStats) { .requests = 3, .writes = 2, .writeNs = 1000 };
    return true;
}
