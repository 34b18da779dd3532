/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt-domain-test.c: the public calls above a driver that writes down how it is called
 *
 * Bad arguments must not reach a driver, and every error must reach the application's handler.
 */

#include "libvirt/libvirt-streamdisk.h"

#include <stdbool.h>

#include "driver.h"
#include "expect.h"
#include "util/error.h"
#include "util/handle.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define START VIR_DOMAIN_STREAM_DISK_START
#define STOP VIR_DOMAIN_STREAM_DISK_STOP
#define ONE VIR_DOMAIN_STREAM_DISK_ONE

/* Callers have arrays of it: docs/adding-an-api.md, "What cannot grow" */
G_STATIC_ASSERT(sizeof(virDomainStreamDiskState) == 272 &&
                G_STRUCT_OFFSET(virDomainStreamDiskState, target) == 128 &&
                G_STRUCT_OFFSET(virDomainStreamDiskState, offset) == 256 &&
                G_STRUCT_OFFSET(virDomainStreamDiskState, size) == 264);

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom;
} testFixture;

/* The driver: what it does, and what it saw */
static struct {
    bool unsupported;
    bool fails;
    GPtrArray *entries;
    GString *calls;
    int opened;
    int dispatched; /* errors that came to the handler */
} testDriver;

static int
testFails(void)
{
    if (!testDriver.fails)
        return 0;
    errorReport(VIR_ERR_OPERATION_FAILED, "%s", "the driver fails");
    return -1;
}

static void
testClose(void *priv)
{
    g_assert_true(priv == &testDriver);
    testDriver.opened--;
}

static long long
testStreamDisk(void *priv, virDomainPtr dom, const char *disk, unsigned long long offset,
               unsigned int flags)
{
    g_string_append_printf(testDriver.calls, "%s %s %llu %x", virDomainGetName(dom), disk, offset,
                           flags);
    return testFails() < 0 ? -1 : (long long) offset;
}

static int
testInfo(void *priv, virDomainPtr dom, virDomainStreamDiskStatePtr states, unsigned int nstates,
         unsigned int flags)
{
    g_string_append_printf(testDriver.calls, "%s %u %x", virDomainGetName(dom), nstates, flags);
    for (unsigned int i = 0; i < nstates; i++)
        states[i].offset = i + 1;
    return testFails() < 0 ? -1 : 3;
}

static int
testStart(void *priv, virDomainPtr dom, const char *disk, const char *base,
          virTypedParameterPtr params, int nparams, unsigned int flags)
{
    g_string_append_printf(testDriver.calls, "%s %s %s %s %d %x", virDomainGetName(dom), disk,
                           base ? base : "-", nparams > 0 ? params[0].field : "-", nparams, flags);
    return testFails();
}

static int
testSetParameters(void *priv, virDomainPtr dom, const char *disk, virTypedParameterPtr params,
                  int nparams, unsigned int flags)
{
    return testStart(priv, dom, disk, NULL, params, nparams, flags);
}

static int
testGetStats(void *priv, virDomainPtr dom, const char *disk, virTypedParameterPtr *params,
             int *nparams, unsigned int flags)
{
    int room = 0;

    g_string_append_printf(testDriver.calls, "%s %s %x", virDomainGetName(dom), disk, flags);
    if (testFails() < 0)
        return -1;
    *params = NULL;
    *nparams = 0;
    virTypedParamsAddInt(params, nparams, &room, "state", 1);
    return 0;
}

static GPtrArray *
testListAll(void *priv, unsigned int flags)
{
    g_string_append_printf(testDriver.calls, "%x", flags);
    return testFails() < 0 ? NULL : g_steal_pointer(&testDriver.entries);
}

static int
testSubscribe(void *priv)
{
    g_string_append(testDriver.calls, "subscribe");
    return testFails();
}

static void
testUnsubscribe(void *priv)
{
    g_string_append(testDriver.calls, " unsubscribe");
}

