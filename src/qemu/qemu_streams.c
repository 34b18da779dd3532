/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams.c: a hash table of domains and their streams under one lock */

#include "qemu/qemu_streams.h"

#include "qemu/qemu_domain.h"
#include "qemu/qemu_life.h"
#include "qemu/qemu_speed.h"
#include "qemu/qemu_stats.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

LOG_INIT("qemu.streams");

struct _qemuStreams {
    qemuDomainConfig config; /* constant */
    GMutex lock;             /* protects all below; the lock of stream/stream_event.c nests in it */
    GHashTable *domains;     /* UUID -> qemuDomain */
};

qemuStreams *
qemuStreamsNew(void *publisher, bool turns, const char *unhydratable)
{
    qemuStreams *self = g_new0(qemuStreams, 1);

    self->config = (qemuDomainConfig) {
        .publisher = publisher,
        .turns = turns,
        .unhydratable = unhydratable,
    };
    g_mutex_init(&self->lock);
    self->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) qemuDomainFree);
    return self;
}

void
qemuStreamsFree(qemuStreams *self)
{
    if (!self)
        return;
    g_hash_table_unref(self->domains);
    g_mutex_clear(&self->lock);
    g_free(self);
}

const char *
qemuStreamsUnhydratable(qemuStreams *self)
{
    return self->config.unhydratable;
}

/* NULL: it has no streams. */
static qemuDomain *
qemuStreamsGet(qemuStreams *self, virDomainPtr dom)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(dom, uuid);
    return g_hash_table_lookup(self->domains, uuid);
}

static qemuDomain *
qemuStreamsMake(qemuStreams *self, virDomainPtr dom)
{
    qemuDomain *domain = qemuStreamsGet(self, dom);
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    if (domain)
        return domain;
    virDomainGetUUIDString(dom, uuid);
    domain = qemuDomainNew(&self->config);
    g_hash_table_insert(self->domains, g_strdup(uuid), domain);
    return domain;
}

static int
qemuStreamsCompareAge(const void *a, const void *b)
{
    const qemuStream *first = *(qemuStream *const *) a;
    const qemuStream *second = *(qemuStream *const *) b;

    return (first->began > second->began) - (first->began < second->began);
}

GPtrArray *
qemuStreamsListActive(qemuStreams *self, virDomainPtr dom)
{
    LOCK_SCOPE(&self->lock);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) qemuStreamUnref);
    qemuDomain *domain = dom ? qemuStreamsGet(self, dom) : NULL;
    GHashTableIter iter;

    if (domain)
        qemuDomainListActive(domain, list);
    g_hash_table_iter_init(&iter, self->domains);
    while (!dom && g_hash_table_iter_next(&iter, NULL, (void **) &domain))
        qemuDomainListActive(domain, list);
    g_ptr_array_sort(list, qemuStreamsCompareAge);
    return list;
}

static qemuStream *
qemuStreamsFindLocked(qemuStreams *self, virDomainPtr dom, const char *disk)
{
    qemuDomain *domain = qemuStreamsGet(self, dom);

    return domain ? qemuDomainFind(domain, disk) : NULL;
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

qemuStream *
qemuStreamsBegin(qemuStreams *self, virDomainPtr dom, const domainDisk *disk, const char *base,
                 const streamSettings *settings)
{
    LOCK_SCOPE(&self->lock);
    qemuStream *stream = qemuDomainAdd(qemuStreamsMake(self, dom), dom, disk);

    if (!stream)
        return NULL;
    stream->base = g_strdup(base);
    stream->settings = *settings;
    stream->own = true;
    stream->speed = qemuSpeedGet(stream);
    return qemuStreamRef(stream);
}

qemuStream *
qemuStreamsAdopt(qemuStreams *self, virDomainPtr dom, const domainDisk *disk,
                 unsigned long long speed, const qemuStreamKept *kept, bool announce)
{
    LOCK_SCOPE(&self->lock);
    qemuStream *stream = qemuDomainAdd(qemuStreamsMake(self, dom), dom, disk);

    if (!stream)
        return NULL;
    stream->settings = kept->settings;
    stream->jobPaused = kept->jobPaused;
    stream->guestSuspended = kept->guestSuspended;
    qemuSpeedFound(stream, speed, self->config.turns);
    qemuLifeRun(stream, announce);
    return qemuStreamRef(stream);
}

void
qemuStreamsForget(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    if (stream->state == VIR_DOMAIN_STREAM_DISK_STATE_STARTING)
        qemuDomainRefuse(qemuStreamsGet(self, stream->dom), stream);
}

void
qemuStreamsConfirm(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    qemuLifeRun(stream, true);
}

void
qemuStreamsSetStopping(qemuStreams *self, qemuStream *stream, bool stopping)
{
    LOCK_SCOPE(&self->lock);

    qemuLifeSetStopping(stream, stopping);
}

void
qemuStreamsEnd(qemuStreams *self, qemuStream *stream, virDomainStreamDiskStateType state,
               const char *reason, bool echo)
{
    LOCK_SCOPE(&self->lock);

    if (qemuStreamIsActive(stream))
        qemuDomainEnd(qemuStreamsGet(self, stream->dom), stream, state, reason, echo);
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
    void *domain;

    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &domain))
        qemuDomainForgetEchoes(domain);
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
    streamProgressSet(&stream->progress, done, total);
    qemuSpeedSeen(stream, speed, serial);
    if (tick)
        qemuDomainTick(qemuStreamsGet(self, stream->dom), stream, g_get_monotonic_time());
}

