/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stream-test.c: every cell of the table of states, and the statistics in each state */

#include "qemu/qemu_stream.h"

#include "util/handle.h"

#define STATES (VIR_DOMAIN_STREAM_DISK_FAILED + 1)

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom;
    qemuStream *stream;
} testFixture;

static char testTarget[] = "vda";
static char testAlias[] = "virtio-disk0";
static char testSource[] = "/images/vda";
static const domainDisk testDisk = {
    .target = testTarget, .alias = testAlias, .source = testSource, .depth = 2,
};

static void
testSetUp(testFixture *fix, const void *opaque)
{
    g_assert_nonnull(fix->conn = virConnectOpen("test:///default"));
    g_assert_nonnull(fix->dom = virDomainLookupByName(fix->conn, "test"));
    fix->stream = qemuStreamNew(fix->dom, &testDisk);
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    qemuStreamUnref(fix->stream);
    handleFreeDomain(fix->dom);
    /* nobody else holds a reference: the stream has given up its own */
    g_assert_cmpint(virConnectClose(fix->conn), ==, 0);
}

/* The parameters as text, "state=0 phase=0", the time that passed since it began in s */
static char *
testText(const qemuStream *stream, int elapsed)
{
    g_autoptr(streamEntry) entry =
        qemuStreamGetEntry(stream, stream->began + elapsed * (gint64) G_USEC_PER_SEC);
    GString *text = g_string_new(NULL);

    g_assert_cmpstr(entry->name, ==, "test");
    g_assert_cmpstr(entry->disk, ==, "vda");
    for (int i = 0; i < entry->nparams; i++) {
        const virTypedParameter *param = &entry->params[i];

        g_string_append_printf(text, "%s%s=", i > 0 ? " " : "", param->field);
        if (param->type == VIR_TYPED_PARAM_INT)
            g_string_append_printf(text, "%d", param->value.i);
        else if (param->type == VIR_TYPED_PARAM_ULLONG)
            g_string_append_printf(text, "%llu", param->value.ul);
        else if (param->type == VIR_TYPED_PARAM_BOOLEAN)
            g_string_append_printf(text, "%d", param->value.b);
        else
            g_string_append(text, param->value.s);
    }
    return g_string_free(text, FALSE);
}

#define assertText(stream, elapsed, expected) \
    do { \
        g_autofree char *text_ = testText(stream, elapsed); \
        g_assert_cmpstr(text_, ==, expected); \
    } while (0)

static void
testNew(testFixture *fix, const void *opaque)
{
    const qemuStream *stream = fix->stream;

    g_assert_true(stream->dom == fix->dom);
    g_assert_cmpstr(stream->target, ==, "vda");
    g_assert_cmpstr(stream->alias, ==, "virtio-disk0");
    g_assert_cmpstr(stream->source, ==, "/images/vda");
    g_assert_cmpuint(stream->depth, ==, 2);
    g_assert_cmpint(stream->state, ==, VIR_DOMAIN_STREAM_DISK_STARTING);
    g_assert_cmpint(g_get_monotonic_time() - stream->began, <, 10 * G_USEC_PER_SEC);

    qemuStreamUnref(qemuStreamRef(fix->stream));
    g_assert_cmpstr(stream->target, ==, "vda");
    qemuStreamUnref(NULL);
}

/* Row: from; column: to; in the order of virDomainStreamDiskStatus */
static void
testStates(testFixture *fix, const void *opaque)
{
    static const char *const table[STATES] = {
        "-R-CSF", /* STARTING */
        "--PCSF", /* RUNNING */
        "-R-CSF", /* STOPPING */
        "------", /* COMPLETED */
        "------", /* STOPPED */
        "------", /* FAILED */
    };
    static const char active[STATES] = { 1, 1, 1, 0, 0, 0 };

    for (int from = 0; from < STATES; from++) {
        fix->stream->state = (virDomainStreamDiskStatus) from;
        g_assert_cmpint(qemuStreamIsActive(fix->stream), ==, active[from]);
        for (int to = 0; to < STATES; to++)
            g_assert_cmpint(qemuStreamMayBecome(fix->stream, (virDomainStreamDiskStatus) to), ==,
                            table[from][to] != '-');
    }
}

