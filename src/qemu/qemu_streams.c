/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams.c: a hash table of streams under one lock */

#include "qemu/qemu_streams.h"

#include "qemu/qemu_turn.h"
#include "stream_event.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

LOG_INIT("qemu.streams");

struct _qemuStreams {
    void *publisher;
    bool turns;
    GMutex lock;       /* protects all below; the lock of stream_event.c nests in it */
    GHashTable *table; /* "UUID/target" -> qemuStream */
};

qemuStreams *
qemuStreamsNew(void *publisher, bool turns)
{
    qemuStreams *self = g_new0(qemuStreams, 1);

    self->publisher = publisher;
    self->turns = turns;
    g_mutex_init(&self->lock);
    self->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) qemuStreamUnref);
    return self;
}

void
qemuStreamsFree(qemuStreams *self)
{
    if (!self)
        return;
    g_hash_table_unref(self->table);
    g_mutex_clear(&self->lock);
    g_free(self);
}

static char *
qemuStreamsKey(virDomainPtr dom, const char *target)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(dom, uuid);
    return g_strdup_printf("%s/%s", uuid, target);
}

static bool
qemuStreamsSameDomain(virDomainPtr a, virDomainPtr b)
{
    unsigned char first[VIR_UUID_BUFLEN];
    unsigned char second[VIR_UUID_BUFLEN];

    return virDomainGetUUID(a, first) == 0 && virDomainGetUUID(b, second) == 0 &&
           memcmp(first, second, sizeof(first)) == 0;
}

static void
qemuStreamsPublish(qemuStreams *self, qemuStream *stream, virDomainStreamDiskEvent event)
{
    streamEventPublish(self->publisher, event,
                       qemuStreamGetEntry(stream, g_get_monotonic_time()));
}

/* The only place where a state changes. */
static bool
qemuStreamsBecomeLocked(qemuStreams *self, qemuStream *stream, virDomainStreamDiskStatus state)
{
    virDomainStreamDiskStatus before = stream->state;

    if (!qemuStreamMayBecome(stream, state))
        return false;
    LOG_DEBUG("domain %s disk %s: state %d to %d", virDomainGetName(stream->dom),
              stream->target, before, state);
    if (before == VIR_DOMAIN_STREAM_DISK_STARTING) {
        stream->state = VIR_DOMAIN_STREAM_DISK_RUNNING;
        qemuStreamsPublish(self, stream, VIR_DOMAIN_STREAM_DISK_EVENT_STARTED);
    }
    stream->state = state;
    return true;
}

static int
qemuStreamsCompareAge(const void *a, const void *b)
{
    const qemuStream *first = *(qemuStream *const *) a;
    const qemuStream *second = *(qemuStream *const *) b;

    return (first->began > second->began) - (first->began < second->began);
}

static GPtrArray *
qemuStreamsListActiveLocked(qemuStreams *self, virDomainPtr dom)
{
    GPtrArray *streams = g_ptr_array_new_with_free_func((GDestroyNotify) qemuStreamUnref);
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, self->table);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        qemuStream *stream = value;

        if (qemuStreamIsActive(stream) && (!dom || qemuStreamsSameDomain(stream->dom, dom)))
            g_ptr_array_add(streams, qemuStreamRef(stream));
    }
    g_ptr_array_sort(streams, qemuStreamsCompareAge);
    return streams;
}

GPtrArray *
qemuStreamsListActive(qemuStreams *self, virDomainPtr dom)
{
    LOCK_SCOPE(&self->lock);

    return qemuStreamsListActiveLocked(self, dom);
}

static qemuStream *
qemuStreamsFindLocked(qemuStreams *self, virDomainPtr dom, const char *disk)
{
    g_autofree char *key = qemuStreamsKey(dom, disk);
    qemuStream *found = g_hash_table_lookup(self->table, key);
    GHashTableIter iter;
    void *value;

    if (found || *disk != '/')
        return found;
    g_hash_table_iter_init(&iter, self->table);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        qemuStream *stream = value;

        if (!g_strcmp0(stream->source, disk) && qemuStreamsSameDomain(stream->dom, dom))
            return stream;
    }
    return NULL;
}

