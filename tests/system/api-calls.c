/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * api-calls.c: every public call, rightly and wrongly made, on the guests of api-calls.sh
 *
 *   guest  vda  top ─► middle ─► bottom ─► a slow remote    vdb  another, ─► the slow remote
 *          vdc  no backing image                            vdd  raw
 *          vde  read-only                                   vdf  top ─► middle ─► base, local
 *          vdg  small, ─► base, local                       sda  a drive without a medium
 *   off    is defined, and does not run
 *
 * usage: api-calls DIRECTORY INDEX [GUEST.xml OFF.xml], where INDEX is libvirt's of the bottom
 * image of vda; the files are for a hypervisor that has no domains yet: libvirt's test driver
 */

#include <glib.h>
#include <libvirt/virterror.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api_call.h"

/* short, as they are printed with the call */
#define START VIR_DOMAIN_STREAM_DISK_START
#define STOP VIR_DOMAIN_STREAM_DISK_STOP
#define ONE VIR_DOMAIN_STREAM_DISK_ONE
#define COPY_TRANSIENT VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB
#define COMMIT_BYTES VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES
#define COMMIT_ACTIVE VIR_DOMAIN_BLOCK_COMMIT_ACTIVE
#define BANDWIDTH(bytesPerSecond) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH, \
      .type = VIR_TYPED_PARAM_ULLONG, \
      .value.ul = (bytesPerSecond) }
#define RELATIVE(yes) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_RELATIVE, \
      .type = VIR_TYPED_PARAM_BOOLEAN, \
      .value.b = (yes) }
#define FACTOR(times) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR, \
      .type = VIR_TYPED_PARAM_DOUBLE, \
      .value.d = (times) }
#define LATENCY(us) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX, \
      .type = VIR_TYPED_PARAM_ULLONG, \
      .value.ul = (us) }
#define FAST(yes) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_FAST, \
      .type = VIR_TYPED_PARAM_BOOLEAN, \
      .value.b = (yes) }
#define DEADLINE(seconds) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE, \
      .type = VIR_TYPED_PARAM_ULLONG, \
      .value.ul = (seconds) }
#define HYDRATE(yes) \
    { .field = VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE, \
      .type = VIR_TYPED_PARAM_BOOLEAN, \
      .value.b = (yes) }
#define PARAM(name, paramType) { .field = name, .type = VIR_TYPED_PARAM_##paramType }
#define PARAMS(...) \
    (virTypedParameter[]) { __VA_ARGS__ }, G_N_ELEMENTS(((virTypedParameter[]) { __VA_ARGS__ }))

static virConnectPtr conn;
static virDomainPtr dom;
static const char *directory;
static const char *bottom;      /* path of the image */
static const char *bottomIndex; /* "vda[N]" */

static void
apiCallsGetStats(const char *disk)
{
    g_autofree char *call = g_strdup_printf("virDomainStreamDiskGetStats(dom, \"%s\", ...)", disk);
    virTypedParameterPtr params = NULL;
    int nparams = 0;

    apiCallBefore();
    if (apiCallAfter(call, virDomainStreamDiskGetStats(dom, disk, &params, &nparams, 0)) == 0)
        apiCallPrintStats(params, nparams);
    virTypedParamsFree(params, nparams);
}

static void
apiCallsInfo(void)
{
    virDomainStreamDiskState states[4] = { 0 };
    int active = (int) TRY(virDomainStreamDiskInfo(dom, states, 4, 0));

    for (int i = 0; i < active; i++)
        printf("    target='%s' alias='%s' size %llu MiB\n", states[i].target, states[i].alias,
               states[i].size >> 20);
}

static void
apiCallsList(void)
{
    virDomainStreamDiskRecordPtr *records = NULL;

    if (TRY(virConnectListAllStreamDisks(conn, &records, 0)) < 0)
        return;
    for (int i = 0; records[i]; i++) {
        printf("    domain='%s' disk='%s'\n", virDomainGetName(records[i]->dom), records[i]->disk);
        apiCallPrintStats(records[i]->params, records[i]->nparams);
    }
    virDomainStreamDiskRecordListFree(records);
}

