/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remote_driver-test.c: every slot of the driver, through sockets, to a pretending daemon
 *
 * The connection is libvirt's test driver's; what it says of itself is said here, as is
 * where its events go.
 */

#include "remote/remote_driver.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "remote/remote_codec.h"
#include "rpc/rpc_message.h"
#include "remote_fixture.h"
#include "stream/stream_event.h"
#include "util/error.h"
#include "util/handle.h"

static struct {
    const char *type;
    const char *uri;
    uid_t uid;
} said;

const char *
virConnectGetType(virConnectPtr conn)
{
    return said.type;
}

char *
virConnectGetURI(virConnectPtr conn)
{
    return g_strdup(said.uri);
}

uid_t
geteuid(void)
{
    return said.uid;
}

static struct {
    GMutex lock;
    GCond cond;
    int count;
    int last;
    int lost;
    void *priv;
    char *disk;
} events;

void
streamEventPublish(void *priv, int event, streamRecord *entry)
{
    g_mutex_lock(&events.lock);
    events.count++;
    events.last = event;
    events.priv = priv;
    g_free(events.disk);
    events.disk = g_strdup(entry->disk);
    g_cond_signal(&events.cond);
    g_mutex_unlock(&events.lock);
    streamRecordFree(entry);
}

void
streamEventLost(void *priv)
{
    g_mutex_lock(&events.lock);
    events.lost++;
    g_cond_signal(&events.cond);
    g_mutex_unlock(&events.lock);
}

static void
eventsWait(const int *counter, int value)
{
    g_mutex_lock(&events.lock);
    while (*counter < value)
        g_cond_wait(&events.cond, &events.lock);
    g_mutex_unlock(&events.lock);
}

/* The session's sockets */
static char *dir;

typedef struct {
    remoteFixture daemon;
    virConnectPtr conn;
    virDomainPtr dom;
    void *priv;
} fixture;

static void
prepare(fixture *fix)
{
    *fix = (fixture) { 0 };
    said.type = "QEMU";
    said.uri = "qemu:///session";
    said.uid = 1000;
    events.count = events.lost = 0;
    g_assert_no_errno(g_mkdir_with_parents(dir, 0755));
    fix->daemon.server.dir = g_strdup(dir);
    fix->conn = virConnectOpen("test:///default");
    fix->dom = virDomainLookupByName(fix->conn, "test");
    g_assert_nonnull(fix->dom);
}

static void
start(fixture *fix)
{
    prepare(fix);
    remoteFixtureStart(&fix->daemon);
    g_assert_cmpint(remoteDriver.connectOpen(fix->conn, &fix->priv), ==, 1);
}

static void
stop(fixture *fix)
{
    if (fix->priv)
        remoteDriver.connectClose(fix->priv);
    if (fix->daemon.server.thread) {
        gboolean connected = fix->priv != NULL;

        remoteFixtureStop(&fix->daemon);
        if (connected)
            eventsWait(&events.lost, 1);
    }
    handleFreeDomain(fix->dom);
    handleCloseConnect(fix->conn);
    g_clear_pointer(&events.disk, g_free);
}

static void
assertErrorText(int code, const char *text)
{
    g_assert_cmpint(virGetLastErrorCode(), ==, code);
    if (!strstr(errorText(), text))
        g_error("'%s' is not in '%s'", text, errorText());
}

static void
testStreamDisk(void)
{
    fixture fix;

    start(&fix);
    g_assert_cmpint(remoteDriver.domainStreamDisk(fix.priv, fix.dom, "vda", 0x100000000, 4), ==,
                    0x100010000);
    remoteFixtureAssertCalled(&fix.daemon, "stream test vda 4294967296 4");
    g_assert_cmpint(remoteDriver.domainStreamDisk(fix.priv, fix.dom, "vdz", 0, 1), ==, -1);
    assertErrorText(VIR_ERR_INVALID_ARG, "no disk 'vdz'");
    stop(&fix);
}

