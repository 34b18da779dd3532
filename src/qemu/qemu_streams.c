/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_streams.c: a guest's list, and whose turn it is */

#include "qemu/qemu_streams.h"

#include "qemu/qemu_life.h"
#include "qemu/qemu_speed.h"
#include "util/lock.h"

qemuStream *
qemuStreamsGet(const qemuGuest *guest, const char *target)
{
    for (guint i = 0; i < guest->streams->len; i++) {
        qemuStream *stream = g_ptr_array_index(guest->streams, i);

        if (g_str_equal(stream->target, target))
            return stream;
    }
    return NULL;
}

static qemuStream *
qemuStreamsGetNamed(const qemuGuest *guest, const char *disk)
{
    qemuStream *stream = qemuStreamsGet(guest, disk);

    /* from the newest: a path can have been another disk's */
    for (guint i = guest->streams->len; !stream && i > 0; i--) {
        qemuStream *other = g_ptr_array_index(guest->streams, i - 1);

        if (!g_strcmp0(*disk == '/' ? other->source : other->alias, disk))
            stream = other;
    }
    return stream;
}

qemuStream *
qemuStreamsFind(qemuGuestTable *table, virDomainPtr dom, const char *disk)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(table, dom);
    LOCK_SCOPE(&guest->lock);
    qemuStream *found = qemuStreamsGetNamed(guest, disk);

    return found ? qemuStreamRef(found) : NULL;
}

qemuStream *
qemuStreamsFindActive(qemuGuestTable *table, virDomainPtr dom, const char *disk)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(table, dom);
    LOCK_SCOPE(&guest->lock);
    qemuStream *found = qemuStreamsGetNamed(guest, disk);

    return found && qemuStreamIsActive(found) ? qemuStreamRef(found) : NULL;
}

static GPtrArray *
qemuStreamsNewList(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify) qemuStreamUnref);
}

static void
qemuStreamsAddActive(const qemuGuest *guest, GPtrArray *list)
{
    for (guint i = 0; i < guest->streams->len; i++) {
        qemuStream *stream = g_ptr_array_index(guest->streams, i);

        if (qemuStreamIsActive(stream))
            g_ptr_array_add(list, qemuStreamRef(stream));
    }
}

GPtrArray *
qemuStreamsListActive(const qemuGuest *guest)
{
    GPtrArray *list = qemuStreamsNewList();

    qemuStreamsAddActive(guest, list);
    return list;
}

GPtrArray *
qemuStreamsGetActive(qemuGuest *guest)
{
    LOCK_SCOPE(&guest->lock);

    return qemuStreamsListActive(guest);
}

static int
qemuStreamsCompareAge(const void *a, const void *b)
{
    const qemuStream *first = *(qemuStream *const *) a;
    const qemuStream *second = *(qemuStream *const *) b;

    return (first->began > second->began) - (first->began < second->began);
}

GPtrArray *
qemuStreamsListAllActive(qemuGuestTable *table)
{
    g_autoptr(GPtrArray) guests = qemuGuestList(table);
    GPtrArray *list = qemuStreamsNewList();

    for (guint i = 0; i < guests->len; i++) {
        qemuGuest *guest = g_ptr_array_index(guests, i);
        LOCK_SCOPE(&guest->lock);

        qemuStreamsAddActive(guest, list);
    }
    g_ptr_array_sort(list, qemuStreamsCompareAge);
    return list;
}

/* Takes all out of the list that are not to @stay. References may be the last. */
static GPtrArray *
qemuStreamsTakeOut(qemuGuest *guest, bool (*stay)(const qemuStream *stream))
{
    GPtrArray *taken = qemuStreamsNewList();

    for (guint i = guest->streams->len; i > 0; i--) {
        qemuStream *stream = g_ptr_array_index(guest->streams, i - 1);

        if (!stay || !stay(stream))
            g_ptr_array_add(taken, g_ptr_array_remove_index(guest->streams, i - 1));
    }
    return taken;
}

static GPtrArray *
qemuStreamsTakeAll(qemuGuest *guest)
{
    LOCK_SCOPE(&guest->lock);

    return qemuStreamsTakeOut(guest, NULL);
}

void
qemuStreamsForgetAll(qemuGuestTable *table)
{
    g_autoptr(GPtrArray) guests = qemuGuestList(table);

    for (guint i = 0; i < guests->len; i++) {
        qemuGuest *guest = g_ptr_array_index(guests, i);

        g_ptr_array_unref(qemuStreamsTakeAll(guest));
        qemuGuestSetOwing(guest, false);
    }
}