static void
apiCallsNull(void)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;

    TRY(virDomainStreamDisk(NULL, "vda", 0, START));
    TRY(virDomainStreamDisk(dom, NULL, 0, START));
    TRY(virDomainStreamDiskInfo(NULL, NULL, 0, 0));
    TRY(virDomainStreamDiskInfo(dom, NULL, 1, 0));
    TRY(virDomainStreamDiskStart(NULL, "vda", NULL, NULL, 0, 0));
    TRY(virDomainStreamDiskStart(dom, NULL, NULL, NULL, 0, 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, NULL, 1, 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, NULL, -1, 0));
    TRY(virDomainStreamDiskSetParameters(NULL, "vda", PARAMS(BANDWIDTH(1)), 0));
    TRY(virDomainStreamDiskSetParameters(dom, NULL, PARAMS(BANDWIDTH(1)), 0));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", NULL, 1, 0));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", NULL, 0, 0));
    TRY(virDomainStreamDiskGetStats(NULL, "vda", &params, &nparams, 0));
    TRY(virDomainStreamDiskGetStats(dom, NULL, &params, &nparams, 0));
    TRY(virDomainStreamDiskGetStats(dom, "vda", NULL, &nparams, 0));
    TRY(virDomainStreamDiskGetStats(dom, "vda", &params, NULL, 0));
    TRY(virConnectListAllStreamDisks(NULL, NULL, 0));
    TRY(virConnectStreamDiskEventRegister(NULL, NULL, NULL, NULL, NULL, 0));
    TRY(virConnectStreamDiskEventRegister(conn, NULL, NULL, NULL, NULL, 0));
    TRY(virConnectStreamDiskEventDeregister(NULL, 1));
    virDomainStreamDiskRecordListFree(NULL);
}

static void
apiCallsFlags(void)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;

    TRY(virDomainStreamDisk(dom, "vda", 0, 0));
    TRY(virDomainStreamDisk(dom, "vda", 0, START | STOP));
    TRY(virDomainStreamDisk(dom, "vda", 0, START | STOP | ONE));
    TRY(virDomainStreamDisk(dom, "vda", 0, START | 8));
    TRY(virDomainStreamDisk(dom, "vda", 0, 8));
    TRY(virDomainStreamDisk(dom, "vda", 512, START));
    TRY(virDomainStreamDisk(dom, "vda", 512, STOP));
    TRY(virDomainStreamDisk(dom, "vda", 512, ONE));
    TRY(virDomainStreamDiskInfo(dom, NULL, 0, 1));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, NULL, 0, 1));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(BANDWIDTH(1)), 1));
    TRY(virDomainStreamDiskGetStats(dom, "vda", &params, &nparams, 1));
    TRY(virConnectListAllStreamDisks(conn, NULL, 1));
}

static void
apiCallsDisks(void)
{
    g_autofree char *tooLong = g_strnfill(65537, 'x');

    TRY(virDomainStreamDisk(dom, "vdx", 0, START));
    TRY(virDomainStreamDisk(dom, "", 0, START));
    TRY(virDomainStreamDisk(dom, bottom, 0, START));
    TRY(virDomainStreamDisk(dom, tooLong, 0, START));
    TRY(virDomainStreamDisk(dom, "vdc", 0, START));
    TRY(virDomainStreamDisk(dom, "vdd", 0, START));
    TRY(virDomainStreamDisk(dom, "vde", 0, START));
    TRY(virDomainStreamDisk(dom, "sda", 0, START));
    TRY(virDomainStreamDisk(dom, "vdx", 0, STOP));
    TRY(virDomainStreamDisk(dom, "vda", 0, STOP));
    TRY(virDomainStreamDisk(dom, "vdd", 0, STOP));
    TRY(virDomainStreamDisk(dom, "sda", 0, STOP));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(BANDWIDTH(1)), 0));
    apiCallsGetStats("vda");
    apiCallsGetStats("vdx");
    apiCallsGetStats("sda");
    apiCallsInfo();
    apiCallsList();
}

