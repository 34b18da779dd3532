/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_job.c: the calls of libvirt's block job API, in bytes, and QEMU's for what it lacks */

#include "qemu/qemu_job.h"

#include <glib.h>

#include "qemu/qemu_monitor.h"
#include "qemu/qemu_qmp.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

static const char *
qemuJobTypeName(int type)
{
    switch (type) {
    case VIR_DOMAIN_BLOCK_JOB_TYPE_PULL:
        return "Block Pull";
    case VIR_DOMAIN_BLOCK_JOB_TYPE_COPY:
        return "Block Copy";
    case VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT:
        return "Block Commit";
    case VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT:
        return "Active Block Commit";
    case VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP:
        return "Backup";
    default:
        return "Unknown job";
    }
}

int
qemuJobStart(virDomainPtr dom, const char *target, const char *base, bool relative,
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
qemuJobAbort(virDomainPtr dom, const char *target)
{
    return virDomainBlockJobAbort(dom, target, 0);
}

int
qemuJobSetSpeed(virDomainPtr dom, const char *target, unsigned long long speed)
{
    return virDomainBlockJobSetSpeed(dom, target, (unsigned long) speed,
                                     VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES);
}

int
qemuJobGetPull(virDomainPtr dom, const char *target, virDomainBlockJobInfoPtr info)
{
    int rc = virDomainGetBlockJobInfo(dom, target, info,
                                      VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES);

    if (rc == 1 && info->type != VIR_DOMAIN_BLOCK_JOB_TYPE_PULL) {
        errorReport(VIR_ERR_OPERATION_INVALID, "disk '%s' has a block job of type '%s', not a "
                    "stream", target, qemuJobTypeName(info->type));
        return -1;
    }
    return rc;
}

/* The id of the disk's pull in QEMU; "" if there is none, NULL with an error. */
static char *
qemuJobGetId(virDomainPtr dom, const char *target)
{
    g_autofree char *query = qemuQmpQueryBlockJobs();
    g_autofree char *jobs = NULL;
    char *id;

    if (qemuMonitorSend(dom, query, -1, &jobs) < 0)
        return NULL;
    return (id = qemuQmpReplyPullId(jobs, target)) ? id : g_strdup("");
}

int
qemuJobPause(virDomainPtr dom, const char *target)
{
    g_autofree char *id = qemuJobGetId(dom, target);
    g_autofree char *pause = id ? qemuQmpJobPause(id) : NULL;

    return pause ? qemuMonitorSend(dom, pause, -1, NULL) : -1;
}

int
qemuJobResume(virDomainPtr dom, const char *target)
{
    g_autofree char *id = qemuJobGetId(dom, target);
    g_autofree char *resume = id ? qemuQmpJobResume(id) : NULL;

    if (!resume)
        return -1;
    if (!*id || qemuMonitorSend(dom, resume, -1, NULL) == 0)
        return 0;
    return virGetLastErrorCode() == VIR_ERR_OPERATION_FAILED ? 0 : -1; /* QEMU's refusal */
}