static void
testInfo(void)
{
    virDomainStreamDiskState states[5];
    fixture fix;

    start(&fix);
    memset(states, 0xff, sizeof(states));
    g_assert_cmpint(remoteDriver.domainStreamDiskInfo(fix.priv, fix.dom, states, 5, 0), ==, 3);
    remoteFixtureAssertCalled(&fix.daemon, "info test 5 0");
    g_assert_cmpstr(states[2].alias, ==, "virtio-disk2");
    g_assert_cmpstr(states[2].target, ==, "vdc");
    g_assert_cmpuint(states[2].offset, ==, 2);
    g_assert_cmpuint(states[2].size, ==, 1000);
    g_assert_cmphex(states[3].size, ==, G_MAXUINT64);

    memset(states, 0xff, sizeof(states));
    g_assert_cmpint(remoteDriver.domainStreamDiskInfo(fix.priv, fix.dom, states, 1, 0), ==, 3);
    g_assert_cmphex(states[1].size, ==, G_MAXUINT64);
    g_assert_cmpint(remoteDriver.domainStreamDiskInfo(fix.priv, fix.dom, NULL, 0, 0), ==, 3);
    stop(&fix);
}

static void
testStart(void)
{
    g_autofree char *longDisk = g_strnfill(70000, 'x');
    virTypedParameterPtr params;
    int nparams;
    fixture fix;

    start(&fix);
    remoteFixtureMakeParams(&params, &nparams);
    g_assert_cmpint(remoteDriver.domainStreamDiskStart(fix.priv, fix.dom, "vda", "vda[2]", params,
                                                       nparams, 0),
                    ==, 0);
    remoteFixtureAssertCalled(&fix.daemon, "start test vda vda[2] 2 bandwidth 0");
    g_assert_cmpint(remoteDriver.domainStreamDiskStart(fix.priv, fix.dom, "vda", NULL, NULL, 0, 1),
                    ==, 0);
    remoteFixtureAssertCalled(&fix.daemon, "start test vda - 0 - 1");
    g_assert_cmpint(remoteDriver.domainStreamDiskStart(fix.priv, fix.dom, longDisk, NULL, params,
                                                       nparams, 0),
                    ==, -1);
    assertErrorText(VIR_ERR_RPC, "disk of 70000 bytes is longer than 65536");
    virTypedParamsFree(params, nparams);
    stop(&fix);
}

static void
testSetParameters(void)
{
    virTypedParameterPtr params;
    int nparams;
    fixture fix;

    start(&fix);
    remoteFixtureMakeParams(&params, &nparams);
    g_assert_cmpint(remoteDriver.domainStreamDiskSetParameters(fix.priv, fix.dom, "vda", params,
                                                               nparams, 0),
                    ==, 0);
    remoteFixtureAssertCalled(&fix.daemon, "set test vda 2 bandwidth 0");
    virTypedParamsFree(params, nparams);
    stop(&fix);
}

static void
testGetStats(void)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    fixture fix;

    start(&fix);
    g_assert_cmpint(remoteDriver.domainStreamDiskGetStats(fix.priv, fix.dom, "vda", &params,
                                                          &nparams, 0),
                    ==, 0);
    g_assert_cmpint(nparams, ==, 2);
    g_assert_cmpuint(params[0].value.ul, ==, 1000);
    g_assert_cmpstr(params[1].value.s, ==, "vda[1]");
    virTypedParamsFree(params, nparams);
    params = NULL;
    g_assert_cmpint(remoteDriver.domainStreamDiskGetStats(fix.priv, fix.dom, "vdz", &params,
                                                          &nparams, 0),
                    ==, -1);
    g_assert_null(params);
    stop(&fix);
}

static void
testList(void)
{
    g_autoptr(GPtrArray) entries = NULL;
    fixture fix;

    start(&fix);
    entries = remoteDriver.connectListAllStreamDisks(fix.priv, 0);
    g_assert_cmpuint(entries->len, ==, 2);
    g_assert_cmpstr(((streamRecord *) g_ptr_array_index(entries, 1))->disk, ==, "vda");
    stop(&fix);
}

