/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_job.c: the calls of libvirt's block job API, in bytes, and QEMU's for what it lacks */

#include "backend/backend_job.h"

#include <glib.h>

#include "backend/backend_monitor.h"
#include "backend/backend_qmp.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

static const char *
backendJobTypeName(int type)
{
    switch (type) {
    case VIR_DOMAIN_BLOCK_JOB_TYPE_PULL: return "Block Pull";
    case VIR_DOMAIN_BLOCK_JOB_TYPE_COPY: return "Block Copy";
    case VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT: return "Block Commit";
    case VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT: return "Active Block Commit";
    case VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP: return "Backup";
    default: return "Unknown job";
    }
}

int
backendJobStart(virDomainPtr dom, const char *target, const char *base, bool relative,
                unsigned long long speed)
{
    if (!base)
        return virDomainBlockPull(dom, target, (unsigned long) speed,
                                  VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES);
    return virDomainBlockRebase(dom, target, base, (unsigned long) speed,
                                VIR_DOMAIN_BLOCK_REBASE_BANDWIDTH_BYTES |
                                    (relative ? VIR_DOMAIN_BLOCK_REBASE_RELATIVE : 0));
}

int
backendJobAbort(virDomainPtr dom, const char *target)
{
    return virDomainBlockJobAbort(dom, target, 0);
}

int
backendJobSetSpeed(virDomainPtr dom, const char *target, unsigned long long speed)
{
    return virDomainBlockJobSetSpeed(dom, target, (unsigned long) speed,
                                     VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES);
}

int
backendJobGetPull(virDomainPtr dom, const char *target, virDomainBlockJobInfoPtr info)
{
    int rc = virDomainGetBlockJobInfo(dom, target, info, VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES);

    if (rc == 1 && info->type != VIR_DOMAIN_BLOCK_JOB_TYPE_PULL) {
        errorReport(VIR_ERR_OPERATION_INVALID,
                    "disk '%s' has a block job of type '%s', not a "
                    "stream",
                    target, backendJobTypeName(info->type));
        return -1;
    }
    return rc;
}

/* The id of the disk's pull in QEMU; "" if there is none, NULL with an error. */
static char *
backendJobGetId(virDomainPtr dom, const char *target)
{
    g_autofree char *query = backendQmpQueryBlockJobs();
    g_autofree char *jobs = NULL;
    char *id;

    if (backendMonitorSend(dom, query, -1, &jobs) < 0)
        return NULL;
    return (id = backendQmpReplyPullId(jobs, target)) ? id : g_strdup("");
}

int
backendJobPause(virDomainPtr dom, const char *target)
{
    g_autofree char *id = backendJobGetId(dom, target);
    g_autofree char *pause = id ? backendQmpJobPause(id) : NULL;

    return pause ? backendMonitorSend(dom, pause, -1, NULL) : -1;
}

int
backendJobResume(virDomainPtr dom, const char *target)
{
    g_autofree char *id = backendJobGetId(dom, target);
    g_autofree char *resume = id ? backendQmpJobResume(id) : NULL;

    if (!resume)
        return -1;
    if (!*id || backendMonitorSend(dom, resume, -1, NULL) == 0)
        return 0;
    return virGetLastErrorCode() == VIR_ERR_OPERATION_FAILED ? 0 : -1; /* QEMU's refusal */
}
