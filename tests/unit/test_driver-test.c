/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_driver-test.c: public calls on domains of libvirt's test driver, and what they answer */

#include "libvirt/libvirt-streamdisk.h"

#include <stdbool.h>

#include "event_loop.h"
#include "expect.h"

#define START VIR_DOMAIN_STREAM_DISK_START
#define STOP VIR_DOMAIN_STREAM_DISK_STOP
#define MIB (1 << 20)

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom; /* "a", whose streams step: see testCreate() */
    GString *events;  /* "started vda, stopped vda", as heard */
} testCase;

static const virTypedParameter testSlow = {
    .field = VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH,
    .type = VIR_TYPED_PARAM_ULLONG,
    .value.ul = MIB,
};

static const char *const testEventNames[] = {
    "started", "progress", "completed", "stopped", "failed",
};

/* Disks: vda of 8 MiB at 4 MiB in a second, on two images; vdb fails half-way; vdc cannot be
 * started; vdd has a plan that is wrong; vde has no backing image */
static virDomainPtr
testCreate(virConnectPtr conn, const char *name)
{
    g_autofree char *xml = g_strdup_printf(
        "<domain type='test'><name>%s</name><memory>1024</memory><os><type>hvm</type></os>"
        "<metadata><streamdisk:test xmlns:streamdisk='urn:libvirt-streamdisk:test' clock='step'>"
        "<streamdisk:disk target='vda' size='8388608' speed='4194304'/>"
        "<streamdisk:disk target='vdb' size='8388608' speed='2097152' end='failed' at='4194304' "
        "reason='No space left on device'/>"
        "<streamdisk:disk target='vdc' refuse='this host is read-only today'/>"
        "<streamdisk:disk target='vdd' size='much'/>"
        "</streamdisk:test></metadata><devices>"
        "<disk type='file'><source file='/vda.qcow2'/>"
        "<backingStore type='file'><format type='qcow2'/><source file='/middle.qcow2'/>"
        "<backingStore type='file'><format type='qcow2'/><source file='/base.qcow2'/>"
        "<backingStore/></backingStore></backingStore><target dev='vda'/>"
        "<alias name='ua-root'/></disk>"
        "<disk type='file'><source file='/vdb.qcow2'/><target dev='vdb'/></disk>"
        "<disk type='file'><source file='/vdc.qcow2'/><target dev='vdc'/></disk>"
        "<disk type='file'><source file='/vdd.qcow2'/><target dev='vdd'/></disk>"
        "<disk type='file'><source file='/vde.qcow2'/><backingStore/><target dev='vde'/></disk>"
        "</devices></domain>",
        name);
    virDomainPtr dom = virDomainCreateXML(conn, xml, 0);

    g_assert_nonnull(dom);
    return dom;
}

static void
testSetUp(testCase *test, const void *opaque)
{
    g_assert_nonnull(test->conn = virConnectOpen("test:///default"));
    test->dom = testCreate(test->conn, "a");
    test->events = g_string_new(NULL);
}

static void
testTearDown(testCase *test, const void *opaque)
{
    virDomainFree(test->dom);
    g_assert_cmpint(virConnectClose(test->conn), ==, 0);
    g_string_free(test->events, TRUE);
}

static void
testOnEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
            virTypedParameterPtr params, int nparams, void *opaque)
{
    testCase *test = opaque;
    const char *reason = NULL;

    g_string_append_printf(test->events, "%s%s %s", test->events->len ? ", " : "",
                           testEventNames[event], disk);
    if (virTypedParamsGetString(params, nparams, VIR_DOMAIN_STREAM_DISK_STATS_REASON, &reason) == 1)
        g_string_append_printf(test->events, " (%s)", reason);
}

static int
testStart(virDomainPtr dom, const char *disk)
{
    return (int) virDomainStreamDisk(dom, disk, 0, START);
}

/* A number of the statistics, -1 if it is absent */
static long long
testGet(virDomainPtr dom, const char *disk, const char *name)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    virTypedParameterPtr param;
    long long value = -1;

    g_assert_cmpint(virDomainStreamDiskGetStats(dom, disk, &params, &nparams, 0), ==, 0);
    if ((param = virTypedParamsGet(params, nparams, name)))
        value = param->type == VIR_TYPED_PARAM_INT ? param->value.i : (long long) param->value.ul;
    virTypedParamsFree(params, nparams);
    return value;
}