static const driverTable testTable = {
    .name = "test",
    .connectClose = testClose,
    .domainStreamDisk = testStreamDisk,
    .domainStreamDiskInfo = testInfo,
    .domainStreamDiskStart = testStart,
    .domainStreamDiskSetParameters = testSetParameters,
    .domainStreamDiskGetStats = testGetStats,
    .connectListAllStreamDisks = testListAll,
    .connectEventsSubscribe = testSubscribe,
    .connectEventsUnsubscribe = testUnsubscribe,
};

/* Stands in for driver.c. */
int
driverConnOpen(virConnectPtr conn, driverConn *via)
{
    if (testDriver.unsupported) {
        errorReport(VIR_ERR_NO_SUPPORT, "%s", "no driver");
        return -1;
    }
    testDriver.opened++;
    *via = (driverConn) { .driver = &testTable, .priv = &testDriver };
    return 0;
}

static void
testHandler(void *opaque, virErrorPtr err)
{
    testDriver.dispatched++;
}

static void
testSetUp(testFixture *fix, const void *opaque)
{
    g_assert_nonnull(fix->conn = virConnectOpen("test:///default"));
    g_assert_nonnull(fix->dom = virDomainLookupByName(fix->conn, "test"));
    memset(&testDriver, 0, sizeof(testDriver));
    testDriver.calls = g_string_new(NULL);
    virSetErrorFunc(NULL, testHandler);
    errorReport(VIR_ERR_NO_DOMAIN, "%s", "an old error"); /* for the next call to reset */
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    g_assert_cmpint(testDriver.opened, ==, 0);
    g_string_free(testDriver.calls, TRUE);
    virDomainFree(fix->dom);
    g_assert_cmpint(virConnectClose(fix->conn), ==, 0);
    virSetErrorFunc(NULL, NULL);
}

/* The call failed and was dispatched once, and the driver was called as expected. */
#define assertFailed(call, code, text, seen) \
    do { \
        testDriver.dispatched = 0; \
        g_assert_cmpint((call), ==, -1); \
        expectError((code), (text)); \
        g_assert_cmpint(testDriver.dispatched, ==, 1); \
        g_assert_cmpstr(testDriver.calls->str, ==, (seen)); \
        g_string_truncate(testDriver.calls, 0); \
    } while (0)

#define assertRefused(call, text) assertFailed((call), VIR_ERR_INVALID_ARG, (text), "")

#define assertDone(call, result, seen) \
    do { \
        g_assert_cmpint((call), ==, (result)); \
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK); \
        g_assert_cmpint(testDriver.dispatched, ==, 0); \
        g_assert_cmpstr(testDriver.calls->str, ==, (seen)); \
        g_string_truncate(testDriver.calls, 0); \
    } while (0)

static void
testNoDomain(testFixture *fix, const void *opaque)
{
    virTypedParameterPtr params = NULL;
    int nparams;

#define assertNoDomain(call) assertFailed((call), VIR_ERR_INVALID_DOMAIN, "domain", "")
    assertNoDomain(virDomainStreamDisk(NULL, "vda", 0, START));
    assertNoDomain(virDomainStreamDiskInfo(NULL, NULL, 0, 0));
    assertNoDomain(virDomainStreamDiskStart(NULL, "vda", NULL, NULL, 0, 0));
    assertNoDomain(virDomainStreamDiskSetParameters(NULL, "vda", params, 0, 0));
    assertNoDomain(virDomainStreamDiskGetStats(NULL, "vda", &params, &nparams, 0));
#undef assertNoDomain
}

static void
testNoConnect(testFixture *fix, const void *opaque)
{
#define assertNoConnect(call) assertFailed((call), VIR_ERR_INVALID_CONN, "connection", "")
    assertNoConnect(virConnectListAllStreamDisks(NULL, NULL, 0));
    assertNoConnect(virConnectStreamDiskEventRegister(NULL, NULL, NULL, NULL, NULL, 0));
    assertNoConnect(virConnectStreamDiskEventDeregister(NULL, 1));
#undef assertNoConnect
}

