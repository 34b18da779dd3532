/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_job.c: stands in for backend/backend_job.c */

#include "backend/backend_job.h"

#include "fake_call.h"
#include "fake_disk.h"
#include "util/error.h"
#include "util/lock.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define NAME "%s/%s"
#define NAME_OF(dom, target) virDomainGetName(dom), (target)

/* Under the lock: the disk, with a job or without; NULL and an error */
static fakeDisk *
fakeJobFind(virDomainPtr dom, const char *target, bool job)
{
    fakeDisk *disk = fakeDiskFind(dom, target);

    if (!disk)
        errorReport(VIR_ERR_INVALID_ARG, "disk '%s' not found in domain", target);
    else if (job && disk->job == 0)
        errorReport(VIR_ERR_INVALID_ARG, "disk %s does not have an active block job", target);
    else if (!job && disk->job != 0)
        errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "disk '%s' already in active block job", target);
    else
        return disk;
    return NULL;
}

int
backendJobStart(virDomainPtr dom, const char *target, const char *base, bool relative,
                unsigned long long speed)
{
    fakeDisk *disk;

    if (fakeCallMake("job_start " NAME " %llu%s%s%s", NAME_OF(dom, target), speed, base ? " " : "",
                     base ? base : "", relative ? " relative" : "") < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);

    if (!(disk = fakeJobFind(dom, target, false)))
        return -1;
    disk->job = VIR_DOMAIN_BLOCK_JOB_TYPE_PULL;
    disk->cur = 0;
    disk->bandwidth = speed;
    disk->paused = false;
    return 0;
}

int
backendJobAbort(virDomainPtr dom, const char *target)
{
    fakeDisk *disk;

    if (fakeCallMake("job_abort " NAME, NAME_OF(dom, target)) < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);

    if (!(disk = fakeJobFind(dom, target, true)))
        return -1;
    if (disk->paused) {
        errorReport(VIR_ERR_OPERATION_FAILED, "the job of disk '%s' is paused", target);
        return -1;
    }
    disk->job = 0;
    return 0;
}

int
backendJobSetSpeed(virDomainPtr dom, const char *target, unsigned long long speed)
{
    fakeDisk *disk;

    if (fakeCallMake("job_set_speed " NAME " %llu", NAME_OF(dom, target), speed) < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);

    if (!(disk = fakeJobFind(dom, target, true)))
        return -1;
    disk->bandwidth = speed;
    return 0;
}

int
backendJobGetPull(virDomainPtr dom, const char *target, virDomainBlockJobInfoPtr info)
{
    const fakeDisk *disk;

    if (fakeCallAsk("job_get " NAME, NAME_OF(dom, target)) < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);

    if (!(disk = fakeDiskFind(dom, target)) || disk->guest->state > FAKE_GUEST_SUSPENDED) {
        errorReport(VIR_ERR_OPERATION_INVALID, "%s", "domain is not running");
        return -1;
    }
    if (disk->job == 0)
        return 0;
    if (disk->job != VIR_DOMAIN_BLOCK_JOB_TYPE_PULL) {
        errorReport(VIR_ERR_OPERATION_INVALID, "disk '%s' has a block job, not a stream", target);
        return -1;
    }
    *info = (virDomainBlockJobInfo) {
        .type = disk->job,
        .bandwidth = (unsigned long) disk->bandwidth,
        .cur = disk->cur,
        .end = disk->size,
    };
    return 1;
}

int
backendJobPause(virDomainPtr dom, const char *target)
{
    fakeDisk *disk;

    if (fakeCallMake("job_pause " NAME, NAME_OF(dom, target)) < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);

    if (!(disk = fakeJobFind(dom, target, true)))
        return -1;
    disk->paused = true;
    return 0;
}

int
backendJobResume(virDomainPtr dom, const char *target)
{
    fakeDisk *disk;

    if (fakeCallMake("job_resume " NAME, NAME_OF(dom, target)) < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);

    if ((disk = fakeDiskFind(dom, target)))
        disk->paused = false;
    return 0;
}