qemuStream *
qemuStreamsFind(qemuStreams *self, virDomainPtr dom, const char *disk)
{
    LOCK_SCOPE(&self->lock);
    qemuStream *found = qemuStreamsFindLocked(self, dom, disk);

    return found ? qemuStreamRef(found) : NULL;
}

qemuStream *
qemuStreamsFindActive(qemuStreams *self, virDomainPtr dom, const char *disk)
{
    LOCK_SCOPE(&self->lock);
    qemuStream *found = qemuStreamsFindLocked(self, dom, disk);

    return found && qemuStreamIsActive(found) ? qemuStreamRef(found) : NULL;
}

/* Gives the turn to a stream of @dom, if none has it. Its speed follows: SpeedWanted. */
static void
qemuStreamsPassTurnLocked(qemuStreams *self, virDomainPtr dom)
{
    g_autoptr(GPtrArray) streams = qemuStreamsListActiveLocked(self, dom);
    qemuStream *next = qemuTurnNext(streams);

    if (next)
        next->held = false;
}

static qemuStream *
qemuStreamsAdd(qemuStreams *self, virDomainPtr dom, const qemuDisk *disk)
{
    qemuStream *before = qemuStreamsFindLocked(self, dom, disk->target);
    qemuStream *stream;

    if (before && qemuStreamIsActive(before))
        return NULL;
    stream = qemuStreamNew(dom, disk);
    if (before)
        stream->echoes = before->echoes;
    stream->held = self->turns;
    g_hash_table_replace(self->table, qemuStreamsKey(dom, disk->target), stream);
    qemuStreamsPassTurnLocked(self, dom);
    return qemuStreamRef(stream);
}

qemuStream *
qemuStreamsBegin(qemuStreams *self, virDomainPtr dom, const qemuDisk *disk,
                 const char *base, guint32 deepest, unsigned long long limit)
{
    LOCK_SCOPE(&self->lock);
    qemuStream *stream = qemuStreamsAdd(self, dom, disk);

    if (!stream)
        return NULL;
    stream->base = g_strdup(base);
    stream->deepest = deepest;
    stream->limit = limit;
    stream->speed = qemuTurnSpeed(stream->held, limit);
    return stream;
}

qemuStream *
qemuStreamsAdopt(qemuStreams *self, virDomainPtr dom, const qemuDisk *disk,
                 unsigned long long speed, bool announce)
{
    LOCK_SCOPE(&self->lock);
    qemuStream *stream = qemuStreamsAdd(self, dom, disk);

    if (!stream)
        return NULL;
    stream->speed = speed;
    if (disk->depth == 1)
        stream->deepest = G_MAXUINT32; /* whoever started it can have meant nothing else */
    /* held by a virtstreamd, which alone may let it go */
    stream->limit = self->turns && speed == QEMU_TURN_HELD_SPEED ? 0 : speed;
    if (announce)
        qemuStreamsBecomeLocked(self, stream, VIR_DOMAIN_STREAM_DISK_RUNNING);
    else
        stream->state = VIR_DOMAIN_STREAM_DISK_RUNNING;
    return stream;
}

void
qemuStreamsForget(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);
    g_autofree char *key = qemuStreamsKey(stream->dom, stream->target);

    if (stream->state == VIR_DOMAIN_STREAM_DISK_STARTING) {
        stream->state = VIR_DOMAIN_STREAM_DISK_FAILED; /* unheard: nobody knew of it */
        g_hash_table_remove(self->table, key);
        qemuStreamsPassTurnLocked(self, stream->dom);
    }
}