static void
testEntryStarting(testFixture *fix, const void *opaque)
{
    assertText(fix->stream, 0, "state=0 phase=0 alias=virtio-disk0 bandwidth=0 fast=0 hydrate=1");

    fix->stream->base = g_strdup("vda[2]");
    fix->stream->settings.bandwidth = 1000;
    fix->stream->held = true;
    assertText(fix->stream, 7, "state=0 phase=1 alias=virtio-disk0 base=vda[2] bandwidth=1000 "
               "fast=0 hydrate=1");
}

static void
testEntryRunning(testFixture *fix, const void *opaque)
{
    fix->stream->state = VIR_DOMAIN_STREAM_DISK_RUNNING;
    qemuProgressSet(&fix->stream->progress, 0, 100);
    qemuProgressMark(&fix->stream->progress, 0);
    assertText(fix->stream, 1, "state=1 phase=0 alias=virtio-disk0 bandwidth=0 basis=0 "
               "data_total=100 data_processed=0 data_remaining=100 fast=0 hydrate=1 "
               "time_elapsed=1000");

    qemuProgressSet(&fix->stream->progress, 25, 100);
    qemuProgressMark(&fix->stream->progress, G_USEC_PER_SEC);
    assertText(fix->stream, 2, "state=1 phase=0 alias=virtio-disk0 bandwidth=0 basis=0 "
               "data_total=100 data_processed=25 data_remaining=75 data_bps=25 "
               "time_remaining=3000 fast=0 hydrate=1 time_elapsed=2000");

    fix->stream->state = VIR_DOMAIN_STREAM_DISK_STOPPING;
    assertText(fix->stream, 2, "state=2 phase=0 alias=virtio-disk0 bandwidth=0 basis=0 "
               "data_total=100 data_processed=25 data_remaining=75 data_bps=25 "
               "time_remaining=3000 fast=0 hydrate=1 time_elapsed=2000");
}

static void
testEntryStalled(testFixture *fix, const void *opaque)
{
    fix->stream->state = VIR_DOMAIN_STREAM_DISK_RUNNING;
    qemuProgressSet(&fix->stream->progress, 25, 100);
    qemuProgressMark(&fix->stream->progress, 0);
    qemuProgressMark(&fix->stream->progress, G_USEC_PER_SEC);
    assertText(fix->stream, 2, "state=1 phase=0 alias=virtio-disk0 bandwidth=0 basis=0 "
               "data_total=100 data_processed=25 data_remaining=75 data_bps=0 fast=0 hydrate=1 "
               "time_elapsed=2000");
}

static void
testEntryHydrating(testFixture *fix, const void *opaque)
{
    qemuStream *stream = fix->stream;

    stream->state = VIR_DOMAIN_STREAM_DISK_RUNNING;
    stream->hydration = QEMU_STREAM_HYDRATING;
    qemuProgressSet(&stream->progress, 7, 1000);
    qemuProgressSet(&stream->copying, 50, 90);
    stream->figures = (qemuHydratorFigures) { .copied = 5000, .requests = 16, .size = 262144 };
    assertText(stream, 1, "state=1 phase=2 alias=virtio-disk0 bandwidth=0 basis=1 data_total=90 "
               "data_processed=50 data_remaining=40 fast=0 hydrate=1 hydration.copied=5000 "
               "hydration.bps=0 hydration.in_flight=0 hydration.requests=16 hydration.size=262144");

    qemuProgressMark(&stream->copying, 0);
    qemuProgressSet(&stream->copying, 60, 90);
    qemuProgressMark(&stream->copying, G_USEC_PER_SEC);
    stream->figures.exact = true;
    stream->figures.bps = 700;
    stream->figures.inFlight = 3;
    stream->figures.latencyUs = 900;
    stream->figures.guestBeforeUs = 80;
    stream->figures.guestUs = 120;
    assertText(stream, 1, "state=1 phase=2 alias=virtio-disk0 bandwidth=0 basis=2 data_total=90 "
               "data_processed=60 data_remaining=30 data_bps=10 time_remaining=3000 fast=0 "
               "hydrate=1 hydration.copied=5000 hydration.bps=700 hydration.in_flight=3 "
               "hydration.requests=16 hydration.size=262144 hydration.latency=900 "
               "guest.latency_before=80 guest.latency=120");

    stream->hydration = QEMU_STREAM_UNHYDRATED;
    stream->unhydrated = g_strdup("the server is taken");
    assertText(stream, 1, "state=1 phase=0 alias=virtio-disk0 bandwidth=0 basis=0 "
               "data_total=1000 data_processed=7 data_remaining=993 fast=0 hydrate=1 "
               "hydration.reason=the server is taken");

    stream->state = VIR_DOMAIN_STREAM_DISK_COMPLETED;
    assertText(stream, 1, "state=3 alias=virtio-disk0 bandwidth=0 basis=0 data_total=1000 "
               "data_processed=7 data_remaining=993 time_elapsed=1000");
}