static void
apiCallsParams(void)
{
    virTypedParameter unterminated = PARAM("", ULLONG);

    memset(unterminated.field, 'x', sizeof(unterminated.field));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(PARAM("speed", ULLONG)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, &unterminated, 1, 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(PARAM("bandwidth", INT)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(PARAM("bandwidth", LLONG)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", bottom, PARAMS(PARAM("relative", UINT)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(BANDWIDTH(1), BANDWIDTH(1)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(BANDWIDTH(1ULL << 63)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(RELATIVE(1)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS({ .field = "?", .type = 99 }), 0));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(RELATIVE(1)), 0));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(BANDWIDTH(1ULL << 63)), 0));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(PARAM("bandwidth", STRING)), 0));
}

/* Those of hydration */
static void
apiCallsHydration(void)
{
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(FACTOR(0.5)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(FACTOR(NAN)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(FACTOR(INFINITY)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(LATENCY(0)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(LATENCY(60000001)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(DEADLINE(31536001)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(FACTOR(2), LATENCY(500)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(FAST(1), FACTOR(2)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(LATENCY(500), FAST(1)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(PARAM("fast", INT)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(PARAM("hydrate", ULLONG)), 0));
    TRY(virDomainStreamDiskStart(dom, "vda", NULL, PARAMS(FAST(0), FAST(1)), 0));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(FACTOR(0.5)), 0));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(FAST(1), LATENCY(500)), 0));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(PARAM("deadline", INT)), 0));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(HYDRATE(0)), 0));
    if (TRY(virDomainStreamDiskStart(dom, "vda", NULL,
                                     PARAMS(BANDWIDTH(65536), FACTOR(1.5), DEADLINE(3600)), 0)) ==
        0) {
        TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(FAST(1), DEADLINE(0)), 0));
        TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(LATENCY(500), HYDRATE(0)), 0));
        TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(FAST(0), HYDRATE(1)), 0));
        TRY(virDomainStreamDisk(dom, "vda", 0, STOP));
    }
}

static void
apiCallsBase(void)
{
    g_autofree char *top = g_strconcat(directory, "/vda.qcow2", NULL);
    virTypedParameter slow = BANDWIDTH(65536);

    TRY(virDomainStreamDiskStart(dom, "vda", "/nowhere.qcow2", NULL, 0, 0));
    TRY(virDomainStreamDiskStart(dom, "vda", "", NULL, 0, 0));
    TRY(virDomainStreamDiskStart(dom, "vda", top, NULL, 0, 0));
    TRY(virDomainStreamDiskStart(dom, "vda", "vda[99]", NULL, 0, 0));
    TRY(virDomainStreamDiskStart(dom, "vda", "vdb[1]", NULL, 0, 0));
    TRY(virDomainStreamDiskStart(dom, "vda", bottom, PARAMS(RELATIVE(1)), 0));
    if (TRY(virDomainStreamDiskStart(dom, "vda", bottom, &slow, 1, 0)) == 0) {
        apiCallsGetStats("vda");
        TRY(virDomainStreamDisk(dom, "vda", 0, STOP));
    }
    if (TRY(virDomainStreamDiskStart(dom, "vda", bottomIndex, &slow, 1, 0)) == 0) {
        apiCallsGetStats("vda");
        TRY(virDomainStreamDisk(dom, top, 0, STOP));
    }
}

static void
apiCallsRunning(void)
{
    TRY(virDomainStreamDisk(dom, "vda", 0, START));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(BANDWIDTH(65536)), 0));
    TRY(virDomainStreamDisk(dom, "vda", 0, START));
    TRY(virDomainStreamDiskStart(dom, "vda", bottom, NULL, 0, 0));
    TRY(virDomainStreamDiskInfo(dom, NULL, 0, 0));
    apiCallsInfo();
    apiCallsGetStats("vda");
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(BANDWIDTH(1ULL << 63)), 0));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(BANDWIDTH(100000)), 0));
    apiCallsGetStats("vda");
    TRY(virConnectListAllStreamDisks(conn, NULL, 0));
    apiCallsList();
    TRY(virDomainStreamDisk(dom, "vdb", 0, START));
    apiCallsInfo();
    TRY(virDomainStreamDisk(dom, "vdb", 0, STOP));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(BANDWIDTH(0)), 0));
    TRY(virDomainStreamDisk(dom, "vda", 0, STOP));
    TRY(virDomainStreamDisk(dom, "vda", 0, STOP));
    apiCallsGetStats("vda");
    apiCallsInfo();
}

