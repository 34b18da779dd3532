/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams.c: a hash table of streams under one lock */

#include "qemu/qemu_streams.h"

#include "qemu/qemu_policy.h"
#include "qemu/qemu_turn.h"
#include "stream_event.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define QEMU_STREAMS_QUIET (2 * G_USEC_PER_SEC)

LOG_INIT("qemu.streams");

struct _qemuStreams {
    void *publisher;
    bool turns;
    const char *unhydratable;
    GMutex lock;       /* protects all below; the lock of stream_event.c nests in it */
    GHashTable *table; /* "UUID/target" -> qemuStream */
    GHashTable *policies; /* "UUID/" -> what the domain's metadata keeps */
    GHashTable *keeping;  /* "UUID/", while a thread changes that */
};

qemuStreams *
qemuStreamsNew(void *publisher, bool turns, const char *unhydratable)
{
    qemuStreams *self = g_new0(qemuStreams, 1);

    self->publisher = publisher;
    self->turns = turns;
    self->unhydratable = unhydratable;
    g_mutex_init(&self->lock);
    self->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) qemuStreamUnref);
    self->policies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->keeping = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return self;
}

void
qemuStreamsFree(qemuStreams *self)
{
    if (!self)
        return;
    g_hash_table_unref(self->table);
    g_hash_table_unref(self->policies);
    g_hash_table_unref(self->keeping);
    g_mutex_clear(&self->lock);
    g_free(self);
}