static void
testModes(testFixture *fix, const void *opaque)
{
    static const unsigned int wrong[] = {
        0, START | STOP, START | ONE, STOP | ONE, START | STOP | ONE, 1 << 3, 1U << 31,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *text = g_strdup_printf("flags (0x%x) in virDomainStreamDisk must have "
                                                "exactly one of START, STOP and ONE",
                                                wrong[i]);

        assertRefused(virDomainStreamDisk(fix->dom, "vda", 0, wrong[i]), text);
    }
    assertRefused(virDomainStreamDisk(fix->dom, "vda", 1, START),
                  "offset must be 0 for continuous streaming");
    assertRefused(virDomainStreamDisk(fix->dom, "vda", 1, STOP),
                  "offset must be 0 for continuous streaming");
}

static void
testArguments(testFixture *fix, const void *opaque)
{
    virTypedParameter param = { .field = "bandwidth", .type = VIR_TYPED_PARAM_ULLONG };
    virTypedParameterPtr params = NULL;
    int nparams;

    assertRefused(virDomainStreamDisk(fix->dom, NULL, 0, START),
                  "disk in virDomainStreamDisk must not be NULL");
    assertRefused(virDomainStreamDiskInfo(fix->dom, NULL, 1, 0),
                  "states in virDomainStreamDiskInfo must not be NULL");

    assertRefused(virDomainStreamDiskStart(fix->dom, NULL, NULL, NULL, 0, 0),
                  "disk in virDomainStreamDiskStart must not be NULL");
    assertRefused(virDomainStreamDiskStart(fix->dom, "vda", NULL, NULL, 1, 0),
                  "params in virDomainStreamDiskStart must not be NULL");
    assertRefused(virDomainStreamDiskStart(fix->dom, "vda", NULL, &param, -1, 0),
                  "nparams in virDomainStreamDiskStart must be zero or greater");

    assertRefused(virDomainStreamDiskSetParameters(fix->dom, NULL, &param, 1, 0),
                  "disk in virDomainStreamDiskSetParameters must not be NULL");
    assertRefused(virDomainStreamDiskSetParameters(fix->dom, "vda", NULL, 0, 0),
                  "params in virDomainStreamDiskSetParameters must not be NULL");
    assertRefused(virDomainStreamDiskSetParameters(fix->dom, "vda", &param, -1, 0),
                  "nparams in virDomainStreamDiskSetParameters must be zero or greater");

    assertRefused(virDomainStreamDiskGetStats(fix->dom, NULL, &params, &nparams, 0),
                  "disk in virDomainStreamDiskGetStats must not be NULL");
    assertRefused(virDomainStreamDiskGetStats(fix->dom, "vda", NULL, &nparams, 0),
                  "params in virDomainStreamDiskGetStats must not be NULL");
    assertRefused(virDomainStreamDiskGetStats(fix->dom, "vda", &params, NULL, 0),
                  "nparams in virDomainStreamDiskGetStats must not be NULL");
}

static void
testNoEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
            virTypedParameterPtr params, int nparams, void *opaque)
{
}

static void
testEventArguments(testFixture *fix, const void *opaque)
{
    g_autoptr(virConnect) stranger = virConnectOpen("test:///default");

    assertRefused(virConnectStreamDiskEventRegister(fix->conn, NULL, NULL, NULL, NULL, 0),
                  "cb in virConnectStreamDiskEventRegister must not be NULL");
    assertRefused(virConnectStreamDiskEventRegister(stranger, fix->dom, testNoEvent, NULL, NULL, 0),
                  "dom in virConnectStreamDiskEventRegister must belong to conn");
    assertRefused(virConnectStreamDiskEventRegister(fix->conn, fix->dom, testNoEvent, NULL, NULL,
                                                    4),
                  "unsupported flags (0x4) in function virConnectStreamDiskEventRegister");
    assertRefused(virConnectStreamDiskEventDeregister(fix->conn, 12345),
                  "could not find stream event callback 12345 for deletion");
}

