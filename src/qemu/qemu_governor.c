/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_governor.c: the levels, and the steps between them */

#include "qemu/qemu_governor.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)

/* A write may take this much longer than when undisturbed, and always this long */
#define QEMU_GOVERNOR_FACTOR 2
#define QEMU_GOVERNOR_GRACE_NS 1000000

/* Fewer writes than this in an interval tell nothing */
#define QEMU_GOVERNOR_WRITES_MIN 4

/* A step up pays if it copies a tenth more; else it is tried again after so many intervals,
 * sooner if nobody is there to be disturbed */
#define QEMU_GOVERNOR_PATIENCE 20
#define QEMU_GOVERNOR_PATIENCE_IDLE 4

static const struct {
    guint requests;
    guint64 size;
} qemuGovernorLevels[] = {
    { 1, 64 * KIB }, { 2, 64 * KIB }, { 4, 64 * KIB }, { 4, 128 * KIB }, { 4, 256 * KIB },
    { 8, 256 * KIB }, { 16, 256 * KIB }, { 16, 512 * KIB }, { 16, MIB }, { 16, 2 * MIB },
    { 16, 4 * MIB },
};

#define QEMU_GOVERNOR_FIRST 2
#define QEMU_GOVERNOR_FIRST_FAST 6
#define QEMU_GOVERNOR_LAST (G_N_ELEMENTS(qemuGovernorLevels) - 1)

void
qemuGovernorInit(qemuGovernor *self, bool fast)
{
    *self = (qemuGovernor) {
        .fast = fast,
        .starting = true,
        .level = fast ? QEMU_GOVERNOR_FIRST_FAST : QEMU_GOVERNOR_FIRST,
    };
}

/* Whether the guest's writes take longer than they may. What is quickest is taken for
 * undisturbed, and forgotten slowly: guests change. */
static bool
qemuGovernorHurts(qemuGovernor *self, const qemuGovernorSample *sample)
{
    double each;

    if (self->fast || sample->writes < QEMU_GOVERNOR_WRITES_MIN)
        return false;
    each = (double) sample->writeNs / (double) sample->writes;
    if (self->calmNs == 0 || each < self->calmNs)
        self->calmNs = each;
    else
        self->calmNs += (each - self->calmNs) / 200;
    return each > MAX(self->calmNs * QEMU_GOVERNOR_FACTOR, self->calmNs + QEMU_GOVERNOR_GRACE_NS);
}

void
qemuGovernorStep(qemuGovernor *self, const qemuGovernorSample *sample)
{
    bool paid = sample->copied * 10 > self->copied * 11;
    bool idle = sample->writes < QEMU_GOVERNOR_WRITES_MIN;

    if (qemuGovernorHurts(self, sample)) {
        self->level /= 2;
        self->starting = false;
        self->climbed = false;
        self->patience = QEMU_GOVERNOR_PATIENCE / 4;
        self->copied = sample->copied;
        return;
    }
    if (sample->copied == 0)
        return; /* it tells nothing */
    if (self->climbed && !paid) {
        self->level = self->below;
        self->starting = false;
        self->climbed = false;
        self->patience = idle ? QEMU_GOVERNOR_PATIENCE_IDLE : QEMU_GOVERNOR_PATIENCE;
        return;
    }
    self->climbed = false;
    self->copied = sample->copied;
    if (self->patience > 0) {
        self->patience--;
        return;
    }
    if (self->level < QEMU_GOVERNOR_LAST) {
        self->below = self->level;
        self->level = MIN(self->level + (self->starting && idle ? 2 : 1), QEMU_GOVERNOR_LAST);
        self->climbed = true;
    }
}

guint
qemuGovernorInterval(const qemuGovernor *self)
{
    return self->starting ? QEMU_GOVERNOR_INTERVAL / 2 : QEMU_GOVERNOR_INTERVAL;
}

guint
qemuGovernorRequests(const qemuGovernor *self)
{
    return qemuGovernorLevels[self->level].requests;
}

guint64
qemuGovernorSize(const qemuGovernor *self)
{
    return qemuGovernorLevels[self->level].size;
}
