/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_metadata_save-test.c: what libvirt is told to keep, and when; streams that are found with it */

#include "streams_fixture.h"

#include "backend/backend_domain.h"
#include "qemu/qemu_metadata.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define LIMIT 5000000
#define POLICY(attributes) "<policy><disk target='vdb' " attributes "/></policy>"

/* What libvirt was told, and whether it refuses */
static struct {
    guint calls;
    char *text;
    bool refuse;
} testTold;

/* Stands in for backend_domain.c. */
int
backendDomainSetMetadata(virDomainPtr dom, const char *key, const char *uri, const char *text)
{
    g_assert_cmpstr(key, ==, "streamdisk");
    testTold.calls++;
    g_free(testTold.text);
    testTold.text = g_strdup(text);
    if (!testTold.refuse)
        return 0;
    errorReport(VIR_ERR_OPERATION_FAILED, "%s", "no");
    return -1;
}

/* libvirt is told this; it does it, or refuses. */
static void
testKeep(qemuGuest *guest, const char *expected, bool success)
{
    testTold.calls = 0;
    testTold.refuse = !success;
    g_assert_cmpint(qemuMetadataSave(guest), ==, success ? 0 : -1);
    g_assert_cmpuint(testTold.calls, ==, 1);
    g_assert_cmpstr(testTold.text, ==, expected);
}

static void
testAssertKept(qemuGuest *guest)
{
    testTold.calls = 0;
    g_assert_cmpint(qemuMetadataSave(guest), ==, 0);
    g_assert_cmpuint(testTold.calls, ==, 0);
}

/* From the moment that one waits, before its job is there, until the job has its own speed */
static void
testWait(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) waiting = NULL;
    g_autoptr(qemuGuest) other = qemuGuestGet(fix->guests, fix->other);
    const streamSettings change = { .named = STREAM_SETTINGS_HYDRATE, .paused = true };
    unsigned long long speed;

    testKeep(fix->guest, NULL, true);
    testAssertKept(fix->guest);
    waiting = streamsFixtureBegin(fix, fix->dom, "vdb", LIMIT);
    testAssertKept(other);
    testKeep(fix->guest, POLICY("bandwidth='5000000'"), false);
    testKeep(fix->guest, POLICY("bandwidth='5000000'"), true);
    testAssertKept(fix->guest);
    qemuLifeRun(waiting, true);

    streamSettingsMerge(&waiting->settings, &change);
    testKeep(fix->guest, POLICY("bandwidth='5000000' hydrate='no'"), true);
    qemuStreamsEnd(first, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED, NULL, false);
    testAssertKept(fix->guest);
    g_assert_true(qemuSpeedWanted(waiting, &speed));
    testAssertKept(fix->guest);
    qemuSpeedTold(waiting, speed, true);
    testKeep(fix->guest, POLICY("hydrate='no'"), true);
    qemuStreamsEnd(waiting, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    testKeep(fix->guest, NULL, true);
    testAssertKept(fix->guest);
}

/* A job that was refused leaves nothing. */
static void
testRefused(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first G_GNUC_UNUSED = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) refused = streamsFixtureBegin(fix, fix->dom, "vdb", LIMIT);

    testKeep(fix->guest, POLICY("bandwidth='5000000'"), true);
    qemuStreamsRefuse(refused);
    testKeep(fix->guest, NULL, true);
}

/* What is found there, of whatever streams, is replaced. */
static void
testFound(streamsFixture *fix, const void *opaque)
{
    testTold.calls = 0;
    testTold.refuse = false;
    g_assert_cmpint(qemuMetadataSaveAnew(fix->guest), ==, 0);
    g_assert_cmpuint(testTold.calls, ==, 1);
    g_assert_null(testTold.text);
    testAssertKept(fix->guest);
}

/* Whatever the guest brings with it when it is restored, the first stream takes it away. */
static void
testRestored(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) first = streamsFixtureRun(fix, fix->dom, "vda");
    g_autoptr(qemuStream) again = NULL;

    testKeep(fix->guest, NULL, true);
    qemuStreamsEnd(first, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    qemuStreamsForgetEnded(fix->guest);
    testAssertKept(fix->guest);
    again = streamsFixtureRun(fix, fix->dom, "vda");
    testKeep(fix->guest, NULL, true);
    testAssertKept(fix->guest);
}

/* Of a job that is found, the speed is the limit, unless a virtstreamd waiting it, or paced it. */
static void
testDiscover(streamsFixture *fix, const void *opaque)
{
    static char vda[] = "vda", alias[] = "";
    const domainDisk disk = { .target = vda, .alias = alias, .depth = 1 };
    static const struct {
        unsigned long long speed;
        streamSettings kept;
        guint64 limit;
    } cases[] = {
        { QEMU_SPEED_WAITING, { .bandwidth = LIMIT, .paused = true }, LIMIT },
        { QEMU_SPEED_WAITING, { .paused = true }, 0 },
        { 500, { .bandwidth = LIMIT, .paused = true }, 500 },
        { 0, { .bandwidth = LIMIT, .paused = true }, 0 },
        { 500, { .bandwidth = LIMIT, .paused = true, .deadline = 1 }, LIMIT },
        { 500, { .paused = true, .deadline = 1 }, 0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(qemuStream)
            stream = qemuStreamsDiscover(fix->guest, &disk, cases[i].speed,
                                         &(qemuStreamKept) { .settings = cases[i].kept }, true);

        g_assert_cmpuint(stream->settings.bandwidth, ==, cases[i].limit);
        g_assert_cmpint(stream->settings.deadline, ==, cases[i].kept.deadline);
        g_assert_true(stream->settings.paused);
        qemuStreamsEnd(stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, NULL, false);
    }
}

/* In process nobody goes on with it, and what a virtstreamd has kept is left to the next one. */
static void
testInProcess(streamsFixture *fix, const void *opaque)
{
    g_autoptr(qemuStream) stream = streamsFixtureRun(fix, fix->dom, "vda");

    stream->settings.paused = true;
    g_assert_cmpint(qemuMetadataSaveAnew(fix->guest), ==, 0);
    testAssertKept(fix->guest);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    streamsFixtureAdd("/qemu_metadata_save/wait", true, testWait);
    streamsFixtureAdd("/qemu_metadata_save/refused", true, testRefused);
    streamsFixtureAdd("/qemu_metadata_save/found", true, testFound);
    streamsFixtureAdd("/qemu_metadata_save/restored", true, testRestored);
    streamsFixtureAdd("/qemu_metadata_save/discover", true, testDiscover);
    streamsFixtureAdd("/qemu_metadata_save/in-process", false, testInProcess);
    return g_test_run();
}
