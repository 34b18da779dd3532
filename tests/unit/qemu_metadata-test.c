/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_metadata-test.c: settings that go through a domain's metadata and come back */

#include "qemu/qemu_metadata.h"

#include "qemu/qemu_speed.h"

#define KEY "streamdisk"
#define URI "urn:libvirt-streamdisk:policy"
#define ELEMENT "policy"
#define FAST_ENOUGH (10 * QEMU_SPEED_WAITING)

static char testVda[] = "vda", testVdb[] = "v<d>&'b";

/* The text that is kept of these streams */
static char *
testFormat(qemuStream *first, qemuStream *second)
{
    g_autoptr(GPtrArray) streams = g_ptr_array_new();

    g_ptr_array_add(streams, first);
    if (second)
        g_ptr_array_add(streams, second);
    return qemuMetadataFormat(streams);
}

/* The element as libvirt puts it into the XML: every name gets the prefix. */
static domainMetadata *
testFind(const char *text)
{
    g_autoptr(GString) prefixed = g_string_new(text);
    g_autofree char *xml = NULL;

    g_string_replace(prefixed, "<", "<" KEY ":", 0);
    g_string_replace(prefixed, "<" KEY ":/", "</" KEY ":", 0);
    g_string_replace(prefixed, ELEMENT ">", ELEMENT " xmlns:" KEY "='" URI "'>", 1);
    xml = g_strdup_printf("<domain><metadata>%s</metadata></domain>", prefixed->str);
    return qemuMetadataFind(xml);
}

static void
testAssertSettings(const streamSettings *settings, const streamSettings *expected)
{
    g_assert_cmpuint(settings->bandwidth, ==, expected->bandwidth);
    g_assert_cmpfloat(settings->guestLatency.factor, ==, expected->guestLatency.factor);
    g_assert_cmpuint(settings->guestLatency.maxNs, ==, expected->guestLatency.maxNs);
    g_assert_cmpint(settings->guestLatency.fast, ==, expected->guestLatency.fast);
    g_assert_cmpint(settings->deadline, ==, expected->deadline);
    g_assert_cmpint(settings->paused, ==, expected->paused);
}

static void
testRoundTrip(void)
{
    qemuStream first = {
        .target = testVda,
        .waitingTurn = true,
        .settings = { .bandwidth = FAST_ENOUGH, .guestLatency.maxNs = 1500000, .paused = true },
    };
    qemuStream second = {
        .target = testVdb,
        .speed = QEMU_SPEED_WAITING,
        .settings = { .bandwidth = G_MAXINT64,
                      .guestLatency.factor = 1.1,
                      .guestLatency.fast = true,
                      .deadline = G_MAXINT64 },
    };
    g_autofree char *text = testFormat(&first, &second);
    g_autoptr(domainMetadata) metadata = testFind(text);
    qemuStreamKept kept;

    g_assert_nonnull(metadata);
    kept = qemuMetadataParse(metadata, testVda);
    testAssertSettings(&kept.settings, &first.settings);
    g_assert_true(!kept.jobPaused && !kept.guestSuspended);
    kept = qemuMetadataParse(metadata, testVdb);
    testAssertSettings(&kept.settings, &second.settings);
}

/* What is owed to a guest is kept from before it is taken until after it is given back. */
static void
testOwed(void)
{
    static const struct {
        bool endHeld;
        bool jobPaused;
        bool guestSuspended;
        const char *text;
        bool endNoted;
    } cases[] = {
        { false, false, false, NULL },
        { true, false, false, "<policy><disk target='vda' job='paused'/></policy>" },
        { true, true, false, "<policy><disk target='vda' job='paused'/></policy>" },
        { false, true, false, "<policy><disk target='vda' job='paused'/></policy>" },
        { false, false, true, "<policy><disk target='vda' guest='suspended'/></policy>" },
        { false, false, false, "<policy><disk target='vda' job='paused'/></policy>", true },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        qemuStream stream = {
            .target = testVda,
            .endHeld = cases[i].endHeld,
            .jobPaused = cases[i].jobPaused,
            .guestSuspended = cases[i].guestSuspended,
            .endNoted = cases[i].endNoted,
        };
        g_autofree char *text = testFormat(&stream, NULL);
        g_autoptr(domainMetadata) metadata = text ? testFind(text) : NULL;
        qemuStreamKept kept = qemuMetadataParse(metadata, testVda);

        g_assert_cmpstr(text, ==, cases[i].text);
        g_assert_cmpint(kept.jobPaused, ==,
                        cases[i].endHeld || cases[i].jobPaused || cases[i].endNoted);
        g_assert_cmpint(kept.guestSuspended, ==, cases[i].guestSuspended);
    }
}