void
qemuStreamsConfirm(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    if (stream->state == VIR_DOMAIN_STREAM_DISK_STARTING)
        qemuStreamsBecomeLocked(self, stream, VIR_DOMAIN_STREAM_DISK_RUNNING);
}

void
qemuStreamsSetStopping(qemuStreams *self, qemuStream *stream, bool stopping)
{
    LOCK_SCOPE(&self->lock);

    if (stopping)
        qemuStreamsBecomeLocked(self, stream, VIR_DOMAIN_STREAM_DISK_STOPPING);
    else if (stream->state == VIR_DOMAIN_STREAM_DISK_STOPPING)
        qemuStreamsBecomeLocked(self, stream, VIR_DOMAIN_STREAM_DISK_RUNNING);
}

static virDomainStreamDiskEvent
qemuStreamsEndEvent(virDomainStreamDiskStatus state)
{
    switch (state) {
    case VIR_DOMAIN_STREAM_DISK_COMPLETED:
        return VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED;
    case VIR_DOMAIN_STREAM_DISK_STOPPED:
        return VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED;
    default:
        return VIR_DOMAIN_STREAM_DISK_EVENT_FAILED;
    }
}

void
qemuStreamsEnd(qemuStreams *self, qemuStream *stream, virDomainStreamDiskStatus state,
               const char *reason, bool echo)
{
    LOCK_SCOPE(&self->lock);
    guint64 total = stream->progress.total;

    if (stream->state == VIR_DOMAIN_STREAM_DISK_STOPPING && state == VIR_DOMAIN_STREAM_DISK_STOPPED)
        reason = "stopped on request";
    if (!qemuStreamsBecomeLocked(self, stream, state))
        return;
    stream->held = false;
    if (echo)
        stream->echoes++;
    if (state == VIR_DOMAIN_STREAM_DISK_COMPLETED)
        qemuProgressSet(&stream->progress, total, total);
    else
        stream->reason = g_strdup(stream->error ? stream->error : reason);
    LOG_INFO("stream of disk %s of domain %s ended%s%s", stream->target,
             virDomainGetName(stream->dom), stream->reason ? ": " : "",
             stream->reason ? stream->reason : "");
    qemuStreamsPublish(self, stream, qemuStreamsEndEvent(state));
    qemuStreamsPassTurnLocked(self, stream->dom);
}

bool
qemuStreamsTakeEcho(qemuStreams *self, virDomainPtr dom, const char *target)
{
    LOCK_SCOPE(&self->lock);
    qemuStream *stream = qemuStreamsFindLocked(self, dom, target);

    if (!stream || stream->echoes == 0)
        return false;
    stream->echoes--;
    return true;
}

bool
qemuStreamsAwaitsEcho(qemuStreams *self, virDomainPtr dom, const char *target)
{
    LOCK_SCOPE(&self->lock);
    qemuStream *stream = qemuStreamsFindLocked(self, dom, target);

    return stream && stream->echoes > 0;
}

void
qemuStreamsForgetEchoes(qemuStreams *self)
{
    LOCK_SCOPE(&self->lock);
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, self->table);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ((qemuStream *) value)->echoes = 0;
}

void
qemuStreamsSetError(qemuStreams *self, qemuStream *stream, const char *error)
{
    LOCK_SCOPE(&self->lock);

    if (!stream->error)
        stream->error = g_strdup(error);
}

guint
qemuStreamsSpeedSerial(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return stream->speedSerial;
}

void
qemuStreamsSample(qemuStreams *self, qemuStream *stream, guint64 done, guint64 total,
                  unsigned long long speed, guint serial, bool tick)
{
    LOCK_SCOPE(&self->lock);

    if (!qemuStreamIsActive(stream))
        return;
    stream->missed = 0;
    qemuProgressSet(&stream->progress, done, total);
    if (speed != stream->speed && serial % 2 == 0 && serial == stream->speedSerial)
        stream->limit = stream->speed = speed;
    if (tick && stream->state == VIR_DOMAIN_STREAM_DISK_RUNNING) {
        qemuProgressMark(&stream->progress, g_get_monotonic_time());
        qemuStreamsPublish(self, stream, VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS);
    }
}