void
qemuStreamsQuieten(qemuStreams *self, qemuStream *stream, gint64 us)
{
    LOCK_SCOPE(&self->lock);

    stream->quiet = g_get_monotonic_time() + us;
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

    return qemuSpeedWanted(stream, speed);
}

void
qemuStreamsSpeedSet(qemuStreams *self, qemuStream *stream, unsigned long long speed, bool success)
{
    LOCK_SCOPE(&self->lock);

    qemuSpeedTold(stream, speed, success);
}

void
qemuStreamsSetEndHeld(qemuStreams *self, qemuStream *stream, bool held)
{
    LOCK_SCOPE(&self->lock);

    stream->endHeld = held;
    stream->endNoted = held;
}

bool
qemuStreamsHoldWanted(qemuStreams *self, qemuStream *stream, bool *pause)
{
    LOCK_SCOPE(&self->lock);

    if (stream->jobTold || stream->endHeld == stream->jobPaused || !qemuStreamIsActive(stream))
        return false;
    stream->jobTold = true;
    *pause = stream->endHeld;
    return true;
}

void
qemuStreamsHoldTold(qemuStreams *self, qemuStream *stream, bool pause, bool success)
{
    LOCK_SCOPE(&self->lock);

    stream->jobTold = false;
    if (success)
        stream->jobPaused = pause;
}

bool
qemuStreamsIsJobPaused(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return stream->jobPaused;
}

void
qemuStreamsSetGuestSuspended(qemuStreams *self, qemuStream *stream, bool suspended)
{
    LOCK_SCOPE(&self->lock);

    stream->guestSuspended = suspended;
}

bool
qemuStreamsIsGuestLeft(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return stream->guestSuspended && !stream->own;
}

bool
qemuStreamsSetTailOpen(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    stream->tailOpen = !stream->tailFilled;
    return stream->tailOpen;
}

void
qemuStreamsSetTailFilled(qemuStreams *self, qemuStream *stream, bool late)
{
    LOCK_SCOPE(&self->lock);

    if (stream->tailOpen && late) {
        stream->tailUs = g_get_monotonic_time() - stream->began;
        LOG_WARNING(
            "the guest of domain %s could read wrong data of disk %s, beyond the end of the "
            "image below it, for %d ms",
            virDomainGetName(stream->dom), stream->target, (int) (stream->tailUs / 1000));
    }
    stream->tailFilled = true;
    stream->tailOpen = false;
}

void
qemuStreamsSetEndSafe(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    stream->endSafe = true;
}

void
qemuStreamsSetJobCompleted(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    stream->jobCompleted = true;
}

bool
qemuStreamsIsJobCompleted(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return stream->jobCompleted;
}

void
qemuStreamsNoteFlushed(qemuStreams *self, qemuStream *stream, gint64 us)
{
    LOCK_SCOPE(&self->lock);

    if (!stream->endSafe)
        stream->unflushedUs = us;
}

bool
qemuStreamsPolicyWanted(qemuStreams *self, virDomainPtr dom, char **policy)
{
    LOCK_SCOPE(&self->lock);
    qemuDomain *domain = qemuStreamsGet(self, dom);

    return domain && qemuDomainPolicyWanted(domain, policy);
}

void
qemuStreamsPolicyKept(qemuStreams *self, virDomainPtr dom, const char *policy, bool success)
{
    LOCK_SCOPE(&self->lock);

    qemuDomainPolicyKept(qemuStreamsMake(self, dom), policy, success);
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

    return qemuStatsGetState(stream, state);
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
qemuStreamsSetHydration(qemuStreams *self, qemuStream *stream, const streamHydrationStats *figures)
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

streamRecord *
qemuStreamsGetEntry(qemuStreams *self, qemuStream *stream)
{
    LOCK_SCOPE(&self->lock);

    return qemuStatsGetEntry(stream, g_get_monotonic_time());
}

void
qemuStreamsForgetEnded(qemuStreams *self, virDomainPtr dom)
{
    LOCK_SCOPE(&self->lock);
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    qemuDomain *domain = qemuStreamsGet(self, dom);

    virDomainGetUUIDString(dom, uuid);
    if (domain && !qemuDomainForgetEnded(domain))
        g_hash_table_remove(self->domains, uuid);
}