static void
testEvents(void)
{
    fixture fix;

    start(&fix);
    remoteFixtureSendEvent(&fix.daemon, 0);
    g_assert_cmpint(remoteDriver.connectEventsSubscribe(fix.priv), ==, 0);
    g_assert_cmpint(remoteDriver.connectEventsSubscribe(fix.priv), ==, 0);
    remoteFixtureSendEvent(&fix.daemon, 1);
    eventsWait(&events.count, 1);
    g_assert_cmpint(events.last, ==, 1);
    g_assert_true(events.priv == fix.priv);
    g_assert_cmpstr(events.disk, ==, "vda");

    remoteDriver.connectEventsUnsubscribe(fix.priv);
    remoteFixtureSendEvent(&fix.daemon, 2);
    eventsWait(&events.count, 2);
    remoteDriver.connectEventsUnsubscribe(fix.priv);
    remoteFixtureSendEvent(&fix.daemon, 3);
    g_assert_cmpint(remoteDriver.domainStreamDiskInfo(fix.priv, fix.dom, NULL, 0, 0), ==, 3);
    g_assert_cmpint(events.count, ==, 2);
    stop(&fix);
}

/* All connections to one daemon share one socket, and open without a round trip. */
static void
testShared(void)
{
    void *second;
    fixture fix;

    start(&fix);
    g_assert_cmpint(remoteDriver.connectOpen(fix.conn, &second), ==, 1);
    g_assert_true(second == fix.priv);
    remoteDriver.connectClose(second);
    rpcFixtureWaitForClients(&fix.daemon.server, 1);
    stop(&fix);
}

/* The daemon is started again: the old connection fails, and opening finds the new one. */
static void
testDaemonRestarts(void)
{
    void *again = NULL;
    fixture fix;

    start(&fix);
    remoteFixtureStop(&fix.daemon);
    eventsWait(&events.lost, 1);
    g_assert_cmpint(remoteDriver.domainStreamDiskInfo(fix.priv, fix.dom, NULL, 0, 0), ==, -1);
    assertErrorText(VIR_ERR_RPC, "the other side has closed the connection");
    g_assert_cmpint(remoteDriver.connectOpen(fix.conn, &again), ==, 0);

    g_assert_no_errno(g_mkdir_with_parents(dir, 0755));
    fix.daemon.server.dir = g_strdup(dir);
    remoteFixtureStart(&fix.daemon);
    g_assert_cmpint(remoteDriver.connectOpen(fix.conn, &again), ==, 1);
    g_assert_cmpint(remoteDriver.domainStreamDiskInfo(again, fix.dom, NULL, 0, 0), ==, 3);
    remoteDriver.connectClose(again);
    events.lost = 0;
    stop(&fix);
}

static void
testWhichConnections(void)
{
    static const struct {
        const char *type;
        const char *uri;
        int expected;
    } cases[] = {
        { "QEMU", "qemu:///session", 1 },
        { "QEMU", "qemu+unix:///session", 1 },
        { "QEMU", "qemu:///session?mode=direct", 1 },
        { "QEMU", "qemu:///session?socket=/elsewhere", 0 },
        { "QEMU", "qemu:///embed?root=/somewhere", 0 },
        { "QEMU", "qemu://host/session", 0 },
        { "QEMU", "qemu+unix://host/session", 0 },
        { "QEMU", "qemu+ssh:///session", 0 },
        { "QEMU", "qemu+tls://host/session", 0 },
        { "QEMU", "qemu:///session?%", 0 },
        { "QEMU", "nonsense", 0 },
        { "Xen", "xen:///system", 0 },
        { "Test", "test:///default", 0 },
    };
    fixture fix;

    start(&fix);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        void *priv = NULL;

        said.type = cases[i].type;
        said.uri = cases[i].uri;
        g_assert_cmpint(remoteDriver.connectOpen(fix.conn, &priv), ==, cases[i].expected);
        if (priv)
            remoteDriver.connectClose(priv);
    }
    stop(&fix);
}

