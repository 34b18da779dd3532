/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stream-test.c: a new stream, and what follows from what is known of one */

#include "qemu/qemu_stream.h"

#include "util/handle.h"

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom;
    qemuGuestTable *guests;
    qemuStream *stream;
} testFixture;

static char testTarget[] = "vda";
static char testAlias[] = "virtio-disk0";
static char testSource[] = "/images/vda";
static const domainDisk testDisk = {
    .target = testTarget,
    .alias = testAlias,
    .source = testSource,
    .depth = 2,
};

static void
testSetUp(testFixture *fix, const void *opaque)
{
    g_autoptr(qemuGuest) guest = NULL;

    g_assert_nonnull(fix->conn = virConnectOpen("test:///default"));
    g_assert_nonnull(fix->dom = virDomainLookupByName(fix->conn, "test"));
    fix->guests = qemuGuestTableNew(&(qemuGuestConfig) { .socketDir = "/nowhere" });
    guest = qemuGuestGet(fix->guests, fix->dom);
    fix->stream = qemuStreamNew(guest, &testDisk);
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    qemuStreamUnref(fix->stream);
    qemuGuestTableFree(fix->guests);
    handleFreeDomain(fix->dom);
    /* nobody else holds a reference: the stream has given up its own */
    g_assert_cmpint(virConnectClose(fix->conn), ==, 0);
}

static void
testNew(testFixture *fix, const void *opaque)
{
    const qemuStream *stream = fix->stream;

    g_assert_true(stream->guest->dom == fix->dom);
    g_assert_cmpstr(stream->target, ==, "vda");
    g_assert_cmpstr(stream->alias, ==, "virtio-disk0");
    g_assert_cmpstr(stream->source, ==, "/images/vda");
    g_assert_cmpuint(stream->depth, ==, 2);
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STATE_STARTING);
    g_assert_cmpint(g_get_monotonic_time() - stream->began, <, 10 * G_USEC_PER_SEC);

    qemuStreamUnref(qemuStreamRef(fix->stream));
    g_assert_cmpstr(stream->target, ==, "vda");
    qemuStreamUnref(NULL);
}

static void
testActive(testFixture *fix, const void *opaque)
{
    static const bool active[] = { true, true, true, false, false, false };

    for (gsize i = 0; i < G_N_ELEMENTS(active); i++) {
        fix->stream->state = (virDomainStreamDiskStateType) i;
        g_assert_cmpint(qemuStreamIsActive(fix->stream), ==, active[i]);
    }
}

/* The lower one, of those that there are */
static void
testLimit(testFixture *fix, const void *opaque)
{
    static const struct {
        guint64 bandwidth;
        guint64 iotune;
        guint64 limit;
    } cases[] = { { 0, 0, 0 }, { 5, 0, 5 }, { 0, 7, 7 }, { 5, 7, 5 }, { 7, 5, 5 } };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        fix->stream->settings.bandwidth = cases[i].bandwidth;
        fix->stream->iotune = cases[i].iotune;
        g_assert_cmpuint(qemuStreamGetLimit(fix->stream), ==, cases[i].limit);
    }
}

/* What is counted, by what is known */
static void
testBasis(testFixture *fix, const void *opaque)
{
    qemuStream *stream = fix->stream;

    g_assert_cmpint(qemuStreamGetBasis(stream), ==, VIR_DOMAIN_STREAM_DISK_BASIS_POSITION);
    qemuStreamBeginHydration(stream, 3);
    g_assert_cmpint(qemuStreamGetBasis(stream), ==, VIR_DOMAIN_STREAM_DISK_BASIS_ESTIMATE);
    qemuStreamSetStats(stream, &(streamHydrationStats) { .exact = true });
    g_assert_cmpint(qemuStreamGetBasis(stream), ==, VIR_DOMAIN_STREAM_DISK_BASIS_MAP);
    qemuStreamHydrationEvent(stream, STREAM_HYDRATION_THROUGH, NULL);
    g_assert_cmpint(qemuStreamGetBasis(stream), ==, VIR_DOMAIN_STREAM_DISK_BASIS_MAP);
    stream->hydration = STREAM_HYDRATION_WORKING;
    qemuStreamHydrationEvent(stream, STREAM_HYDRATION_FAILED, "lost");
    g_assert_cmpint(qemuStreamGetBasis(stream), ==, VIR_DOMAIN_STREAM_DISK_BASIS_POSITION);
}

static void
testAdd(const char *path, void (*func)(testFixture *, const void *))
{
    g_test_add(path, testFixture, NULL, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    testAdd("/qemu_stream/new", testNew);
    testAdd("/qemu_stream/active", testActive);
    testAdd("/qemu_stream/limit", testLimit);
    testAdd("/qemu_stream/basis", testBasis);
    return g_test_run();
}
