/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_domain-test.c: chains that are told, assumed or gone, and the base in them */

#include "test/test_domain.h"

#include "expect.h"
#include "simulation_fixture.h"
#include "util/handle.h"

static void
testLoad(simulationFixture *fix, const void *opaque)
{
    g_auto(testDomain) domain = { 0 };
    const domainDisk *vda;
    const domainDisk *vdb;

    g_assert_cmpint(testDomainLoad(fix->dom, &domain), ==, 0);
    vda = domainDiskListFind(domain.disks, "vda");
    g_assert_cmpuint(vda->depth, ==, 2);
    g_assert_cmpstr(vda->layers[1], ==, "/images/base.qcow2");
    g_assert_true(domainDiskListFind(domain.disks, "ua-vda") == vda);
    vdb = domainDiskListFind(domain.disks, "/images/vdb.qcow2");
    g_assert_cmpuint(vdb->depth, ==, 1);
    g_assert_cmpstr(vdb->layers[0], ==, "");
    g_assert_cmpint(domainDiskCheckStreamable(vdb), ==, 0);
    g_assert_cmpuint(domainDiskListFind(domain.disks, "vdc")->depth, ==, 0);
    g_assert_cmpuint(domainDiskListFind(domain.disks, "sda")->depth, ==, 0);
    g_assert_null(testGuestGetRun(domain.guest));
}

/* Streams vda down to its last image. */
static void
testGone(simulationFixture *fix, const void *opaque)
{
    g_auto(testDomain) before = { 0 };
    g_auto(testDomain) after = { 0 };
    g_autoptr(testGuest) guest = testRunsBegin(fix->dom);
    g_autoptr(streamRecord) look = NULL;
    testPlan plan = { .stepped = true, .end = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED };
    const streamSettings settings = { 0 };
    const domainDisk *disk;

    g_assert_cmpint(testDomainLoad(fix->dom, &before), ==, 0);
    g_assert_true(before.guest == guest);
    disk = domainDiskListFind(before.disks, "vda");
    testGuestStart(guest, NULL, testStreamNew(disk, "/images/base.qcow2", 1, &plan, &settings));
    look = testGuestLookAtDisk(guest, NULL, "vda");

    g_assert_cmpint(testDomainLoad(fix->dom, &after), ==, 0);
    disk = domainDiskListFind(after.disks, "vda");
    g_assert_cmpuint(disk->depth, ==, 1);
    g_assert_cmpstr(disk->layers[0], ==, "/images/base.qcow2");
}

static void
testNotRunning(simulationFixture *fix, const void *opaque)
{
    g_autofree char *xml = simulationFixtureXml("off", "");
    g_autoptr(virDomain) dom = virDomainDefineXML(fix->conn, xml);
    testDomain domain = { 0 };

    g_assert_cmpint(testDomainLoad(dom, &domain), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "domain 'off' is not running");
    g_assert_cmpint(virDomainUndefine(dom), ==, 0);
    g_assert_cmpint(testDomainLoad(dom, &domain), ==, -1);
    expectError(VIR_ERR_NO_DOMAIN, "no domain with matching uuid");
    g_assert_null(domain.xml);
}

static void
testBase(simulationFixture *fix, const void *opaque)
{
    static const struct {
        const char *base;
        unsigned int layers;
        const char *error; /* NULL: it is found */
    } cases[] = {
        { NULL, 2 },
        { "/images/middle.qcow2", 0 },
        { "/images/base.qcow2", 1 },
        { "vda[1]", 0 },
        { "vda[2]", 1 },
        { "vda[0]", .error = "could not find backing store index '0' in chain for 'vda'" },
        { "vda[3]", .error = "could not find backing store index '3' in chain for 'vda'" },
        { "vda[x]", .error = "could not find backing store index 'x' in chain for 'vda'" },
        { "vdb[1]", .error = "requested target 'vdb' does not match target 'vda'" },
        { "vda[1", .error = "could not find image 'vda[1' beneath '/images/vda.qcow2' in chain" },
        { "/images/[1]", .error = "could not find image '/images/[1]' beneath" },
        { "/images/vda.qcow2", .error = "could not find image '/images/vda.qcow2' beneath" },
        { "", .error = "could not find image '' beneath" },
    };
    g_auto(testDomain) domain = { 0 };
    const domainDisk *disk;

    g_assert_cmpint(testDomainLoad(fix->dom, &domain), ==, 0);
    disk = domainDiskListFind(domain.disks, "vda");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        unsigned int layers = 99;
        int rc = testDomainFindBase(disk, cases[i].base, &layers);

        g_assert_cmpint(rc, ==, cases[i].error ? -1 : 0);
        if (cases[i].error)
            expectError(VIR_ERR_INVALID_ARG, cases[i].error);
        g_assert_cmpuint(layers, ==, cases[i].error ? 99 : cases[i].layers);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    simulationFixtureAdd("/test_domain/load", "", testLoad);
    simulationFixtureAdd("/test_domain/gone", "", testGone);
    simulationFixtureAdd("/test_domain/not-running", "", testNotRunning);
    simulationFixtureAdd("/test_domain/base", "", testBase);
    return g_test_run();
}