unsigned int
qemuStreamsMissed(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return ++stream->missed;
}

unsigned long long
qemuStreamsSetLimit(qemuStreams *self, qemuStream *stream, unsigned long long limit)
{
    LOCK_SCOPE(&self->lock);
    unsigned long long before = stream->limit;

    stream->limit = limit;
    return before;
}

bool
qemuStreamsSpeedWanted(qemuStreams *self, qemuStream *stream, unsigned long long *speed)
{
    LOCK_SCOPE(&self->lock);
    unsigned long long wanted = qemuTurnSpeed(stream->held, stream->limit);

    if (stream->state != VIR_DOMAIN_STREAM_DISK_RUNNING || wanted == stream->speed ||
        stream->speedSerial % 2)
        return false;
    stream->speedSerial++;
    *speed = wanted;
    return true;
}

void
qemuStreamsSpeedSet(qemuStreams *self, qemuStream *stream, unsigned long long speed, bool success)
{
    LOCK_SCOPE(&self->lock);

    stream->speedSerial++;
    if (success)
        stream->speed = speed;
}

virDomainPtr
qemuStreamsGetDomain(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    virDomainRef(stream->dom);
    return stream->dom;
}

void
qemuStreamsSetDomain(qemuStreams *self, qemuStream *stream, virDomainPtr dom)
{
    g_autoptr(virDomain) before = NULL; /* freed after the lock: that may close a connection */
    LOCK_SCOPE(&self->lock);

    virDomainRef(dom);
    before = stream->dom;
    stream->dom = dom;
}

bool
qemuStreamsIsActive(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return qemuStreamIsActive(stream);
}

int
qemuStreamsGetState(qemuStreams *self, qemuStream *stream, virDomainStreamDiskStatePtr state)
{
    LOCK_SCOPE(&self->lock);
    virDomainStreamDiskState result = {
        .offset = stream->progress.done,
        .size = stream->progress.total,
    };

    if (g_strlcpy(result.alias, stream->alias, sizeof(result.alias)) >= sizeof(result.alias) ||
        g_strlcpy(result.target, stream->target, sizeof(result.target)) >= sizeof(result.target)) {
        errorReport(VIR_ERR_OVERFLOW, "the alias of disk '%s' is too long", stream->target);
        return -1;
    }
    *state = result;
    return 0;
}

qemuStreamsHydrationNeeds
qemuStreamsGetHydrationNeeds(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);
    guint64 pulled = qemuProgressLatest(&stream->progress);

    return (qemuStreamsHydrationNeeds) {
        .wanted = stream->state == VIR_DOMAIN_STREAM_DISK_RUNNING && !stream->held &&
                  stream->deepest >= 2,
        .deepest = stream->deepest,
        .limited = stream->limit > 0,
        .bandwidth = stream->limit > pulled ? stream->limit - pulled : 0,
    };
}

void
qemuStreamsSetHydration(qemuStreams *self, qemuStream *stream,
                        const qemuHydratorFigures *figures, const char *reason)
{
    LOCK_SCOPE(&self->lock);

    stream->hydrating = figures != NULL;
    if (figures)
        stream->hydration = *figures;
    g_free(stream->unhydrated);
    stream->unhydrated = g_strdup(reason);
}

streamEntry *
qemuStreamsGetEntry(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return qemuStreamGetEntry(stream, g_get_monotonic_time());
}

void
qemuStreamsForgetEnded(qemuStreams *self, virDomainPtr dom)
{
    LOCK_SCOPE(&self->lock);
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, self->table);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        qemuStream *stream = value;

        if (!qemuStreamIsActive(stream) && qemuStreamsSameDomain(stream->dom, dom))
            g_hash_table_iter_remove(&iter);
    }
}
