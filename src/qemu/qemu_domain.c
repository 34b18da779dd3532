/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_domain.c: a list of streams, and what the domain's metadata keeps of them */

#include "qemu/qemu_domain.h"

#include "qemu/qemu_life.h"
#include "qemu/qemu_metadata.h"
#include "qemu/qemu_turn.h"

struct _qemuDomain {
    const qemuDomainConfig *config;
    GPtrArray *streams; /* oldest first */
    char *policy;       /* what the metadata keeps; NULL: nothing */
    bool known;         /* the policy is */
    bool keeping;       /* a thread changes it */
};

qemuDomain *
qemuDomainNew(const qemuDomainConfig *config)
{
    qemuDomain *self = g_new0(qemuDomain, 1);

    self->config = config;
    self->streams = g_ptr_array_new_with_free_func((GDestroyNotify) qemuStreamUnref);
    return self;
}

void
qemuDomainFree(qemuDomain *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->streams);
    g_free(self->policy);
    g_free(self);
}

qemuStream *
qemuDomainFind(const qemuDomain *self, const char *disk)
{
    for (guint i = self->streams->len; i > 0; i--) { /* a path can have been another disk's */
        qemuStream *stream = g_ptr_array_index(self->streams, i - 1);

        if (!g_strcmp0(*disk == '/' ? stream->source : stream->target, disk))
            return stream;
    }
    return NULL;
}

void
qemuDomainListActive(const qemuDomain *self, GPtrArray *list)
{
    for (guint i = 0; i < self->streams->len; i++) {
        qemuStream *stream = g_ptr_array_index(self->streams, i);

        if (qemuStreamIsActive(stream))
            g_ptr_array_add(list, qemuStreamRef(stream));
    }
}

static GPtrArray *
qemuDomainGetActive(const qemuDomain *self)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) qemuStreamUnref);

    qemuDomainListActive(self, list);
    return list;
}

/* Gives the turn to one of those that are held, if none has it. Its speed follows: qemu_speed.h. */
static void
qemuDomainPassTurn(qemuDomain *self)
{
    g_autoptr(GPtrArray) active = qemuDomainGetActive(self);
    qemuStream *next = qemuTurnNext(active);

    if (next)
        next->held = false;
}

qemuStream *
qemuDomainAdd(qemuDomain *self, virDomainPtr dom, const domainDisk *disk)
{
    qemuStream *before = qemuDomainFind(self, disk->target);
    qemuStream *stream;

    if (before && qemuStreamIsActive(before))
        return NULL;
    stream = qemuStreamNew(dom, disk);
    stream->publisher = self->config->publisher;
    stream->unhydratable = self->config->unhydratable;
    stream->held = self->config->turns;
    if (before) {
        stream->echoes = before->echoes;
        g_ptr_array_remove(self->streams, before);
    }
    g_ptr_array_add(self->streams, stream);
    qemuDomainPassTurn(self);
    return stream;
}

void
qemuDomainRefuse(qemuDomain *self, qemuStream *stream)
{
    qemuLifeRefuse(stream);
    g_ptr_array_remove(self->streams, stream);
    qemuDomainPassTurn(self);
}

/* Bytes that are left of those that wait for their turn */
static guint64
qemuDomainGetWaiting(const qemuDomain *self)
{
    guint64 waiting = 0;

    for (guint i = 0; i < self->streams->len; i++) {
        const qemuStream *stream = g_ptr_array_index(self->streams, i);

        if (stream->held)
            waiting += streamProgressLeft(&stream->progress);
    }
    return waiting;
}

void
qemuDomainTick(qemuDomain *self, qemuStream *stream, gint64 now)
{
    if (stream->state != VIR_DOMAIN_STREAM_DISK_STATE_RUNNING)
        return;
    streamProgressMark(&stream->progress, now);
    streamProgressMark(&stream->copying, now);
    if (!stream->held)
        qemuStreamStepPace(stream, qemuDomainGetWaiting(self), now);
    qemuLifeTick(stream);
}

void
qemuDomainEnd(qemuDomain *self, qemuStream *stream, virDomainStreamDiskStateType state,
              const char *reason, bool echo)
{
    qemuLifeEnd(stream, state, reason);
    if (echo)
        stream->echoes++;
    qemuDomainPassTurn(self);
}

bool
qemuDomainPolicyWanted(qemuDomain *self, char **policy)
{
    g_autoptr(GPtrArray) active = qemuDomainGetActive(self);
    g_autofree char *wanted = qemuMetadataFormat(active);

    if (!self->config->turns || self->keeping ||
        (self->known ? !g_strcmp0(wanted, self->policy) : active->len == 0))
        return false;
    self->keeping = true;
    *policy = g_steal_pointer(&wanted);
    return true;
}

void
qemuDomainPolicyKept(qemuDomain *self, const char *policy, bool success)
{
    self->keeping = false;
    if (!success)
        return;
    self->known = true;
    g_free(self->policy);
    self->policy = g_strdup(policy);
}

void
qemuDomainForgetEchoes(qemuDomain *self)
{
    for (guint i = 0; i < self->streams->len; i++)
        ((qemuStream *) g_ptr_array_index(self->streams, i))->echoes = 0;
}

bool
qemuDomainForgetEnded(qemuDomain *self)
{
    for (guint i = self->streams->len; i > 0; i--) {
        if (!qemuStreamIsActive(g_ptr_array_index(self->streams, i - 1)))
            g_ptr_array_remove_index(self->streams, i - 1);
    }
    self->known = false;
    g_clear_pointer(&self->policy, g_free);
    return self->keeping || self->streams->len > 0;
}