/* All arguments reach the driver, flags that no call here knows too. */
static void
testCalls(testFixture *fix, const void *opaque)
{
    virTypedParameter param = { .field = "bandwidth", .type = VIR_TYPED_PARAM_ULLONG };
    virDomainStreamDiskState states[2] = { 0 };
    virTypedParameterPtr params = NULL;
    int nparams = 0;

    assertDone(virDomainStreamDisk(fix->dom, "vda", 0, START), 0, "test vda 0 1");
    assertDone(virDomainStreamDisk(fix->dom, "/x", 0, STOP), 0, "test /x 0 2");
    assertDone(virDomainStreamDisk(fix->dom, "vda", 5000000000, ONE | 0x100), 5000000000,
               "test vda 5000000000 104");

    assertDone(virDomainStreamDiskInfo(fix->dom, states, 2, 0x100), 3, "test 2 100");
    g_assert_cmpuint(states[1].offset, ==, 2);
    assertDone(virDomainStreamDiskInfo(fix->dom, NULL, 0, 0), 3, "test 0 0");

    assertDone(virDomainStreamDiskStart(fix->dom, "vda", "vda[2]", &param, 1, 0x100), 0,
               "test vda vda[2] bandwidth 1 100");
    assertDone(virDomainStreamDiskStart(fix->dom, "vda", NULL, NULL, 0, 0), 0, "test vda - - 0 0");
    assertDone(virDomainStreamDiskSetParameters(fix->dom, "vda", &param, 1, 0x100), 0,
               "test vda - bandwidth 1 100");

    assertDone(virDomainStreamDiskGetStats(fix->dom, "vda", &params, &nparams, 0x100), 0,
               "test vda 100");
    g_assert_cmpint(nparams, ==, 1);
    virTypedParamsFree(params, nparams);
}

static void
testListCall(testFixture *fix, const void *opaque)
{
    streamRecord *entry = streamRecordNew(fix->dom, "vda");
    virDomainStreamDiskRecordPtr *records = NULL;
    int room = 0;

    testDriver.entries = g_ptr_array_new_with_free_func((GDestroyNotify) streamRecordFree);
    virTypedParamsAddInt(&entry->params, &entry->nparams, &room, "state", 1);
    g_ptr_array_add(testDriver.entries, entry);
    g_ptr_array_add(testDriver.entries, streamRecordNew(fix->dom, "vdb"));
    assertDone(virConnectListAllStreamDisks(fix->conn, &records, 0x100), 2, "100");
    g_assert_cmpstr(virDomainGetName(records[0]->dom), ==, "test");
    g_assert_true(virDomainGetConnect(records[0]->dom) == fix->conn);
    g_assert_cmpstr(records[0]->disk, ==, "vda");
    g_assert_cmpint(records[0]->nparams, ==, 1);
    g_assert_cmpstr(records[0]->params[0].field, ==, "state");
    g_assert_cmpstr(records[1]->disk, ==, "vdb");
    g_assert_cmpint(records[1]->nparams, ==, 0);
    g_assert_null(records[2]);
    virDomainStreamDiskRecordListFree(records);
    virDomainStreamDiskRecordListFree(NULL);

    testDriver.entries = g_ptr_array_new();
    assertDone(virConnectListAllStreamDisks(fix->conn, &records, 0), 0, "0");
    g_assert_null(records[0]);
    virDomainStreamDiskRecordListFree(records);
}

static void
testListCount(testFixture *fix, const void *opaque)
{
    testDriver.entries = g_ptr_array_new_with_free_func((GDestroyNotify) streamRecordFree);
    g_ptr_array_add(testDriver.entries, streamRecordNew(fix->dom, "vda"));
    assertDone(virConnectListAllStreamDisks(fix->conn, NULL, 0), 1, "0");
}