/* The job tells its bandwidth itself, unless it is held, or is to be, or goes by a deadline. */
static void
testBandwidth(void)
{
    static const struct {
        bool held;
        guint64 speed;
        guint64 bandwidth;
        gint64 deadline;
        const char *kept;
    } cases[] = {
        { false, FAST_ENOUGH, FAST_ENOUGH, 0, NULL },
        { false, 5, FAST_ENOUGH, 0, NULL },
        { true, 1000, 1000, 0, NULL },
        { true, QEMU_SPEED_WAITING, QEMU_SPEED_WAITING, 0, NULL },
        { true, QEMU_SPEED_WAITING, 0, 0, NULL },
        { true, 0, 2000000, 0, "<policy><disk target='vda' bandwidth='2000000'/></policy>" },
        { false, QEMU_SPEED_WAITING, 2000000, 0,
          "<policy><disk target='vda' bandwidth='2000000'/></policy>" },
        { false, 7, 1000, 9,
          "<policy><disk target='vda' bandwidth='1000' deadline='9'/></policy>" },
        { false, 7, 0, 9, "<policy><disk target='vda' deadline='9'/></policy>" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        qemuStream stream = {
            .target = testVda,
            .waitingTurn = cases[i].held,
            .speed = cases[i].speed,
            .settings = { .bandwidth = cases[i].bandwidth, .deadline = cases[i].deadline },
        };
        g_autofree char *text = testFormat(&stream, NULL);

        g_assert_cmpstr(text, ==, cases[i].kept);
    }
}

/* What somebody else has written there does no harm. */
static void
testForeign(void)
{
    static const char *const attributes[] = {
        "",
        "bandwidth=''",
        "bandwidth='-1'",
        "bandwidth='0'",
        "bandwidth='1k'",
        "bandwidth='18446744073709551615'",
        "guest.latency_factor='0.5'",
        "guest.latency_factor='inf'",
        "guest.latency_factor='nan'",
        "guest.latency_factor='x'",
        "guest.latency_max='0'",
        "guest.latency_max='9223372036854775807'",
        "fast='no'",
        "fast='1'",
        "deadline='0'",
        "deadline='tomorrow'",
        "hydrate='yes'",
        "hydrate=''",
        "color='red'",
        "job='running'",
        "guest='1'",
    };
    const streamSettings none = { 0 };
    qemuStreamKept kept = qemuMetadataParse(NULL, testVda);

    testAssertSettings(&kept.settings, &none);
    for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
        g_autofree char *
            text = g_strdup_printf("<policy><disk bandwidth='5'/><disk target='vdb' bandwidth='5'/>"
                                   "<disk target='vda' %s/></policy>",
                                   attributes[i]);
        g_autoptr(domainMetadata) metadata = testFind(text);

        g_assert_nonnull(metadata);
        kept = qemuMetadataParse(metadata, testVda);
        testAssertSettings(&kept.settings, &none);
        g_assert_true(!kept.jobPaused && !kept.guestSuspended);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_metadata/round-trip", testRoundTrip);
    g_test_add_func("/qemu_metadata/bandwidth", testBandwidth);
    g_test_add_func("/qemu_metadata/owed", testOwed);
    g_test_add_func("/qemu_metadata/foreign", testForeign);
    return g_test_run();
}