static void
testSteps(testCase *test, const void *opaque)
{
    virDomainStreamDiskState state;
    virTypedParameter slow = testSlow;

    g_assert_cmpint(testStart(test->dom, "vda"), ==, 0);
    g_assert_cmpint(virDomainStreamDiskInfo(test->dom, &state, 1, 0), ==, 1);
    g_assert_cmpstr(state.target, ==, "vda");
    g_assert_cmpuint(state.offset, ==, 4 * MIB);
    g_assert_cmpint(virDomainStreamDiskSetParameters(test->dom, "vda", &slow, 1, 0), ==, 0);
    g_assert_cmpint(testGet(test->dom, "/vda.qcow2", "data_processed"), ==, 5 * MIB);
    g_assert_cmpint(virDomainStreamDisk(test->dom, "vda", 0, STOP), ==, 0);
    g_assert_cmpint(virDomainStreamDiskInfo(test->dom, NULL, 0, 0), ==, 0);
    g_assert_cmpint(testGet(test->dom, "vda", "state"), ==, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED);
}

static void
testEvents(testCase *test, const void *opaque)
{
    virConnectPtr other = virConnectOpen("test:///default");
    virDomainPtr dom = virDomainLookupByName(other, "a");
    int callback = virConnectStreamDiskEventRegister(test->conn, NULL, testOnEvent, test, NULL, 0);

    g_assert_cmpint(callback, >=, 0);
    g_assert_cmpint(testStart(dom, "vda"), ==, 0); /* on another connection */
    g_assert_cmpint(testStart(test->dom, "vdb"), ==, 0);
    virDomainFree(dom);
    virConnectClose(other);
    for (int i = 0; i < 4; i++)
        g_assert_cmpint(virDomainStreamDiskInfo(test->dom, NULL, 0, 0), >=, 0);
    eventLoopRun();
    g_assert_cmpstr(test->events->str, ==,
                    "started vda, started vdb, progress vda, progress vdb, completed vda, "
                    "progress vdb, failed vdb (No space left on device)");

    g_string_truncate(test->events, 0);
    g_assert_cmpint(testStart(test->dom, "vdb"), ==, 0);
    g_assert_cmpint(virDomainDestroy(test->dom), ==, 0);
    eventLoopRun();
    g_assert_cmpstr(test->events->str, ==,
                    "started vdb, stopped vdb (the guest does not run any more)");
    g_assert_cmpint(virConnectStreamDiskEventDeregister(test->conn, callback), ==, 0);
    eventLoopRun();
}

/* A disk may be named by its alias, in every call. */
static void
testAlias(testCase *test, const void *opaque)
{
    virTypedParameter slow = testSlow;

    g_assert_cmpint(testStart(test->dom, "ua-root"), ==, 0);
    g_assert_cmpint(virDomainStreamDiskSetParameters(test->dom, "ua-root", &slow, 1, 0), ==, 0);
    g_assert_cmpint(testGet(test->dom, "ua-root", "bandwidth"), ==, MIB);
    g_assert_cmpint(virDomainStreamDisk(test->dom, "ua-root", 0, STOP), ==, 0);
    g_assert_cmpint(testGet(test->dom, "vda", "state"), ==, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED);
    g_assert_cmpint(virDomainStreamDiskStart(test->dom, "ua-root", "vda[1]", NULL, 0, 0), ==, 0);
    g_assert_cmpint(testStart(test->dom, "ua-other"), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "disk 'ua-other' not found in domain");
}

