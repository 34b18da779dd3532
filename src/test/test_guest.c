/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_guest.c: a list of streams under a lock, and their clocks */

#include "test/test_guest.h"

#include <string.h>

#include "stream/stream_event.h"
#include "util/error.h"
#include "util/lock.h"

#define VIR_FROM_THIS VIR_FROM_TEST

struct _testGuest {
    gatomicrefcount refs;
    char *run;
    streamRecord *domain; /* in whose image entries are made */

    GMutex lock;        /* protects all below; the lock of stream/stream_event.c nests in it */
    GPtrArray *streams; /* of testStream, the oldest first */
    gint64 now;         /* µs, monotonic, up to which real time has passed */
};

testGuest *
testGuestNew(virDomainPtr dom, const char *run)
{
    testGuest *self = g_new0(testGuest, 1);

    g_atomic_ref_count_init(&self->refs);
    g_mutex_init(&self->lock);
    self->run = g_strdup(run);
    self->domain = streamRecordNew(dom, "");
    self->streams = g_ptr_array_new_with_free_func((GDestroyNotify) testStreamFree);
    self->now = g_get_monotonic_time();
    return self;
}

testGuest *
testGuestRef(testGuest *self)
{
    g_atomic_ref_count_inc(&self->refs);
    return self;
}

void
testGuestUnref(testGuest *self)
{
    if (!self || !g_atomic_ref_count_dec(&self->refs))
        return;
    g_ptr_array_unref(self->streams);
    streamRecordFree(self->domain);
    g_mutex_clear(&self->lock);
    g_free(self->run);
    g_free(self);
}

const char *
testGuestGetRun(const testGuest *self)
{
    return self->run;
}

bool
testGuestIsSameDomain(const testGuest *self, const testGuest *other)
{
    return memcmp(self->domain->uuid, other->domain->uuid, VIR_UUID_BUFLEN) == 0;
}

static streamRecord *
testGuestGetEntry(const testGuest *self, const testStream *stream)
{
    streamRecord *entry = streamRecordNewSibling(self->domain, stream->target);

    testStreamAddStats(stream, entry);
    return entry;
}

static void
testGuestPublish(const testGuest *self, void *publisher, const testStream *stream, int event)
{
    if (event != TEST_STREAM_NO_EVENT)
        streamEventPublish(publisher, event, testGuestGetEntry(self, stream));
}

static guint64
testGuestLeft(const testStream *stream)
{
    return stream->plan.size - stream->done;
}

/* Of the active streams one has the turn; if none has it, the one with the least left. */
static void
testGuestPassTurn(testGuest *self)
{
    testStream *next = NULL;

    for (guint i = 0; i < self->streams->len; i++) {
        testStream *stream = g_ptr_array_index(self->streams, i);

        if (!testStreamIsActive(stream))
            continue;
        if (!stream->waitingTurn)
            return;
        if (!next || testGuestLeft(stream) < testGuestLeft(next))
            next = stream;
    }
    if (next)
        next->waitingTurn = false;
}

/* Lets @us pass for the streams of one of the clocks. */
static void
testGuestAdvance(testGuest *self, void *publisher, bool stepped, guint64 us)
{
    for (guint i = 0; i < self->streams->len; i++) {
        testStream *stream = g_ptr_array_index(self->streams, i);

        if (stream->plan.stepped == stepped)
            testGuestPublish(self, publisher, stream, testStreamAdvance(stream, us));
    }
    testGuestPassTurn(self);
}

/* Lets the real time pass, in parts short enough for streams to take turns in it. */
static void
testGuestCatchUp(testGuest *self, void *publisher)
{
    gint64 now = g_get_monotonic_time();

    while (self->now < now) {
        gint64 us = MIN(now - self->now, G_USEC_PER_SEC);

        self->now += us;
        testGuestAdvance(self, publisher, false, (guint64) us);
    }
}

static void
testGuestStep(testGuest *self, void *publisher)
{
    testGuestCatchUp(self, publisher);
    testGuestAdvance(self, publisher, true, G_USEC_PER_SEC);
}

static testStream *
testGuestFind(const testGuest *self, const char *target)
{
    for (guint i = 0; i < self->streams->len; i++) {
        testStream *stream = g_ptr_array_index(self->streams, i);

        if (g_str_equal(stream->target, target))
            return stream;
    }
    return NULL;
}

/* NULL and an error if it is not there or has ended. */
static testStream *
testGuestFindActive(const testGuest *self, const char *target)
{
    testStream *stream = testGuestFind(self, target);

    if (stream && testStreamIsActive(stream))
        return stream;
    errorReport(VIR_ERR_INVALID_ARG, "disk %s does not have an active block job", target);
    return NULL;
}