/* When the job ends is not known: it has nothing to copy. */
static void
testEntryFinishing(testFixture *fix, const void *opaque)
{
    qemuStream *stream = fix->stream;

    stream->state = VIR_DOMAIN_STREAM_DISK_RUNNING;
    stream->hydration = QEMU_STREAM_HYDRATED;
    stream->figures.exact = true;
    qemuProgressSet(&stream->copying, 50, 90);
    qemuProgressMark(&stream->copying, 0);
    qemuProgressSet(&stream->copying, 90, 90);
    qemuProgressMark(&stream->copying, G_USEC_PER_SEC);
    assertText(stream, 1, "state=1 phase=3 alias=virtio-disk0 bandwidth=0 basis=2 data_total=90 "
               "data_processed=90 data_remaining=0 data_bps=40 fast=0 hydrate=1");
}

/* Nothing but a deadline tells more of a setting than what it is. */
static void
testEntrySettings(testFixture *fix, const void *opaque)
{
    qemuStream *stream = fix->stream;

    stream->state = VIR_DOMAIN_STREAM_DISK_RUNNING;
    stream->unhydrated = g_strdup("the server is taken");
    stream->settings = (streamSettings) {
        .bandwidth = 5,
        .regard = { .fast = true },
        .deadline = stream->began + 90 * (gint64) G_USEC_PER_SEC,
    };
    assertText(stream, 30, "state=1 phase=0 alias=virtio-disk0 bandwidth=5 fast=1 deadline=60 "
               "hydrate=1 hydration.reason=the server is taken");
    stream->settings.paused = true;
    assertText(stream, 90, "state=1 phase=0 alias=virtio-disk0 bandwidth=5 fast=1 deadline=0 "
               "hydrate=0 hydration.reason=paused");

    stream->unhydratable = "nobody does";
    assertText(stream, 90, "state=1 phase=0 alias=virtio-disk0 bandwidth=5 "
               "hydration.reason=nobody does");
    stream->state = VIR_DOMAIN_STREAM_DISK_COMPLETED;
    assertText(stream, 90, "state=3 alias=virtio-disk0 bandwidth=5 time_elapsed=90000");
}

static void
testEntryEnded(testFixture *fix, const void *opaque)
{
    qemuProgressSet(&fix->stream->progress, 0, 100);
    qemuProgressMark(&fix->stream->progress, 0);
    qemuProgressSet(&fix->stream->progress, 100, 100);
    qemuProgressMark(&fix->stream->progress, G_USEC_PER_SEC);
    fix->stream->state = VIR_DOMAIN_STREAM_DISK_COMPLETED;
    assertText(fix->stream, 2, "state=3 alias=virtio-disk0 bandwidth=0 basis=0 "
               "data_total=100 data_processed=100 data_remaining=0 data_bps=100 "
               "time_elapsed=2000");

    fix->stream->reason = g_strdup("stopped on request");
    fix->stream->state = VIR_DOMAIN_STREAM_DISK_STOPPED;
    assertText(fix->stream, 2, "state=4 alias=virtio-disk0 bandwidth=0 basis=0 "
               "data_total=100 data_processed=100 data_remaining=0 data_bps=100 "
               "time_elapsed=2000 reason=stopped on request");

    fix->stream->state = VIR_DOMAIN_STREAM_DISK_FAILED;
    assertText(fix->stream, 2, "state=5 alias=virtio-disk0 bandwidth=0 basis=0 "
               "data_total=100 data_processed=100 data_remaining=0 data_bps=100 "
               "time_elapsed=2000 reason=stopped on request");
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
    testAdd("/qemu_stream/states", testStates);
    testAdd("/qemu_stream/entry/starting", testEntryStarting);
    testAdd("/qemu_stream/entry/running", testEntryRunning);
    testAdd("/qemu_stream/entry/stalled", testEntryStalled);
    testAdd("/qemu_stream/entry/hydrating", testEntryHydrating);
    testAdd("/qemu_stream/entry/finishing", testEntryFinishing);
    testAdd("/qemu_stream/entry/settings", testEntrySettings);
    testAdd("/qemu_stream/entry/ended", testEntryEnded);
    return g_test_run();
}