/* A disk that has a block job of another kind */
static void
apiCallsOtherJob(void)
{
    TRY(virDomainStreamDisk(dom, "vdf", 0, START));
    TRY(virDomainStreamDisk(dom, "vdf", 0, STOP));
    TRY(virDomainStreamDiskSetParameters(dom, "vdf", PARAMS(BANDWIDTH(1)), 0));
    apiCallsGetStats("vdf");
    apiCallsInfo();
    TRY(virDomainBlockJobAbort(dom, "vdf", 0));
}

/* Each is at 1 byte per second, and so does not end. */
static void
apiCallsOtherJobs(void)
{
    g_autofree char *middle = g_strconcat(directory, "/vdf-middle.qcow2", NULL);
    g_autofree char *copyXml = g_strdup_printf("<disk type='file'><source file='%s/copy.qcow2'/>"
                                               "<driver type='qcow2'/></disk>",
                                               directory);
    virTypedParameter slow = { .field = VIR_DOMAIN_BLOCK_COPY_BANDWIDTH,
                               .type = VIR_TYPED_PARAM_ULLONG,
                               .value.ul = 1 };

    if (TRY(virDomainBlockCopy(dom, "vdf", copyXml, &slow, 1, COPY_TRANSIENT)) == 0)
        apiCallsOtherJob();
    if (TRY(virDomainBlockCommit(dom, "vdf", NULL, NULL, 1, COMMIT_BYTES | COMMIT_ACTIVE)) == 0)
        apiCallsOtherJob();
    if (TRY(virDomainBlockCommit(dom, "vdf", NULL, middle, 1, COMMIT_BYTES)) == 0)
        apiCallsOtherJob();
}

/* On a domain that does not run, or is no more */
static void
apiCallsOn(virDomainPtr other)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;

    TRY(virDomainStreamDisk(other, "vda", 0, START));
    TRY(virDomainStreamDisk(other, "vda", 0, STOP));
    TRY(virDomainStreamDiskStart(other, "vda", NULL, NULL, 0, 0));
    TRY(virDomainStreamDiskSetParameters(other, "vda", PARAMS(BANDWIDTH(1)), 0));
    TRY(virDomainStreamDiskGetStats(other, "vda", &params, &nparams, 0));
    TRY(virDomainStreamDiskInfo(other, NULL, 0, 0));
}

static void
apiCallsAbsent(void)
{
    virDomainPtr off = virDomainLookupByName(conn, "off");

    apiCallsOn(off);
    TRY(virDomainUndefine(off));
    apiCallsOn(off);
    virDomainFree(off);
}

static void
apiCallsReadonly(void)
{
    virConnectPtr readonly = virConnectOpenReadOnly(NULL);
    virDomainPtr rw = dom;
    virConnectPtr rwConn = conn;

    TRY(virDomainStreamDiskStart(rw, "vda", NULL, PARAMS(BANDWIDTH(65536)), 0));
    dom = virDomainLookupByName(readonly, "guest");
    conn = readonly;
    TRY(virDomainStreamDisk(dom, "vdb", 0, START));
    TRY(virDomainStreamDiskStart(dom, "vdb", NULL, NULL, 0, 0));
    TRY(virDomainStreamDisk(dom, "vda", 0, STOP));
    TRY(virDomainStreamDisk(dom, "vdb", 0, STOP));
    TRY(virDomainStreamDiskSetParameters(dom, "vda", PARAMS(BANDWIDTH(1)), 0));
    apiCallsGetStats("vda");
    apiCallsInfo();
    apiCallsList();
    virDomainFree(dom);
    dom = rw;
    conn = rwConn;
    virConnectClose(readonly);
    TRY(virDomainStreamDisk(dom, "vda", 0, STOP));
}