unsigned int
testGuestGetLayersGone(testGuest *self, const char *target)
{
    LOCK_SCOPE(&self->lock);
    const testStream *stream = testGuestFind(self, target);

    return stream ? stream->gone : 0;
}

/* With the time that has passed until now */
static int
testGuestCheckFreeLocked(testGuest *self, void *publisher, const char *target)
{
    const testStream *stream;

    testGuestCatchUp(self, publisher);
    stream = testGuestFind(self, target);
    if (!stream || !testStreamIsActive(stream))
        return 0;
    errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "disk '%s' already in active block job", target);
    return -1;
}

int
testGuestCheckFree(testGuest *self, void *publisher, const char *target)
{
    LOCK_SCOPE(&self->lock);

    return testGuestCheckFreeLocked(self, publisher, target);
}

int
testGuestStart(testGuest *self, void *publisher, testStream *stream)
{
    LOCK_SCOPE(&self->lock);
    g_autoptr(testStream) taken = stream;
    testStream *before;

    if (testGuestCheckFreeLocked(self, publisher, stream->target) < 0)
        return -1;
    if ((before = testGuestFind(self, stream->target))) {
        stream->gone = before->gone;
        g_ptr_array_remove(self->streams, before);
    }
    stream->waitingTurn = true;
    g_ptr_array_add(self->streams, g_steal_pointer(&taken));
    testGuestPassTurn(self);
    testGuestPublish(self, publisher, stream, testStreamAdvance(stream, 0));
    return 0;
}

/* STARTED comes before all else that is told of a stream. */
static void
testGuestConfirm(testGuest *self, void *publisher, testStream *stream)
{
    testGuestPublish(self, publisher, stream, testStreamConfirm(stream));
}

int
testGuestStop(testGuest *self, void *publisher, const char *target)
{
    LOCK_SCOPE(&self->lock);
    testStream *stream;

    testGuestCatchUp(self, publisher);
    if (!(stream = testGuestFindActive(self, target)))
        return -1;
    testGuestConfirm(self, publisher, stream);
    testStreamStop(stream);
    testGuestPublish(self, publisher, stream, testStreamAdvance(stream, 0));
    testGuestPassTurn(self);
    return 0;
}

int
testGuestSet(testGuest *self, void *publisher, const char *target, const streamSettings *change)
{
    LOCK_SCOPE(&self->lock);
    testStream *stream;

    testGuestCatchUp(self, publisher);
    if (!(stream = testGuestFindActive(self, target)))
        return -1;
    testStreamSet(stream, change);
    return 0;
}

streamRecord *
testGuestLookAtDisk(testGuest *self, void *publisher, const char *target)
{
    LOCK_SCOPE(&self->lock);
    const testStream *stream = testGuestFind(self, target);

    if (!stream && !(stream = testGuestFindActive(self, target)))
        return NULL;
    testGuestStep(self, publisher);
    return testGuestGetEntry(self, stream);
}

void
testGuestLook(testGuest *self, void *publisher, GPtrArray *entries)
{
    LOCK_SCOPE(&self->lock);

    testGuestStep(self, publisher);
    for (guint i = 0; i < self->streams->len; i++) {
        const testStream *stream = g_ptr_array_index(self->streams, i);

        if (testStreamIsActive(stream))
            g_ptr_array_add(entries, testGuestGetEntry(self, stream));
    }
}

int
testGuestLookShort(testGuest *self, void *publisher, virDomainStreamDiskStatePtr states,
                   unsigned int nstates)
{
    LOCK_SCOPE(&self->lock);
    unsigned int active = 0;

    testGuestStep(self, publisher);
    for (guint i = 0; i < self->streams->len; i++) {
        const testStream *stream = g_ptr_array_index(self->streams, i);

        if (!testStreamIsActive(stream))
            continue;
        if (active < nstates && testStreamGetState(stream, &states[active]) < 0)
            return -1;
        active++;
    }
    return (int) active;
}

void
testGuestTick(testGuest *self, void *publisher)
{
    LOCK_SCOPE(&self->lock);

    testGuestCatchUp(self, publisher);
}

void
testGuestEnd(testGuest *self, void *publisher)
{
    LOCK_SCOPE(&self->lock);

    for (guint i = 0; i < self->streams->len; i++) {
        testStream *stream = g_ptr_array_index(self->streams, i);

        if (!testStreamIsActive(stream))
            continue;
        testGuestConfirm(self, publisher, stream);
        testGuestPublish(self, publisher, stream, testStreamConfirm(stream));
        testGuestPublish(self, publisher, stream,
                         testStreamEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED,
                                       "the guest does not run any more"));
    }
}
