/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_fixture.c: the pretending driver */

#include "remote_fixture.h"

#include "util/error.h"
#include "util/handle.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

static void
remoteFixtureRecord(void *priv, char *called)
{
    remoteFixture *fix = priv;

    g_mutex_lock(&fix->lock);
    g_free(fix->called);
    fix->called = called;
    g_mutex_unlock(&fix->lock);
}

static int
remoteFixtureCheckDisk(const char *disk)
{
    if (g_str_equal(disk, "vda"))
        return 0;
    errorReport(VIR_ERR_INVALID_ARG, "no disk '%s'", disk);
    return -1;
}

static long long
remoteFixtureStreamDisk(void *priv, virDomainPtr dom, const char *disk, unsigned long long offset,
                        unsigned int flags)
{
    remoteFixtureRecord(priv, g_strdup_printf("stream %s %s %llu %x", virDomainGetName(dom), disk,
                                              offset, flags));
    return remoteFixtureCheckDisk(disk) < 0 ? -1 : (long long) offset + 65536;
}

static int
remoteFixtureInfo(void *priv, virDomainPtr dom, virDomainStreamDiskStatePtr states,
                  unsigned int nstates, unsigned int flags)
{
    remoteFixtureRecord(priv,
                        g_strdup_printf("info %s %u %x", virDomainGetName(dom), nstates, flags));
    for (unsigned int i = 0; i < MIN(nstates, REMOTE_FIXTURE_ACTIVE); i++) {
        g_snprintf(states[i].alias, sizeof(states[i].alias), "virtio-disk%u", i);
        g_snprintf(states[i].target, sizeof(states[i].target), "vd%c", 'a' + (int) i);
        states[i].offset = i;
        states[i].size = 1000;
    }
    return REMOTE_FIXTURE_ACTIVE;
}

static int
remoteFixtureStartStream(void *priv, virDomainPtr dom, const char *disk, const char *base,
                         virTypedParameterPtr params, int nparams, unsigned int flags)
{
    remoteFixtureRecord(priv, g_strdup_printf("start %s %s %s %d %s %x", virDomainGetName(dom),
                                              disk, base ? base : "-", nparams,
                                              nparams > 0 ? params[0].field : "-", flags));
    return remoteFixtureCheckDisk(disk);
}

static int
remoteFixtureSetParameters(void *priv, virDomainPtr dom, const char *disk,
                           virTypedParameterPtr params, int nparams, unsigned int flags)
{
    remoteFixtureRecord(priv, g_strdup_printf("set %s %s %d %s %x", virDomainGetName(dom), disk,
                                              nparams, nparams > 0 ? params[0].field : "-", flags));
    return remoteFixtureCheckDisk(disk);
}

void
remoteFixtureMakeParams(virTypedParameterPtr *params, int *nparams)
{
    int maxParams = 0;

    *params = NULL;
    *nparams = 0;
    virTypedParamsAddULLong(params, nparams, &maxParams, "bandwidth", 1000);
    virTypedParamsAddString(params, nparams, &maxParams, "base", "vda[1]");
}

static int
remoteFixtureGetStats(void *priv, virDomainPtr dom, const char *disk, virTypedParameterPtr *params,
                      int *nparams, unsigned int flags)
{
    remoteFixtureRecord(priv,
                        g_strdup_printf("stats %s %s %x", virDomainGetName(dom), disk, flags));
    if (remoteFixtureCheckDisk(disk) < 0)
        return -1;
    remoteFixtureMakeParams(params, nparams);
    return 0;
}

static streamRecord *
remoteFixtureMakeEntry(void)
{
    streamRecord *entry = g_new0(streamRecord, 1);

    entry->name = g_strdup("test");
    entry->disk = g_strdup("vda");
    entry->id = 1;
    remoteFixtureMakeParams(&entry->params, &entry->nparams);
    return entry;
}

static GPtrArray *
remoteFixtureList(void *priv, unsigned int flags)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify) streamRecordFree);

    remoteFixtureRecord(priv, g_strdup_printf("list %x", flags));
    g_ptr_array_add(entries, remoteFixtureMakeEntry());
    g_ptr_array_add(entries, remoteFixtureMakeEntry());
    return entries;
}

static const driverTable remoteFixtureDriver = {
    .name = "pretending",
    .domainStreamDisk = remoteFixtureStreamDisk,
    .domainStreamDiskInfo = remoteFixtureInfo,
    .domainStreamDiskStart = remoteFixtureStartStream,
    .domainStreamDiskSetParameters = remoteFixtureSetParameters,
    .domainStreamDiskGetStats = remoteFixtureGetStats,
    .connectListAllStreamDisks = remoteFixtureList,
};

static virConnectPtr
remoteFixtureGetConnect(void *opaque)
{
    return virConnectOpen("test:///default");
}

void
remoteFixtureStart(remoteFixture *fix)
{
    guint32 version = fix->program.version;

    fix->dispatch = (remoteDispatch) {
        .via = { .driver = &remoteFixtureDriver, .priv = fix },
        .getConnect = remoteFixtureGetConnect,
        .events = remoteDispatchEventNew(),
    };
    fix->program = remoteDispatchProgram(&fix->dispatch);
    if (version)
        fix->program.version = version;
    fix->server.program = &fix->program;
    rpcFixtureStart(&fix->server);
}

void
remoteFixtureStop(remoteFixture *fix)
{
    rpcFixtureStop(&fix->server);
    remoteDispatchEventFree(fix->dispatch.events);
    g_free(fix->called);
    *fix = (remoteFixture) { 0 };
}

void
remoteFixtureAssertCalled(remoteFixture *fix, const char *expected)
{
    g_mutex_lock(&fix->lock);
    g_assert_cmpstr(fix->called, ==, expected);
    g_clear_pointer(&fix->called, g_free);
    g_mutex_unlock(&fix->lock);
}

void
remoteFixtureSendEvent(remoteFixture *fix, int event)
{
    g_autoptr(streamRecord) entry = remoteFixtureMakeEntry();

    remoteDispatchEventSend(event, entry, fix->dispatch.events);
}
