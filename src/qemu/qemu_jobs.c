/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_jobs.c: what is wanted, told, and noted as told, job by job */

#include "qemu/qemu_jobs.h"

#include "backend/backend_job.h"
#include "qemu/qemu_metadata.h"
#include "qemu/qemu_speed.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"

static bool
qemuJobsSpeedWanted(qemuStream *stream, unsigned long long *speed)
{
    LOCK_SCOPE(&stream->guest->lock);

    return qemuSpeedWanted(stream, speed);
}

static void
qemuJobsSpeedTold(qemuStream *stream, unsigned long long speed, bool success)
{
    LOCK_SCOPE(&stream->guest->lock);

    qemuSpeedTold(stream, speed, success);
}

static int
qemuJobsApplySpeed(qemuStream *stream, virDomainPtr dom)
{
    unsigned long long speed;

    while (qemuJobsSpeedWanted(stream, &speed)) {
        int rc = backendJobSetSpeed(dom, stream->target, speed);

        qemuJobsSpeedTold(stream, speed, rc == 0);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* Whether the job has to be paused, or to go on. One thread at a time is told to. */
static bool
qemuJobsPauseWanted(qemuStream *stream, bool *pause)
{
    LOCK_SCOPE(&stream->guest->lock);

    if (stream->jobTold || stream->endHeld == stream->jobPaused || !qemuStreamIsActive(stream))
        return false;
    stream->jobTold = true;
    *pause = stream->endHeld;
    return true;
}

static void
qemuJobsPauseTold(qemuStream *stream, bool pause, bool success)
{
    LOCK_SCOPE(&stream->guest->lock);

    stream->jobTold = false;
    if (success)
        stream->jobPaused = pause;
}

static int
qemuJobsApplyPause(qemuStream *stream, virDomainPtr dom)
{
    bool pause;

    while (qemuJobsPauseWanted(stream, &pause)) {
        int rc = pause ? backendJobPause(dom, stream->target)
                       : backendJobResume(dom, stream->target);

        qemuJobsPauseTold(stream, pause, rc == 0);
        if (rc < 0)
            return -1;
    }
    return 0;
}

int
qemuJobsApply(qemuGuest *guest)
{
    g_autoptr(virDomain) dom = qemuGuestGetDomain(guest);
    g_autoptr(GPtrArray) active = qemuStreamsGetActive(guest);
    virErrorPtr failure = NULL; /* the first, which what follows would hide */

    if (qemuMetadataSave(guest) < 0) /* what would be lost with the speed before */
        failure = errorKeep();
    for (guint i = 0; i < active->len; i++) {
        qemuStream *stream = g_ptr_array_index(active, i);

        if ((qemuJobsApplySpeed(stream, dom) < 0 || qemuJobsApplyPause(stream, dom) < 0) &&
            !failure)
            failure = errorKeep();
    }
    if (qemuMetadataSave(guest) < 0 && !failure) /* without what the speeds tell now */
        failure = errorKeep();
    if (!failure)
        return 0;
    errorRestore(failure);
    return -1;
}

int
qemuJobsHoldEnd(qemuStream *stream, bool held)
{
    {
        LOCK_SCOPE(&stream->guest->lock);

        stream->endHeld = held;
        stream->endNoted = held;
    }
    return qemuJobsApply(stream->guest);
}