const char *
qemuStreamsUnhydratable(qemuStreams *self)
{
    return self->unhydratable;
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
qemuStreamsAdd(qemuStreams *self, virDomainPtr dom, const domainDisk *disk)
{
    qemuStream *before = qemuStreamsFindLocked(self, dom, disk->target);
    qemuStream *stream;

    if (before && qemuStreamIsActive(before))
        return NULL;
    stream = qemuStreamNew(dom, disk);
    stream->unhydratable = self->unhydratable;
    if (before)
        stream->echoes = before->echoes;
    stream->held = self->turns;
    g_hash_table_replace(self->table, qemuStreamsKey(dom, disk->target), stream);
    qemuStreamsPassTurnLocked(self, dom);
    return qemuStreamRef(stream);
}

qemuStream *
qemuStreamsBegin(qemuStreams *self, virDomainPtr dom, const domainDisk *disk,
                 const char *base, const streamSettings *settings)
{
    LOCK_SCOPE(&self->lock);
    qemuStream *stream = qemuStreamsAdd(self, dom, disk);

    if (!stream)
        return NULL;
    stream->base = g_strdup(base);
    stream->settings = *settings;
    stream->own = true;
    stream->speed = qemuTurnSpeed(stream->held, qemuStreamGetLimit(stream));
    return stream;
}

qemuStream *
qemuStreamsAdopt(qemuStreams *self, virDomainPtr dom, const domainDisk *disk,
                 unsigned long long speed, const streamSettings *kept, bool announce)
{
    LOCK_SCOPE(&self->lock);
    qemuStream *stream = qemuStreamsAdd(self, dom, disk);

    if (!stream)
        return NULL;
    stream->speed = speed;
    stream->settings = *kept;
    /* somebody set it, unless a virtstreamd held the job, or paced it */
    if (!self->turns || (speed != QEMU_TURN_HELD_SPEED && kept->deadline == 0))
        stream->settings.bandwidth = speed;
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

    if (stream->state == VIR_DOMAIN_STREAM_DISK_STOPPING && state == VIR_DOMAIN_STREAM_DISK_STOPPED)
        reason = "stopped on request";
    if (!qemuStreamsBecomeLocked(self, stream, state))
        return;
    stream->held = false;
    if (echo)
        stream->echoes++;
    if (state == VIR_DOMAIN_STREAM_DISK_COMPLETED) {
        qemuProgressComplete(&stream->progress);
        qemuProgressComplete(&stream->copying);
    } else
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

static void
qemuStreamsPaceLocked(qemuStreams *self, qemuStream *stream)
{
    g_autoptr(GPtrArray) streams = qemuStreamsListActiveLocked(self, stream->dom);
    guint64 waiting = 0;

    for (guint i = 0; i < streams->len; i++) {
        const qemuStream *other = g_ptr_array_index(streams, i);

        if (other->held)
            waiting += qemuProgressLeft(&other->progress);
    }
    if (!stream->held)
        qemuStreamStepPace(stream, waiting, g_get_monotonic_time());
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
        stream->settings.bandwidth = stream->speed = speed;
    if (tick && stream->state == VIR_DOMAIN_STREAM_DISK_RUNNING) {
        qemuProgressMark(&stream->progress, g_get_monotonic_time());
        qemuProgressMark(&stream->copying, g_get_monotonic_time());
        qemuStreamsPaceLocked(self, stream);
        qemuStreamsPublish(self, stream, VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS);
    }
}

void
qemuStreamsQuieten(qemuStreams *self, virDomainPtr dom)
{
    LOCK_SCOPE(&self->lock);
    g_autoptr(GPtrArray) streams = qemuStreamsListActiveLocked(self, dom);

    for (guint i = 0; i < streams->len; i++)
        ((qemuStream *) g_ptr_array_index(streams, i))->quiet =
            g_get_monotonic_time() + QEMU_STREAMS_QUIET;
}

bool
qemuStreamsIsQuiet(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return g_get_monotonic_time() < stream->quiet;
}

unsigned int
qemuStreamsMissed(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return ++stream->missed;
}

streamSettings
qemuStreamsChange(qemuStreams *self, qemuStream *stream, const streamSettings *change)
{
    LOCK_SCOPE(&self->lock);
    streamSettings before = stream->settings;

    streamSettingsMerge(&stream->settings, change);
    return before;
}

void
qemuStreamsTune(qemuStreams *self, qemuStream *stream, guint64 iotune)
{
    LOCK_SCOPE(&self->lock);

    stream->iotune = iotune;
}

bool
qemuStreamsSpeedWanted(qemuStreams *self, qemuStream *stream, unsigned long long *speed)
{
    LOCK_SCOPE(&self->lock);
    guint64 limit = stream->own ? qemuStreamGetLimit(stream) : stream->settings.bandwidth;
    unsigned long long wanted = qemuTurnSpeed(stream->held, qemuPaceLimit(&stream->pace, limit));

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

bool
qemuStreamsPolicyWanted(qemuStreams *self, virDomainPtr dom, char **policy)
{
    LOCK_SCOPE(&self->lock);
    g_autoptr(GPtrArray) streams = qemuStreamsListActiveLocked(self, dom);
    g_autofree char *wanted = qemuPolicyFormat(streams);
    g_autofree char *key = qemuStreamsKey(dom, "");

    if (!self->turns || !g_strcmp0(wanted, g_hash_table_lookup(self->policies, key)) ||
        !g_hash_table_add(self->keeping, g_strdup(key)))
        return false;
    *policy = g_steal_pointer(&wanted);
    return true;
}

void
qemuStreamsPolicyKept(qemuStreams *self, virDomainPtr dom, const char *policy, bool success)
{
    LOCK_SCOPE(&self->lock);
    g_autofree char *key = qemuStreamsKey(dom, "");

    g_hash_table_remove(self->keeping, key);
    if (success)
        g_hash_table_replace(self->policies, g_steal_pointer(&key), g_strdup(policy));
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

    return qemuStreamGetState(stream, state);
}

qemuStreamHydrationNeeds
qemuStreamsGetHydrationNeeds(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return qemuStreamGetHydrationNeeds(stream);
}

void
qemuStreamsBeginHydration(qemuStreams *self, qemuStream *stream, guint32 deepest)
{
    LOCK_SCOPE(&self->lock);

    qemuStreamBeginHydration(stream, deepest);
}

void
qemuStreamsSetHydration(qemuStreams *self, qemuStream *stream, const qemuHydratorFigures *figures)
{
    LOCK_SCOPE(&self->lock);

    qemuStreamSetHydration(stream, figures);
}

void
qemuStreamsEndHydration(qemuStreams *self, qemuStream *stream, bool done, const char *reason)
{
    LOCK_SCOPE(&self->lock);

    qemuStreamEndHydration(stream, done, reason);
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
    g_autofree char *key = qemuStreamsKey(dom, "");
    GHashTableIter iter;
    void *value;

    g_hash_table_remove(self->policies, key);
    g_hash_table_iter_init(&iter, self->table);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        qemuStream *stream = value;

        if (!qemuStreamIsActive(stream) && qemuStreamsSameDomain(stream->dom, dom))
            g_hash_table_iter_remove(&iter);
    }
}
