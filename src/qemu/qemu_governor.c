/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_governor.c: the levels, and the steps between them */

#include "qemu/qemu_governor.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)

/* A write may take so many times what it takes undisturbed, and so much longer: the mean of a
 * few quick writes is not steady */
#define QEMU_GOVERNOR_FACTOR 2
#define QEMU_GOVERNOR_GRACE_NS 250000

/* Fewer requests, or writes, than this in an interval tell nothing */
#define QEMU_GOVERNOR_REQUESTS_MIN 4

/* A step up pays if it copies a tenth more; else it is tried again after so many intervals,
 * sooner if nobody is there to be disturbed */
#define QEMU_GOVERNOR_PATIENCE 20
#define QEMU_GOVERNOR_PATIENCE_IDLE 4

static const struct {
    guint requests;
    guint64 size;
} qemuGovernorLevels[] = {
    { 1, 64 * KIB }, { 2, 64 * KIB }, { 4, 64 * KIB }, { 4, 128 * KIB }, { 10, 128 * KIB },
    { 8, 256 * KIB }, { 16, 256 * KIB }, { 16, 512 * KIB }, { 16, MIB }, { 16, 2 * MIB },
    { 16, 4 * MIB },
};

#define QEMU_GOVERNOR_FIRST 2
#define QEMU_GOVERNOR_FIRST_FAST 6
#define QEMU_GOVERNOR_BUSY 4 /* a stock pull has 512 KiB in flight */
#define QEMU_GOVERNOR_BUSY_RATE 100000000 /* bytes per second */
#define QEMU_GOVERNOR_LAST (G_N_ELEMENTS(qemuGovernorLevels) - 1)

void
qemuGovernorInit(qemuGovernor *self, const streamRegard *regard)
{
    *self = (qemuGovernor) {
        .regard = *regard,
        .starting = true,
        .level = regard->fast ? QEMU_GOVERNOR_FIRST_FAST : QEMU_GOVERNOR_FIRST,
    };
}

void
qemuGovernorSetRegard(qemuGovernor *self, const streamRegard *regard)
{
    if (self->regard.fast == regard->fast && self->regard.factor == regard->factor &&
        self->regard.maxNs == regard->maxNs)
        return;
    self->regard = *regard;
    self->patience = 0;
}

/* What is quickest is taken for undisturbed, and forgotten slowly: guests change. */
static void
qemuGovernorNoteWrites(qemuGovernor *self, const qemuGovernorSample *sample)
{
    if (sample->unseen || sample->writes < QEMU_GOVERNOR_REQUESTS_MIN)
        return;
    self->nowNs = (double) sample->writeNs / (double) sample->writes;
    if (self->calmNs == 0 || self->nowNs < self->calmNs)
        self->calmNs = self->nowNs;
    else
        self->calmNs += (self->nowNs - self->calmNs) / 200;
}

/* Whether the guest's writes take longer than they may. */
static bool
qemuGovernorHurts(const qemuGovernor *self, const qemuGovernorSample *sample)
{
    if (self->regard.fast || sample->unseen || sample->writes < QEMU_GOVERNOR_REQUESTS_MIN)
        return false;
    if (self->regard.maxNs > 0)
        return self->nowNs > (double) self->regard.maxNs;
    if (self->regard.factor > 0)
        return self->nowNs > self->calmNs * self->regard.factor;
    return self->nowNs > self->calmNs * QEMU_GOVERNOR_FACTOR + QEMU_GOVERNOR_GRACE_NS;
}

/* The highest level for the moment; each copies up to twice as much as the one below. */
static guint
qemuGovernorTop(const qemuGovernor *self, const qemuGovernorSample *sample, bool idle)
{
    if (idle || self->regard.fast || self->regard.factor > 0 || self->regard.maxNs > 0)
        return QEMU_GOVERNOR_LAST;
    if (sample->copied <= QEMU_GOVERNOR_BUSY_RATE / 2)
        return MIN(MAX(self->level + 1, QEMU_GOVERNOR_BUSY), QEMU_GOVERNOR_LAST);
    if (sample->copied <= QEMU_GOVERNOR_BUSY_RATE + QEMU_GOVERNOR_BUSY_RATE / 4)
        return MAX(self->level, QEMU_GOVERNOR_BUSY);
    return QEMU_GOVERNOR_BUSY;
}

void
qemuGovernorStep(qemuGovernor *self, const qemuGovernorSample *sample)
{
    bool paid = sample->copied * 10 > self->copied * 11;
    bool idle = sample->unseen ? !self->busy : sample->requests < QEMU_GOVERNOR_REQUESTS_MIN;
    guint top = qemuGovernorTop(self, sample, idle);
    bool hurts;

    self->busy = !idle;
    qemuGovernorNoteWrites(self, sample);
    hurts = qemuGovernorHurts(self, sample);
    if (hurts || self->level > top) {
        self->level = hurts ? MIN(self->level / 2, top) : top;
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
    if (self->level < top) {
        self->below = self->level;
        self->level = MIN(self->level + (self->starting && idle ? 2 : 1), top);
        self->climbed = true;
    }
}

guint
qemuGovernorInterval(const qemuGovernor *self)
{
    return self->starting ? QEMU_GOVERNOR_INTERVAL / 4 : QEMU_GOVERNOR_INTERVAL;
}

guint
qemuGovernorRequests(const qemuGovernor *self)
{
    return qemuGovernorLevels[self->level].requests;
}

gint64
qemuGovernorSpacing(const qemuGovernor *self, guint64 latencyUs)
{
    if (!self->busy || self->regard.fast)
        return 0;
    return (gint64) (latencyUs / qemuGovernorRequests(self) * 3 / 4);
}

guint64
qemuGovernorSize(const qemuGovernor *self)
{
    return qemuGovernorLevels[self->level].size;
}