static void
testNoDaemon(void)
{
    void *priv = NULL;
    fixture fix;

    prepare(&fix);
    virResetLastError();
    g_assert_cmpint(remoteDriver.connectOpen(fix.conn, &priv), ==, 0);
    g_assert_null(priv);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
    g_clear_pointer(&fix.daemon.server.dir, g_free);
    stop(&fix);
}

static void
testOtherVersion(void)
{
    fixture fix;

    prepare(&fix);
    fix.daemon.program.version = 2;
    remoteFixtureStart(&fix.daemon);
    g_assert_cmpint(remoteDriver.connectOpen(fix.conn, &fix.priv), ==, -1);
    assertErrorText(VIR_ERR_RPC, "speaks another protocol version than this library (1)");
    assertErrorText(VIR_ERR_RPC, fix.daemon.server.path);
    eventsWait(&events.lost, 1);
    stop(&fix);
}

/* Where the read-write socket is closed to us, the read-only one serves. */
static void
testReadonlySocket(void)
{
    fixture fix;
    gboolean root = getuid() == 0;
    int rc;

    prepare(&fix);
    remoteFixtureStart(&fix.daemon);
    g_assert_no_errno(g_chmod(fix.daemon.server.path, 0));
    g_assert_no_errno(g_chmod(fix.daemon.server.readonlyPath, 0777));
    if (root)
        g_assert_no_errno(seteuid(65534));
    rc = remoteDriver.connectOpen(fix.conn, &fix.priv);
    if (root)
        g_assert_no_errno(seteuid(0));

    g_assert_cmpint(rc, ==, 1);
    g_assert_cmpint(remoteDriver.domainStreamDiskInfo(fix.priv, fix.dom, NULL, 0, 0), ==, 3);
    g_assert_cmpint(remoteDriver.domainStreamDisk(fix.priv, fix.dom, "vda", 0, 1), ==, -1);
    assertErrorText(VIR_ERR_OPERATION_DENIED, "read only access prevents virDomainStreamDisk");
    stop(&fix);
}

/* Answers as no virtstreamd should */
static int
lyingOpen(rpcSession *session, void *args, void *ret, void *opaque)
{
    rpcSessionSetOpen(session);
    return 0;
}

static int
lyingStreamDisk(rpcSession *session, void *args, void *ret, void *opaque)
{
    ((streamdisk_domain_stream_disk_ret *) ret)->offset = -5;
    return 0;
}

/* Two streams, whatever was asked for, of which there are as many as the flags say */
static int
lyingInfo(rpcSession *session, void *args, void *opaqueRet, void *opaque)
{
    const virDomainStreamDiskState states[2] = { 0 };
    streamdisk_domain_stream_disk_info_ret *ret = opaqueRet;

    ret->active = ((streamdisk_domain_stream_disk_info_args *) args)->flags;
    return remoteCodecEncodeStates(states, 2, &ret->states.states_val, &ret->states.states_len);
}

/* Events that are none, and then an answer */
static int
lyingSubscribe(rpcSession *session, void *args, void *ret, void *opaque)
{
    rpc_header header = {
        .prog = STREAMDISK_PROGRAM,
        .vers = STREAMDISK_PROTOCOL_VERSION,
        .proc = STREAMDISK_PROC_CONNECT_STREAM_DISK_EVENT,
        .type = RPC_TYPE_MESSAGE,
    };
    g_autoptr(GBytes) empty = rpcMessageEncode(&header, NULL, NULL);
    g_autoptr(GBytes) unknown = NULL;

    header.proc++;
    unknown = rpcMessageEncode(&header, NULL, NULL);
    rpcSessionSend(session, empty);
    rpcSessionSend(session, unknown);
    return 0;
}