/* libvirt's own domain "test", of whose chain nothing is told, in real time */
static void
testBuiltIn(testCase *test, const void *opaque)
{
    virDomainPtr dom = virDomainLookupByName(test->conn, "test");
    int callback = virConnectStreamDiskEventRegister(test->conn, dom, testOnEvent, test, NULL, 0);

    g_assert_cmpint(virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT,
                                         "<test><disk target='vda' size='1'/></test>", "streamdisk",
                                         "urn:libvirt-streamdisk:test", VIR_DOMAIN_AFFECT_LIVE),
                    ==, 0);
    g_assert_cmpint(testStart(dom, "/guest/diskimage1"), ==, 0);
    while (!strstr(test->events->str, "completed vda"))
        g_assert_cmpint(virEventRunDefaultImpl(), ==, 0);
    g_assert_cmpint(testStart(dom, "vda"), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "disk 'vda' has no backing image: nothing to stream");
    g_assert_cmpint(virConnectStreamDiskEventDeregister(test->conn, callback), ==, 0);
    eventLoopRun();
    virDomainFree(dom);
}

static void
testOnlyOnce(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
             virTypedParameterPtr params, int nparams, void *opaque)
{
    int *callback = opaque;

    g_assert_cmpint(virDomainStreamDiskInfo(dom, NULL, 0, 0), ==, 1);
    g_assert_cmpint(virDomainStreamDisk(dom, disk, 0, STOP), ==, 0);
    g_assert_cmpint(virConnectStreamDiskEventDeregister(conn, *callback), ==, 0);
    *callback = -1;
}

/* A callback may make calls, and remove itself. */
static void
testCallback(testCase *test, const void *opaque)
{
    int callback = virConnectStreamDiskEventRegister(test->conn, NULL, testOnlyOnce, &callback,
                                                     NULL, 0);

    g_assert_cmpint(testStart(test->dom, "vda"), ==, 0);
    eventLoopRun();
    g_assert_cmpint(callback, ==, -1);
    g_assert_cmpint(virDomainStreamDiskInfo(test->dom, NULL, 0, 0), ==, 0);
}

static void
testBase(testCase *test, const void *opaque)
{
    virTypedParameter relative = { .field = VIR_DOMAIN_STREAM_DISK_PARAM_RELATIVE,
                                   .type = VIR_TYPED_PARAM_BOOLEAN,
                                   .value.b = 1 };

    g_assert_cmpint(virDomainStreamDiskStart(test->dom, "vda", "/nowhere", NULL, 0, 0), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "could not find image '/nowhere' beneath '/vda.qcow2'");
    g_assert_cmpint(virDomainStreamDiskStart(test->dom, "vda", "vda[2]", &relative, 1, 0), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "can't keep relative backing relationship");
    g_assert_cmpint(virDomainStreamDiskStart(test->dom, "vda", "vda[2]", NULL, 0, 0), ==, 0);
    g_assert_cmpint(virDomainStreamDiskInfo(test->dom, NULL, 0, 0), ==, 1);
    g_assert_cmpint(testGet(test->dom, "vda", "state"), ==, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED);
    g_assert_cmpint(virDomainStreamDiskStart(test->dom, "vda", "/middle.qcow2", NULL, 0, 0), ==,
                    -1); /* it is gone */
    expectError(VIR_ERR_INVALID_ARG, "could not find image '/middle.qcow2'");
    g_assert_cmpint(virDomainStreamDiskStart(test->dom, "vda", NULL, NULL, 0, 0), ==, 0);
    g_assert_cmpint(testStart(test->dom, "vda"), ==, -1);
    expectError(VIR_ERR_OPERATION_UNSUPPORTED, "disk 'vda' already in active block job");
}

static void
testPlans(testCase *test, const void *opaque)
{
    g_assert_cmpint(testStart(test->dom, "vdc"), ==, -1);
    expectError(VIR_ERR_OPERATION_FAILED, "this host is read-only today");
    g_assert_cmpint(testStart(test->dom, "vdd"), ==, -1);
    expectError(VIR_ERR_XML_ERROR, "attribute 'size' of element 'disk' of disk 'vdd'");
    g_assert_cmpint(testStart(test->dom, "vde"), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "disk 'vde' has no backing image: nothing to stream");
}

