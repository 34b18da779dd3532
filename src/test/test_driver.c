/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_driver.c: the slots: check flags and parameters, ask the domain's guest */

#include "test/test_driver.h"

#include "internal.h"
#include "test/test_conn.h"
#include "test/test_domain.h"

#define VIR_FROM_THIS VIR_FROM_TEST

static int
testDriverOpen(virConnectPtr conn, void **priv)
{
    const char *type = virConnectGetType(conn);

    if (!type)
        return -1;
    if (g_strcmp0(type, "TEST"))
        return 0;
    return (*priv = testConnOpen(conn)) ? 1 : -1;
}

static void
testDriverClose(void *priv)
{
    testConnUnref(priv);
}

/* Of a stream that could begin: does it? */
static int
testDriverCheckPlan(const testPlan *plan, bool relative)
{
    if (relative && !plan->relative)
        errorReport(VIR_ERR_OPERATION_INVALID, "%s", "can't keep relative backing relationship");
    else if (plan->refuse)
        errorReport(VIR_ERR_OPERATION_FAILED, "%s", plan->refuse);
    else
        return 0;
    return -1;
}

static int
testDriverStart(testConn *conn, virDomainPtr dom, const char *name, const char *base, bool relative,
                const streamSettings *settings)
{
    g_auto(testDomain) domain = { 0 };
    g_auto(testPlan) plan = { 0 };
    g_autoptr(testGuest) guest = NULL;
    const domainDisk *disk;
    unsigned int layers;

    if (testDomainLoad(dom, &domain) < 0 || !(disk = domainDiskListFind(domain.disks, name)) ||
        domainDiskCheckStreamable(disk) < 0 ||
        testGuestCheckFree(domain.guest, conn, disk->target) < 0 ||
        testDomainFindBase(disk, base, &layers) < 0 ||
        testPlanParse(domain.xml, disk->target, &plan) < 0 ||
        testDriverCheckPlan(&plan, relative) < 0 || !(guest = testRunsBegin(dom)))
        return -1;
    testConnAdd(conn, guest);
    return testGuestStart(guest, conn, testStreamNew(disk, base, layers, &plan, settings));
}

static int
testDriverStop(testConn *conn, virDomainPtr dom, const char *name)
{
    g_auto(testDomain) domain = { 0 };
    const domainDisk *disk;

    if (testDomainLoad(dom, &domain) < 0 || !(disk = domainDiskListFind(domain.disks, name)))
        return -1;
    return testGuestStop(domain.guest, conn, disk->target);
}

static long long
testDriverStreamDisk(void *priv, virDomainPtr dom, const char *disk, unsigned long long offset,
                     unsigned int flags)
{
    const streamSettings settings = { 0 };

    virCheckFlags(VIR_DOMAIN_STREAM_DISK_START | VIR_DOMAIN_STREAM_DISK_STOP |
                      VIR_DOMAIN_STREAM_DISK_ONE,
                  -1);

    if (flags & VIR_DOMAIN_STREAM_DISK_ONE) {
        errorReport(VIR_ERR_NO_SUPPORT, "%s", "VIR_DOMAIN_STREAM_DISK_ONE");
        return -1;
    }
    if (flags & VIR_DOMAIN_STREAM_DISK_STOP)
        return testDriverStop(priv, dom, disk);
    return testDriverStart(priv, dom, disk, NULL, false, &settings);
}

static int
testDriverStreamDiskStart(void *priv, virDomainPtr dom, const char *disk, const char *base,
                          virTypedParameterPtr params, int nparams, unsigned int flags)
{
    streamSettings settings;
    bool relative;

    virCheckFlags(0, -1);
    if (streamSettingsParseStart(params, nparams, base, 0, &settings, &relative) < 0)
        return -1;
    return testDriverStart(priv, dom, disk, base, relative, &settings);
}

static int
testDriverStreamDiskSetParameters(void *priv, virDomainPtr dom, const char *name,
                                  virTypedParameterPtr params, int nparams, unsigned int flags)
{
    g_auto(testDomain) domain = { 0 };
    const domainDisk *disk;
    streamSettings change;

    virCheckFlags(0, -1);
    if (streamSettingsParseChange(params, nparams, 0, &change) < 0)
        return -1;
    if (testDomainLoad(dom, &domain) < 0 || !(disk = domainDiskListFind(domain.disks, name)))
        return -1;
    return testGuestSet(domain.guest, priv, disk->target, &change);
}

static int
testDriverStreamDiskInfo(void *priv, virDomainPtr dom, virDomainStreamDiskStatePtr states,
                         unsigned int nstates, unsigned int flags)
{
    g_auto(testDomain) domain = { 0 };

    virCheckFlags(0, -1);
    if (testDomainLoad(dom, &domain) < 0)
        return -1;
    return testGuestLookShort(domain.guest, priv, states, nstates);
}

static int
testDriverStreamDiskGetStats(void *priv, virDomainPtr dom, const char *name,
                             virTypedParameterPtr *params, int *nparams, unsigned int flags)
{
    g_auto(testDomain) domain = { 0 };
    g_autoptr(streamRecord) entry = NULL;
    const domainDisk *disk;

    virCheckFlags(0, -1);
    if (testDomainLoad(dom, &domain) < 0 || !(disk = domainDiskListFind(domain.disks, name)) ||
        !(entry = testGuestLookAtDisk(domain.guest, priv, disk->target)))
        return -1;
    *params = g_steal_pointer(&entry->params);
    *nparams = entry->nparams;
    entry->nparams = 0;
    return 0;
}

static GPtrArray *
testDriverListAll(void *priv, unsigned int flags)
{
    g_autoptr(GPtrArray)
        entries = g_ptr_array_new_with_free_func((GDestroyNotify) streamRecordFree);
    g_autoptr(GPtrArray) guests = NULL;

    virCheckFlags(0, NULL);
    if (!(guests = testConnListRunning(priv)))
        return NULL;
    for (guint i = 0; i < guests->len; i++)
        testGuestLook(g_ptr_array_index(guests, i), priv, entries);
    return g_steal_pointer(&entries);
}

static int
testDriverEventsSubscribe(void *priv)
{
    return testConnSubscribe(priv);
}

static void
testDriverEventsUnsubscribe(void *priv)
{
    testConnUnsubscribe(priv);
}

const driverTable testDriver = {
    .name = "test",
    .connectOpen = testDriverOpen,                                      /* 0.1.0 */
    .connectClose = testDriverClose,                                    /* 0.1.0 */
    .domainStreamDisk = testDriverStreamDisk,                           /* 0.1.0 */
    .domainStreamDiskInfo = testDriverStreamDiskInfo,                   /* 0.1.0 */
    .domainStreamDiskStart = testDriverStreamDiskStart,                 /* 0.1.0 */
    .domainStreamDiskSetParameters = testDriverStreamDiskSetParameters, /* 0.1.0 */
    .domainStreamDiskGetStats = testDriverStreamDiskGetStats,           /* 0.1.0 */
    .connectListAllStreamDisks = testDriverListAll,                     /* 0.1.0 */
    .connectEventsSubscribe = testDriverEventsSubscribe,                /* 0.1.0 */
    .connectEventsUnsubscribe = testDriverEventsUnsubscribe,            /* 0.1.0 */
};