static const rpcProcedure lyingProcedures[] = {
    { .number = STREAMDISK_PROC_CONNECT_OPEN,
      .func = lyingOpen,
      .flags = RPC_PROCEDURE_UNOPENED,
      .argsFilter = (xdrproc_t) xdr_streamdisk_connect_open_args,
      .argsLen = sizeof(streamdisk_connect_open_args) },
    { .number = STREAMDISK_PROC_DOMAIN_STREAM_DISK,
      .func = lyingStreamDisk,
      .argsFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_args,
      .argsLen = sizeof(streamdisk_domain_stream_disk_args),
      .retFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_ret,
      .retLen = sizeof(streamdisk_domain_stream_disk_ret) },
    { .number = STREAMDISK_PROC_DOMAIN_STREAM_DISK_INFO,
      .func = lyingInfo,
      .argsFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_info_args,
      .argsLen = sizeof(streamdisk_domain_stream_disk_info_args),
      .retFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_info_ret,
      .retLen = sizeof(streamdisk_domain_stream_disk_info_ret) },
    { .number = STREAMDISK_PROC_CONNECT_EVENTS_SUBSCRIBE, .func = lyingSubscribe },
};

static void
testLyingDaemon(void)
{
    static const rpcProgram program = {
        .number = STREAMDISK_PROGRAM,
        .version = STREAMDISK_PROTOCOL_VERSION,
        .procedures = lyingProcedures,
        .nprocedures = G_N_ELEMENTS(lyingProcedures),
    };
    virDomainStreamDiskState states[2] = { { .size = 42 } };
    fixture fix;

    prepare(&fix);
    fix.daemon.server.program = &program;
    rpcFixtureStart(&fix.daemon.server);
    g_assert_cmpint(remoteDriver.connectOpen(fix.conn, &fix.priv), ==, 1);

    g_assert_cmpint(remoteDriver.domainStreamDisk(fix.priv, fix.dom, "vda", 0, 4), ==, -1);
    assertErrorText(VIR_ERR_RPC, "answered with offset -5");
    g_assert_cmpint(remoteDriver.domainStreamDiskInfo(fix.priv, fix.dom, states, 2, 1), ==, -1);
    assertErrorText(VIR_ERR_RPC, "answered with 1 streams, 2 of them filled in");
    g_assert_cmpint(remoteDriver.domainStreamDiskInfo(fix.priv, fix.dom, states, 1, 2), ==, -1);
    assertErrorText(VIR_ERR_RPC, "2 streams are more than 1");
    g_assert_cmpuint(states[0].size, ==, 42);
    g_assert_cmpint(remoteDriver.connectEventsSubscribe(fix.priv), ==, 0);
    g_assert_cmpint(remoteDriver.domainStreamDiskInfo(fix.priv, fix.dom, states, 2, 2), ==, 2);
    g_assert_cmpint(events.count, ==, 0);
    stop(&fix);
}

int
main(int argc, char **argv)
{
    g_autofree char *runtime = g_dir_make_tmp("streamdisk-XXXXXX", NULL);
    int rc;

    g_chmod(runtime, 0755);
    g_setenv("XDG_RUNTIME_DIR", runtime, TRUE);
    g_setenv("LIBVIRT_AUTOSTART", "0", TRUE);
    dir = g_build_filename(runtime, "libvirt", NULL);
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remote_driver/stream-disk", testStreamDisk);
    g_test_add_func("/remote_driver/info", testInfo);
    g_test_add_func("/remote_driver/start", testStart);
    g_test_add_func("/remote_driver/set-parameters", testSetParameters);
    g_test_add_func("/remote_driver/get-stats", testGetStats);
    g_test_add_func("/remote_driver/list", testList);
    g_test_add_func("/remote_driver/events", testEvents);
    g_test_add_func("/remote_driver/shared", testShared);
    g_test_add_func("/remote_driver/daemon-restarts", testDaemonRestarts);
    g_test_add_func("/remote_driver/which-connections", testWhichConnections);
    g_test_add_func("/remote_driver/no-daemon", testNoDaemon);
    g_test_add_func("/remote_driver/n_other-version", testOtherVersion);
    g_test_add_func("/remote_driver/n_lying-daemon", testLyingDaemon);
    g_test_add_func("/remote_driver/readonly-socket", testReadonlySocket);
    rc = g_test_run();
    g_rmdir(dir);
    g_rmdir(runtime);
    g_free(dir);
    return rc;
}