static void
testList(testCase *test, const void *opaque)
{
    virDomainPtr other = testCreate(test->conn, "b");
    virDomainStreamDiskRecordPtr *records = NULL;
    virTypedParameter slow = testSlow;

    g_assert_cmpint(virConnectListAllStreamDisks(test->conn, NULL, 0), ==, 0);
    g_assert_cmpint(virDomainStreamDiskStart(test->dom, "vda", NULL, &slow, 1, 0), ==, 0);
    g_assert_cmpint(testStart(other, "vdb"), ==, 0);
    g_assert_cmpint(testStart(other, "vda"), ==, 0);
    g_assert_cmpint(virConnectListAllStreamDisks(test->conn, &records, 0), ==, 3);
    for (int i = 0; i < 3; i++) {
        const char *name = virDomainGetName(records[i]->dom);

        g_assert_true(g_str_equal(name, "a") || g_str_equal(name, "b"));
        g_assert_cmpint(records[i]->nparams, >, 5);
    }
    virDomainStreamDiskRecordListFree(records);

    g_assert_cmpint(virDomainDestroy(other), ==, 0);
    g_assert_cmpint(virConnectListAllStreamDisks(test->conn, NULL, 0), ==, 1);
    virDomainFree(other);
}

static void
testReadOnly(testCase *test, const void *opaque)
{
    virConnectPtr conn = virConnectOpenReadOnly("test:///default");
    virDomainPtr dom = virDomainLookupByName(conn, "a");

    g_assert_cmpint(testStart(test->dom, "vda"), ==, 0);
    g_assert_cmpint(testStart(dom, "vdb"), ==, -1);
    expectError(VIR_ERR_OPERATION_DENIED, "a read-only connection may not");
    g_assert_cmpint(virDomainStreamDisk(dom, "vda", 0, STOP), ==, -1);
    expectError(VIR_ERR_OPERATION_DENIED, "a read-only connection may not");
    g_assert_cmpint(virDomainStreamDiskInfo(dom, NULL, 0, 0), ==, 1);
    virDomainFree(dom);
    virConnectClose(conn);
}

static void *
testThread(void *opaque)
{
    testCase *test = opaque;
    virTypedParameterPtr params;
    int nparams;

    for (int i = 0; i < 50; i++) {
        testStart(test->dom, "vda");
        virDomainStreamDiskInfo(test->dom, NULL, 0, 0);
        virConnectListAllStreamDisks(test->conn, NULL, 0);
        if (virDomainStreamDiskGetStats(test->dom, "vda", &params, &nparams, 0) == 0)
            virTypedParamsFree(params, nparams);
        virDomainStreamDisk(test->dom, "vda", 0, STOP);
        virResetLastError();
    }
    return NULL;
}

static void
testQuiet(void *opaque, virErrorPtr error)
{
}

/* Whatever they do, each stream starts once and ends once. */
static void
testThreads(testCase *test, const void *opaque)
{
    int callback = virConnectStreamDiskEventRegister(test->conn, NULL, testOnEvent, test, NULL, 0);
    GThread *threads[4];
    const char *at;
    int started = 0;

    virSetErrorFunc(NULL, testQuiet);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("caller", testThread, test);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    virDomainStreamDisk(test->dom, "vda", 0, STOP);
    virSetErrorFunc(NULL, NULL);
    eventLoopRun();

    at = test->events->str;
    while (*at) {
        g_assert_true(g_str_has_prefix(at, "started vda"));
        started++;
        while ((at = strstr(at, ", ")) && g_str_has_prefix(at += 2, "progress vda"))
            continue;
        g_assert_true(at && (g_str_has_prefix(at, "stopped") || g_str_has_prefix(at, "completed")));
        at = (at = strstr(at, ", ")) ? at + 2 : "";
    }
    g_assert_cmpint(started, >, 0);
    g_assert_cmpint(virConnectStreamDiskEventDeregister(test->conn, callback), ==, 0);
    eventLoopRun();
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*func)(testCase *test, const void *opaque);
    } cases[] = {
        { "/test_driver/alias", testAlias },        { "/test_driver/steps", testSteps },
        { "/test_driver/events", testEvents },      { "/test_driver/built-in", testBuiltIn },
        { "/test_driver/callback", testCallback },  { "/test_driver/base", testBase },
        { "/test_driver/plans", testPlans },        { "/test_driver/list", testList },
        { "/test_driver/read-only", testReadOnly }, { "/test_driver/threads", testThreads },
    };

    g_test_init(&argc, &argv, NULL);
    eventLoopRegister();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add(cases[i].path, testCase, NULL, testSetUp, cases[i].func, testTearDown);
    return g_test_run();
}