static void
apiCallsOnEvent(virConnectPtr c, virDomainPtr d, const char *disk, int event,
                virTypedParameterPtr params, int nparams, void *opaque)
{
    int *ended = opaque;

    if (event == VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS)
        return;
    printf("event %d of disk '%s' of domain '%s'\n", event, disk, virDomainGetName(d));
    apiCallPrintStats(params, nparams);
    *ended = event > VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS;
}

static void
apiCallsOnFree(void *opaque)
{
    printf("the callback's data is freed\n");
}

static void
apiCallsOtherConnection(void)
{
    virConnectPtr other = virConnectOpen("test:///default");
    virDomainPtr test = virDomainLookupByName(other, "test");

    TRY(virConnectStreamDiskEventRegister(conn, test, apiCallsOnEvent, NULL, NULL, 0));
    virDomainFree(test);
    virConnectClose(other);
}

static void
apiCallsWaitEnd(int *ended)
{
    for (*ended = 0; !*ended;)
        virEventRunDefaultImpl();
}

static void
apiCallsEvents(void)
{
    int ended;
    int all;
    int unused;

    TRY(virConnectStreamDiskEventRegister(conn, NULL, apiCallsOnEvent, NULL, apiCallsOnFree, 1));
    TRY(virConnectStreamDiskEventDeregister(conn, 99));
    unused = virConnectStreamDiskEventRegister(conn, dom, apiCallsOnEvent, &ended, NULL, 0);
    TRY(virConnectStreamDiskEventDeregister(conn, unused));
    TRY(virConnectStreamDiskEventDeregister(conn, unused));

    all = virConnectStreamDiskEventRegister(conn, dom, apiCallsOnEvent, &ended, apiCallsOnFree, 0);
    TRY(virDomainStreamDisk(dom, "vda", 0, START));
    TRY(virDomainStreamDisk(dom, "vda", 0, STOP));
    apiCallsWaitEnd(&ended);
    if (TRY(virDomainBlockPull(dom, "vda", 0, 0)) == 0) {
        TRY(virDomainBlockJobAbort(dom, "vda", 0));
        apiCallsWaitEnd(&ended);
    }
    TRY(virDomainStreamDisk(dom, "vdg", 0, START));
    apiCallsWaitEnd(&ended);
    TRY(virDomainStreamDisk(dom, "vdg", 0, START));
    apiCallsGetStats("vdg");
    TRY(virConnectStreamDiskEventDeregister(conn, all));
}

static void
apiCallsMakeDomains(const char *guest, const char *off)
{
    g_autofree char *guestXml = NULL;
    g_autofree char *offXml = NULL;

    if (g_file_get_contents(guest, &guestXml, NULL, NULL))
        virDomainFree(virDomainCreateXML(conn, guestXml, 0));
    if (g_file_get_contents(off, &offXml, NULL, NULL))
        virDomainFree(virDomainDefineXML(conn, offXml));
}

static void
apiCallsQuiet(void *opaque, virErrorPtr error)
{
}

int
main(int argc, char **argv)
{
    g_autofree char *bottomPath = NULL;

    if (argc != 3 && argc != 5)
        return 2;
    alarm(250); /* a call that hangs, or an event that does not come */
    virSetErrorFunc(NULL, apiCallsQuiet);
    directory = argv[1];
    bottom = bottomPath = g_strconcat(directory, "/bottom.qcow2", NULL);
    bottomIndex = argv[2];

    conn = virConnectOpen(NULL);
    TRY(virConnectStreamDiskEventRegister(conn, NULL, apiCallsOnEvent, NULL, NULL, 0));
    virConnectClose(conn);
    virEventRegisterDefaultImpl();
    conn = virConnectOpen(NULL);
    if (argc == 5)
        apiCallsMakeDomains(argv[3], argv[4]);
    dom = virDomainLookupByName(conn, "guest");
    apiCallWatch(dom);

    apiCallsNull();
    apiCallsFlags();
    apiCallsDisks();
    apiCallsParams();
    apiCallsHydration();
    apiCallsBase();
    apiCallsRunning();
    apiCallsOtherJobs();
    apiCallsAbsent();
    apiCallsReadonly();
    apiCallsOtherConnection();
    apiCallsEvents();

    virDomainFree(dom);
    virConnectClose(conn);
    return 0;
}
