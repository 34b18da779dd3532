/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_fixture.c: sets up the fake, and what is tested on it */

#include "qemu_fixture.h"

#include "qemu/qemu_hydration.h"
#include "util/lock.h"

typedef enum {
    QEMU_FIXTURE_BARE,
    QEMU_FIXTURE_TABLE,
    QEMU_FIXTURE_RESIDENT,
    QEMU_FIXTURE_AWAY,
} qemuFixtureKind;

static const qemuConnConfig qemuFixtureConnConfig = {
    .hydrate = true,
    .standstill = 1000,
    .standstillOthers = 200,
    .statusDir = "/status",
};

void
qemuFixtureBegin(qemuFixture *fix)
{
    const qemuGuestConfig config = { .turns = true, .socketDir = "/sockets/streamdisk" };

    fix->guests = qemuGuestTableNew(&config);
}

static void
qemuFixtureBeginConn(qemuFixture *fix)
{
    fix->conn = qemuConnNewResident("qemu:///fake", "/sockets", &qemuFixtureConnConfig);
    fix->guests = qemuConnGetGuests(fix->conn);
}

void
qemuFixtureEnd(qemuFixture *fix)
{
    g_autoptr(GPtrArray) active = qemuStreamsListAllActive(fix->guests);

    for (guint i = 0; i < active->len; i++)
        qemuHydrationStop(g_ptr_array_index(active, i), NULL);
    g_ptr_array_set_size(active, 0);
    qemuFixtureSettle(fix);
    qemuStreamsForgetAll(fix->guests);
    qemuGuestTableFree(fix->guests);
    fix->guests = NULL;
}

static void
qemuFixtureSetUp(qemuFixture *fix, const void *opaque)
{
    qemuFixtureKind kind = GPOINTER_TO_INT(opaque);

    fakeSetUp();
    fix->a = fakeGuestNew("a");
    fix->vda = fakeDiskNew(fix->a, "vda");
    fix->vdb = fakeDiskNew(fix->a, "vdb");
    fix->b = fakeGuestNew("b");
    fix->other = fakeDiskNew(fix->b, "vda");
    switch (kind) {
    case QEMU_FIXTURE_BARE: return;
    case QEMU_FIXTURE_TABLE: qemuFixtureBegin(fix); return;
    case QEMU_FIXTURE_AWAY: fakeConnectionSetAway(); break;
    case QEMU_FIXTURE_RESIDENT: break;
    }
    qemuFixtureBeginConn(fix);
}

static void
qemuFixtureTearDown(qemuFixture *fix, const void *opaque)
{
    if (fix->conn)
        qemuConnUnref(fix->conn);
    else if (fix->guests)
        qemuFixtureEnd(fix);
    fakeTearDown();
}

static void
qemuFixtureAddKind(const char *path, qemuFixtureKind kind, qemuFixtureFunc func)
{
    g_test_add(path, qemuFixture, GINT_TO_POINTER(kind), qemuFixtureSetUp, func,
               qemuFixtureTearDown);
}

void
qemuFixtureAdd(const char *path, qemuFixtureFunc func)
{
    qemuFixtureAddKind(path, QEMU_FIXTURE_TABLE, func);
}

void
qemuFixtureAddResident(const char *path, qemuFixtureFunc func)
{
    qemuFixtureAddKind(path, QEMU_FIXTURE_RESIDENT, func);
}

void
qemuFixtureAddAway(const char *path, qemuFixtureFunc func)
{
    qemuFixtureAddKind(path, QEMU_FIXTURE_AWAY, func);
}

void
qemuFixtureAddBare(const char *path, qemuFixtureFunc func)
{
    qemuFixtureAddKind(path, QEMU_FIXTURE_BARE, func);
}

static domainDisk
qemuFixtureDescribe(fakeDisk *disk)
{
    static char below[] = "/below/1";
    static char *layers[] = { below, NULL };
    static char *features[] = { NULL };

    return (domainDisk) {
        .target = disk->target,
        .alias = disk->alias,
        .source = disk->source,
        .depth = 1,
        .chained = true,
        .layers = layers,
        .features = features,
    };
}

qemuStream *
qemuFixtureRun(qemuFixture *fix, fakeDisk *disk)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, disk->guest->dom);
    const domainDisk description = qemuFixtureDescribe(disk);
    qemuStream *stream;

    fakeDiskBeginJob(disk, 0);
    LOCK_SCOPE(&guest->lock);

    stream = qemuStreamsDiscover(guest, &description, 0, &(qemuStreamKept) { 0 }, false);
    g_assert_nonnull(stream);
    streamProgressSet(&stream->progress, 0, disk->size);
    return stream;
}

qemuStream *
qemuFixtureRunOurs(qemuFixture *fix, fakeDisk *disk, const streamSettings *settings)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, disk->guest->dom);
    const domainDisk description = qemuFixtureDescribe(disk);
    qemuStream *stream;

    g_mutex_lock(&guest->lock);
    stream = qemuStreamsBegin(guest, &description, NULL, settings);
    g_assert_nonnull(stream);
    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
    streamProgressSet(&stream->progress, 0, disk->size);
    g_mutex_unlock(&guest->lock);
    fakeDiskBeginJob(disk, stream->speed);
    return stream;
}

qemuStream *
qemuFixtureHydrate(qemuFixture *fix, fakeDisk *disk)
{
    qemuStream *stream = qemuFixtureRun(fix, disk);

    qemuHydrationStep(stream);
    assertHydration(stream, WORKING, NULL);
    g_free(fakeCallTake());
    return stream;
}

qemuStream *
qemuFixtureFind(qemuFixture *fix, fakeDisk *disk)
{
    return qemuStreamsFind(fix->guests, disk->guest->dom, disk->target);
}

void
qemuFixtureSettle(qemuFixture *fix)
{
    gint64 until = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;

    taskQueuePoolDrain(qemuGuestTableGetTasks(fix->guests), until);
    taskQueuePoolDrain(qemuGuestTableGetCleanup(fix->guests), until);
}

void
qemuFixtureTick(qemuFixture *fix)
{
    fakeTimeSkip(G_USEC_PER_SEC);
    fakeTimeTick();
    qemuFixtureSettle(fix);
}

int
qemuFixtureGetState(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return (int) stream->state;
}

int
qemuFixtureGetHydration(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return (int) stream->hydration;
}

char *
qemuFixtureGetReason(qemuStream *stream)
{
    LOCK_SCOPE(&stream->guest->lock);

    return g_strdup(qemuStreamGetHydrationReason(stream));
}

bool
qemuFixtureGet(qemuStream *stream, const bool *flag)
{
    LOCK_SCOPE(&stream->guest->lock);

    return *flag;
}