/* A domain that libvirt does not accept: no list, and nothing leaks. */
static void
testListBroken(testFixture *fix, const void *opaque)
{
    virDomainStreamDiskRecordPtr *records = NULL;

    testDriver.entries = g_ptr_array_new_with_free_func((GDestroyNotify) streamRecordFree);
    g_ptr_array_add(testDriver.entries, streamRecordNew(fix->dom, "vda"));
    g_ptr_array_add(testDriver.entries, g_new0(streamRecord, 1));
    g_assert_cmpint(virConnectListAllStreamDisks(fix->conn, &records, 0), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "name");
    g_assert_null(records);
}

static void
testEvents(testFixture *fix, const void *opaque)
{
    int id;

    g_assert_cmpint(virEventRegisterDefaultImpl(), ==, 0);
    id = virConnectStreamDiskEventRegister(fix->conn, fix->dom, testNoEvent, NULL, NULL, 0);
    g_assert_cmpint(id, >, 0);
    g_assert_cmpint(testDriver.opened, ==, 1); /* held until deregistered */
    assertDone(virConnectStreamDiskEventDeregister(fix->conn, id), 0, "subscribe unsubscribe");
    assertRefused(virConnectStreamDiskEventDeregister(fix->conn, id),
                  "could not find stream event callback");
}

/* Every call that a driver answers, its answer being an error */
static void
testAllFail(testFixture *fix, int code, const char *text, bool called)
{
    virTypedParameter param = { .field = "bandwidth", .type = VIR_TYPED_PARAM_ULLONG };
    virDomainStreamDiskRecordPtr *records = NULL;
    virTypedParameterPtr params = NULL;
    int nparams = 42;

#define assertFails(call, seen) assertFailed((call), code, text, called ? (seen) : "")
    assertFails(virDomainStreamDisk(fix->dom, "vda", 0, START), "test vda 0 1");
    assertFails(virDomainStreamDiskInfo(fix->dom, NULL, 0, 0), "test 0 0");
    assertFails(virDomainStreamDiskStart(fix->dom, "vda", NULL, NULL, 0, 0), "test vda - - 0 0");
    assertFails(virDomainStreamDiskSetParameters(fix->dom, "vda", &param, 1, 0),
                "test vda - bandwidth 1 0");
    assertFails(virDomainStreamDiskGetStats(fix->dom, "vda", &params, &nparams, 0), "test vda 0");
    assertFails(virConnectListAllStreamDisks(fix->conn, &records, 0), "0");
    assertFails(virConnectStreamDiskEventRegister(fix->conn, NULL, testNoEvent, NULL, NULL, 0),
                "subscribe");
#undef assertFails
    g_assert_null(params);
    g_assert_cmpint(nparams, ==, 42);
    g_assert_null(records);
}

static void
testDriverFails(testFixture *fix, const void *opaque)
{
    g_assert_cmpint(virEventRegisterDefaultImpl(), ==, 0);
    testDriver.fails = true;
    testAllFail(fix, VIR_ERR_OPERATION_FAILED, "the driver fails", true);
}

static void
testNoDriver(testFixture *fix, const void *opaque)
{
    testDriver.unsupported = true;
    testAllFail(fix, VIR_ERR_NO_SUPPORT, "no driver", false);
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
    testAdd("/libvirt-domain/no-domain", testNoDomain);
    testAdd("/libvirt-domain/no-connect", testNoConnect);
    testAdd("/libvirt-domain/modes", testModes);
    testAdd("/libvirt-domain/arguments", testArguments);
    testAdd("/libvirt-domain/event-arguments", testEventArguments);
    testAdd("/libvirt-domain/calls", testCalls);
    testAdd("/libvirt-domain/list", testListCall);
    testAdd("/libvirt-domain/list-count", testListCount);
    testAdd("/libvirt-domain/list-broken", testListBroken);
    testAdd("/libvirt-domain/events", testEvents);
    testAdd("/libvirt-domain/driver-fails", testDriverFails);
    testAdd("/libvirt-domain/no-driver", testNoDriver);
    return g_test_run();
}