/* Gives the turn to one of those that wait, if none has it. Its speed follows: qemu_speed.h. */
static void
qemuStreamsPassTurn(qemuGuest *guest)
{
    g_autoptr(GPtrArray) active = qemuStreamsListActive(guest);
    qemuStream *next = qemuSpeedNextTurn(active);

    if (next)
        next->waitingTurn = false;
}

/* A new stream, in the place of the one of its disk that ended, and with the turn if that is free;
 * NULL if the disk has an active one. No reference. */
static qemuStream *
qemuStreamsAdd(qemuGuest *guest, const domainDisk *disk)
{
    qemuStream *before = qemuStreamsGet(guest, disk->target);
    qemuStream *stream;

    if (before && qemuStreamIsActive(before))
        return NULL;
    stream = qemuStreamNew(guest, disk);
    stream->waitingTurn = guest->config->turns;
    if (before) {
        stream->staleEnds = before->staleEnds;
        g_ptr_array_remove(guest->streams, before);
        qemuStreamUnref(before);
    }
    g_ptr_array_add(guest->streams, stream);
    qemuStreamsPassTurn(guest);
    return stream;
}

qemuStream *
qemuStreamsBegin(qemuGuest *guest, const domainDisk *disk, const char *base,
                 const streamSettings *settings)
{
    qemuStream *stream = qemuStreamsAdd(guest, disk);

    if (!stream)
        return NULL;
    stream->base = g_strdup(base);
    stream->settings = *settings;
    stream->startedByUs = true;
    qemuSpeedBegin(stream);
    return qemuStreamRef(stream);
}

qemuStream *
qemuStreamsDiscover(qemuGuest *guest, const domainDisk *disk, unsigned long long speed,
                    const qemuStreamKept *kept, bool announce)
{
    qemuStream *stream = qemuStreamsAdd(guest, disk);

    if (!stream)
        return NULL;
    stream->settings = kept->settings;
    stream->jobPaused = kept->jobPaused;
    stream->guestSuspended = kept->guestSuspended;
    qemuSpeedFound(stream, speed);
    qemuLifeRun(stream, announce);
    return qemuStreamRef(stream);
}

void
qemuStreamsRefuse(qemuStream *stream)
{
    if (stream->state != VIR_DOMAIN_STREAM_DISK_STATE_STARTING)
        return;
    qemuLifeRefuse(stream);
    g_ptr_array_remove(stream->guest->streams, stream);
    qemuStreamsPassTurn(stream->guest);
    qemuStreamUnref(stream); /* the list's */
}

void
qemuStreamsEnd(qemuStream *stream, virDomainStreamDiskStateType state, const char *reason,
               bool staleEnd)
{
    if (!qemuStreamIsActive(stream))
        return;
    qemuLifeEnd(stream, state, reason);
    if (staleEnd)
        stream->staleEnds++;
    qemuStreamsPassTurn(stream->guest);
}

/* Bytes that are left of those that wait for their turn */
static guint64
qemuStreamsGetWaiting(const qemuGuest *guest)
{
    guint64 waiting = 0;

    for (guint i = 0; i < guest->streams->len; i++) {
        const qemuStream *stream = g_ptr_array_index(guest->streams, i);

        if (stream->waitingTurn)
            waiting += streamProgressLeft(&stream->progress);
    }
    return waiting;
}

/* One second more, which the others may wait for */
static void
qemuStreamsTick(qemuStream *stream, gint64 now)
{
    if (stream->state != VIR_DOMAIN_STREAM_DISK_STATE_RUNNING)
        return;
    streamProgressMark(&stream->progress, now);
    streamProgressMark(&stream->copying, now);
    if (!stream->waitingTurn)
        qemuStreamStepPlan(stream, qemuStreamsGetWaiting(stream->guest), now);
    qemuLifeTick(stream);
}

void
qemuStreamsSample(qemuStream *stream, guint64 done, guint64 total, unsigned long long speed,
                  guint serial, bool tick)
{
    if (!qemuStreamIsActive(stream))
        return;
    stream->noJobCount = 0;
    streamProgressSet(&stream->progress, done, total);
    qemuSpeedSeen(stream, speed, serial);
    if (tick)
        qemuStreamsTick(stream, g_get_monotonic_time());
}

void
qemuStreamsForgetStaleEnds(qemuGuest *guest)
{
    for (guint i = 0; i < guest->streams->len; i++)
        ((qemuStream *) g_ptr_array_index(guest->streams, i))->staleEnds = 0;
}

void
qemuStreamsForgetEnded(qemuGuest *guest)
{
    g_ptr_array_unref(qemuStreamsTakeOut(guest, qemuStreamIsActive));
    guest->metadataKnown = false;
    g_clear_pointer(&guest->metadata, g_free);
}
