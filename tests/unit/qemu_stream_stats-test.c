/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stream_stats-test.c: the statistics in each state */

#include "streams_fixture.h"

#include "expect.h"

/* The parameters as text, "state=0 phase=0", the time that passed since it began in s */
static char *
testText(const qemuStream *stream, int elapsed)
{
    g_autoptr(streamRecord)
        entry = qemuStreamGetRecord(stream, stream->began + elapsed * (gint64) G_USEC_PER_SEC);
    GString *text = g_string_new(NULL);

    g_assert_cmpstr(entry->name, ==, "a");
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
testStarting(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    assertText(stream, 0, "state=0 phase=0 alias=alias-vda bandwidth=0 fast=0 hydrate=1");

    stream->base = g_strdup("vda[2]");
    stream->settings.bandwidth = 1000;
    stream->waitingTurn = true;
    assertText(stream, 7,
               "state=0 phase=1 alias=alias-vda base=vda[2] bandwidth=1000 "
               "fast=0 hydrate=1");
}

static void
testRunning(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
    streamProgressSet(&stream->progress, 0, 100);
    streamProgressMark(&stream->progress, 0);
    assertText(stream, 1,
               "state=1 phase=0 alias=alias-vda bandwidth=0 basis=0 "
               "data_total=100 data_processed=0 data_remaining=100 fast=0 hydrate=1 "
               "time_elapsed=1000");

    streamProgressSet(&stream->progress, 25, 100);
    streamProgressMark(&stream->progress, G_USEC_PER_SEC);
    assertText(stream, 2,
               "state=1 phase=0 alias=alias-vda bandwidth=0 basis=0 "
               "data_total=100 data_processed=25 data_remaining=75 data_bps=25 "
               "time_remaining=3000 fast=0 hydrate=1 time_elapsed=2000");

    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_STOPPING;
    assertText(stream, 2,
               "state=2 phase=0 alias=alias-vda bandwidth=0 basis=0 "
               "data_total=100 data_processed=25 data_remaining=75 data_bps=25 "
               "time_remaining=3000 fast=0 hydrate=1 time_elapsed=2000");
}

static void
testStalled(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
    streamProgressSet(&stream->progress, 25, 100);
    streamProgressMark(&stream->progress, 0);
    streamProgressMark(&stream->progress, G_USEC_PER_SEC);
    assertText(stream, 2,
               "state=1 phase=0 alias=alias-vda bandwidth=0 basis=0 "
               "data_total=100 data_processed=25 data_remaining=75 data_bps=0 fast=0 hydrate=1 "
               "time_elapsed=2000");
}

static void
testHydrating(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
    stream->hydration = STREAM_HYDRATION_WORKING;
    streamProgressSet(&stream->progress, 7, 1000);
    streamProgressSet(&stream->copying, 50, 90);
    stream->stats = (streamHydrationStats) { .copied = 5000, .requests = 16, .size = 262144 };
    assertText(
        stream, 1,
        "state=1 phase=2 alias=alias-vda bandwidth=0 basis=1 data_total=90 "
        "data_processed=50 data_remaining=40 data_flushed=0 fast=0 hydrate=1 hydration.copied=5000 "
        "hydration.bps=0 hydration.in_flight=0 hydration.requests=16 hydration.size=262144");

    streamProgressMark(&stream->copying, 0);
    streamProgressSet(&stream->copying, 60, 90);
    streamProgressMark(&stream->copying, G_USEC_PER_SEC);
    stream->stats.exact = true;
    stream->stats.bps = 700;
    stream->stats.inFlight = 3;
    stream->stats.latencyUs = 900;
    stream->stats.guestBeforeUs = 80;
    stream->stats.guestUs = 120;
    assertText(
        stream, 1,
        "state=1 phase=2 alias=alias-vda bandwidth=0 basis=2 data_total=90 "
        "data_processed=60 data_remaining=30 data_flushed=0 data_bps=10 time_remaining=3000 fast=0 "
        "hydrate=1 hydration.copied=5000 hydration.bps=700 hydration.in_flight=3 "
        "hydration.requests=16 hydration.size=262144 hydration.latency=900 "
        "guest.latency_before=80 guest.latency=120");

    stream->hydration = STREAM_HYDRATION_IDLE;
    stream->hydrationReason = g_strdup("the server is taken");
    assertText(stream, 1,
               "state=1 phase=0 alias=alias-vda bandwidth=0 basis=0 "
               "data_total=1000 data_processed=7 data_remaining=993 fast=0 hydrate=1 "
               "hydration.reason=the server is taken");

    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED;
    assertText(stream, 1,
               "state=3 alias=alias-vda bandwidth=0 basis=0 data_total=1000 "
               "data_processed=7 data_remaining=993 data_flushed=7 time_elapsed=1000");
}

/* When the job ends is not known: it has nothing to copy. */
static void
testFinishing(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
    stream->hydration = STREAM_HYDRATION_DONE;
    stream->stats.exact = true;
    streamProgressSet(&stream->copying, 50, 90);
    streamProgressMark(&stream->copying, 0);
    streamProgressSet(&stream->copying, 90, 90);
    streamProgressMark(&stream->copying, G_USEC_PER_SEC);
    assertText(stream, 1,
               "state=1 phase=3 alias=alias-vda bandwidth=0 basis=2 data_total=90 "
               "data_processed=90 data_remaining=0 data_flushed=0 data_bps=40 fast=0 hydrate=1");
}

/* Nothing but a deadline tells more of a setting than what it is. */
static void
testSettings(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
    stream->hydrationReason = g_strdup("the server is taken");
    stream->settings = (streamSettings) {
        .bandwidth = 5,
        .guestLatency = { .fast = true },
        .deadline = stream->began + 90 * (gint64) G_USEC_PER_SEC,
    };
    assertText(stream, 30,
               "state=1 phase=0 alias=alias-vda bandwidth=5 fast=1 deadline=60 "
               "hydrate=1 hydration.reason=the server is taken");
    stream->settings.paused = true;
    assertText(stream, 90,
               "state=1 phase=0 alias=alias-vda bandwidth=5 fast=1 deadline=0 "
               "hydrate=0 hydration.reason=paused");
}

/* Where there is no hydration, its settings are not told. */
static void
testNoHydration(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = NULL;

    streamsFixtureSetNoHydration(fix, "nobody does");
    stream = streamsFixtureBegin(fix, fix->dom, "vda", 5);
    assertText(stream, 1,
               "state=0 phase=0 alias=alias-vda bandwidth=5 hydration.reason=nobody does");
    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED;
    assertText(stream, 90, "state=3 alias=alias-vda bandwidth=5 time_elapsed=90000");
}

static void
testEnded(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureBegin(fix, fix->dom, "vda", 0);

    streamProgressSet(&stream->progress, 0, 100);
    streamProgressMark(&stream->progress, 0);
    streamProgressSet(&stream->progress, 100, 100);
    streamProgressMark(&stream->progress, G_USEC_PER_SEC);
    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED;
    assertText(stream, 2,
               "state=3 alias=alias-vda bandwidth=0 basis=0 "
               "data_total=100 data_processed=100 data_remaining=0 data_flushed=100 data_bps=100 "
               "time_elapsed=2000");
    stream->tailUs = 1;
    stream->unflushedUs = 20000;
    assertText(stream, 2,
               "state=3 alias=alias-vda bandwidth=0 basis=0 "
               "data_total=100 data_processed=100 data_remaining=0 data_flushed=100 data_bps=100 "
               "time_tail=1 time_unflushed=20 time_elapsed=2000");
    stream->tailUs = stream->unflushedUs = 0;

    stream->reason = g_strdup("stopped on request");
    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_STOPPED;
    assertText(stream, 2,
               "state=4 alias=alias-vda bandwidth=0 basis=0 "
               "data_total=100 data_processed=100 data_remaining=0 data_bps=100 "
               "time_elapsed=2000 reason=stopped on request");

    stream->state = VIR_DOMAIN_STREAM_DISK_STATE_FAILED;
    assertText(stream, 2,
               "state=5 alias=alias-vda bandwidth=0 basis=0 "
               "data_total=100 data_processed=100 data_remaining=0 data_bps=100 "
               "time_elapsed=2000 reason=stopped on request");
}

static void
testStateTooLong(streamsFixture *fix, const void *opaque)
{
    g_autofree char *name = g_strnfill(VIR_DOMAIN_STREAM_DISK_NAME_BUFLEN - 1, 'x');
    g_autofree char *too_long = g_strconcat(name, "x", NULL);
    char target[] = "vda";
    const domainDisk fits = { .target = name, .alias = name };
    const domainDisk bad_alias = { .target = target, .alias = too_long };
    const domainDisk bad_target = { .target = too_long, .alias = target };
    const domainDisk *const disks[] = { &fits, &bad_alias, &bad_target };
    virDomainStreamDiskState state = { .offset = 42 };

    for (gsize i = 0; i < G_N_ELEMENTS(disks); i++) {
        g_autoptr(qemuStream)
            stream = qemuStreamsBegin(fix->guest, disks[i], NULL, &(streamSettings) { 0 });

        if (i == 0) {
            g_assert_cmpint(qemuStreamGetState(stream, &state), ==, 0);
            g_assert_cmpstr(state.alias, ==, name);
            state.offset = 42;
            continue;
        }
        g_assert_cmpint(qemuStreamGetState(stream, &state), ==, -1);
        expectError(VIR_ERR_OVERFLOW, "is too long");
        g_assert_cmpuint(state.offset, ==, 42);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    streamsFixtureAdd("/qemu_stream_stats/starting", false, testStarting);
    streamsFixtureAdd("/qemu_stream_stats/running", false, testRunning);
    streamsFixtureAdd("/qemu_stream_stats/stalled", false, testStalled);
    streamsFixtureAdd("/qemu_stream_stats/hydrating", false, testHydrating);
    streamsFixtureAdd("/qemu_stream_stats/finishing", false, testFinishing);
    streamsFixtureAdd("/qemu_stream_stats/settings", false, testSettings);
    streamsFixtureAdd("/qemu_stream_stats/no-hydration", false, testNoHydration);
    streamsFixtureAdd("/qemu_stream_stats/ended", false, testEnded);
    streamsFixtureAdd("/qemu_stream_stats/state-too-long", false, testStateTooLong);
    return g_test_run();
}
