/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_dispatch-test.c: what only a client that is not our library would send */

#include "remote/remote_dispatch.h"

#include <string.h>
#include <unistd.h>

#include "remote/remote_codec.h"
#include "remote_fixture.h"
#include "util/error.h"
#include "util/handle.h"
#include "wire.h"

typedef struct {
    remoteFixture daemon;
    int fd;
    unsigned char uuid[VIR_UUID_BUFLEN];
} fixture;

/* One call, one reply */
static void
call(fixture *fix, int proc, xdrproc_t filter, const void *args, rpcMessage *reply)
{
    const rpc_header header = {
        .prog = STREAMDISK_PROGRAM,
        .vers = STREAMDISK_PROTOCOL_VERSION,
        .proc = proc,
        .type = RPC_TYPE_CALL,
        .serial = 3,
    };

    wireSend(fix->fd, &header, filter, args);
    g_assert_true(wireReceive(fix->fd, reply));
}

static void
assertError(const rpcMessage *reply, int code, const char *expected)
{
    int got;
    g_autofree char *text = wireErrorText(reply, &got);

    g_assert_cmpint(got, ==, code);
    if (!strstr(text, expected))
        g_error("'%s' is not in '%s'", expected, text);
}

static void
openWith(fixture *fix, unsigned int flags, rpcMessage *reply)
{
    const streamdisk_connect_open_args args = { .flags = flags };

    call(fix, STREAMDISK_PROC_CONNECT_OPEN, (xdrproc_t) xdr_streamdisk_connect_open_args, &args,
         reply);
}

static void
setUp(fixture *fix, gconstpointer opaque)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "test");

    virDomainGetUUID(dom, fix->uuid);
    remoteFixtureStart(&fix->daemon);
    fix->fd = wireConnect(fix->daemon.server.path);
}

static void
tearDown(fixture *fix, gconstpointer opaque)
{
    close(fix->fd);
    remoteFixtureStop(&fix->daemon);
}

static void
testOpen(fixture *fix, gconstpointer opaque)
{
    g_auto(rpcMessage) early = { 0 };
    g_auto(rpcMessage) refused = { 0 };
    g_auto(rpcMessage) opened = { 0 };
    g_auto(rpcMessage) subscribed = { 0 };

    call(fix, STREAMDISK_PROC_CONNECT_EVENTS_SUBSCRIBE, NULL, NULL, &early);
    assertError(&early, VIR_ERR_RPC, "authentication required");
    openWith(fix, 6, &refused);
    assertError(&refused, VIR_ERR_INVALID_ARG, "unsupported flags (0x6)");
    openWith(fix, 0, &opened);
    g_assert_cmpint(opened.header.status, ==, RPC_STATUS_OK);
    call(fix, STREAMDISK_PROC_CONNECT_EVENTS_SUBSCRIBE, NULL, NULL, &subscribed);
    g_assert_cmpint(subscribed.header.status, ==, RPC_STATUS_OK);
}

static void
start(fixture *fix, rpcMessage *reply)
{
    streamdisk_domain_stream_disk_start_args args = {
        .dom = { .name = (char *) "not the name" },
        .disk = (char *) "vda",
    };

    memcpy(args.dom.uuid, fix->uuid, sizeof(fix->uuid));
    call(fix, STREAMDISK_PROC_DOMAIN_STREAM_DISK_START,
         (xdrproc_t) xdr_streamdisk_domain_stream_disk_start_args, &args, reply);
}

/* The name that the client sent is not the one that counts. */
static void
testUuidOnly(fixture *fix, gconstpointer opaque)
{
    g_auto(rpcMessage) opened = { 0 };
    g_auto(rpcMessage) started = { 0 };

    openWith(fix, 0, &opened);
    start(fix, &started);
    g_assert_cmpint(started.header.status, ==, RPC_STATUS_OK);
    remoteFixtureAssertCalled(&fix->daemon, "start test vda - 0 - 0");
}

static void
testUnknownDomain(fixture *fix, gconstpointer opaque)
{
    g_auto(rpcMessage) opened = { 0 };
    g_auto(rpcMessage) started = { 0 };

    openWith(fix, 0, &opened);
    fix->uuid[0] ^= 0xff;
    start(fix, &started);
    assertError(&started, VIR_ERR_NO_DOMAIN, "Domain not found");
    remoteFixtureAssertCalled(&fix->daemon, NULL);
}

static void
testReadonlyFlag(fixture *fix, gconstpointer opaque)
{
    g_auto(rpcMessage) opened = { 0 };
    g_auto(rpcMessage) again = { 0 };
    g_auto(rpcMessage) started = { 0 };

    openWith(fix, STREAMDISK_CONNECT_READONLY, &opened);
    openWith(fix, 0, &again);
    start(fix, &started);
    assertError(&started, VIR_ERR_OPERATION_DENIED,
                "read only access prevents virDomainStreamDiskStart");
}

static void
testManyStates(fixture *fix, gconstpointer opaque)
{
    streamdisk_domain_stream_disk_info_args args = {
        .dom = { .name = (char *) "" },
        .nstates = G_MAXUINT32,
    };
    streamdisk_domain_stream_disk_info_ret ret = { 0 };
    g_auto(rpcMessage) opened = { 0 };
    g_auto(rpcMessage) reply = { 0 };

    openWith(fix, 0, &opened);
    memcpy(args.dom.uuid, fix->uuid, sizeof(fix->uuid));
    call(fix, STREAMDISK_PROC_DOMAIN_STREAM_DISK_INFO,
         (xdrproc_t) xdr_streamdisk_domain_stream_disk_info_args, &args, &reply);
    remoteFixtureAssertCalled(&fix->daemon, "info test 1024 0");
    g_assert_cmpint(rpcMessageDecodePayload(&reply,
                                            (xdrproc_t) xdr_streamdisk_domain_stream_disk_info_ret,
                                            &ret),
                    ==, 0);
    g_assert_cmpuint(ret.states.states_len, ==, REMOTE_FIXTURE_ACTIVE);
    g_assert_cmpuint(ret.active, ==, REMOTE_FIXTURE_ACTIVE);
    xdr_free((xdrproc_t) xdr_streamdisk_domain_stream_disk_info_ret, (char *) &ret);
}

static void
testUnsubscribe(fixture *fix, gconstpointer opaque)
{
    g_auto(rpcMessage) opened = { 0 };
    g_auto(rpcMessage) reply = { 0 };

    openWith(fix, 0, &opened);
    call(fix, STREAMDISK_PROC_CONNECT_EVENTS_UNSUBSCRIBE, NULL, NULL, &reply);
    assertError(&reply, VIR_ERR_OPERATION_INVALID, "has not subscribed");
}

static void
testEvent(fixture *fix, gconstpointer opaque)
{
    streamdisk_connect_stream_disk_event_msg msg = { 0 };
    g_auto(rpcMessage) opened = { 0 };
    g_auto(rpcMessage) subscribed = { 0 };
    g_auto(rpcMessage) event = { 0 };

    openWith(fix, 0, &opened);
    call(fix, STREAMDISK_PROC_CONNECT_EVENTS_SUBSCRIBE, NULL, NULL, &subscribed);
    remoteFixtureSendEvent(&fix->daemon, VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED);
    g_assert_true(wireReceive(fix->fd, &event));
    g_assert_cmpint(event.header.type, ==, RPC_TYPE_MESSAGE);
    g_assert_cmpint(event.header.proc, ==, STREAMDISK_PROC_CONNECT_STREAM_DISK_EVENT);
    g_assert_cmpuint(event.header.serial, ==, 1);
    g_assert_cmpint(event.header.status, ==, RPC_STATUS_OK);
    g_assert_cmpint(rpcMessageDecodePayload(&event,
                                            (xdrproc_t)
                                                xdr_streamdisk_connect_stream_disk_event_msg,
                                            &msg),
                    ==, 0);
    g_assert_cmpint(msg.event, ==, VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED);
    g_assert_cmpstr(msg.record.disk, ==, "vda");
    xdr_free((xdrproc_t) xdr_streamdisk_connect_stream_disk_event_msg, (char *) &msg);
}

static void
ignoreError(void *opaque, virErrorPtr error)
{
}

static void
add(const char *path, void (*func)(fixture *, gconstpointer))
{
    g_test_add(path, fixture, NULL, setUp, func, tearDown);
}

int
main(int argc, char **argv)
{
    virInitialize();
    virSetErrorFunc(NULL, ignoreError);
    g_test_init(&argc, &argv, NULL);
    add("/remote_dispatch/open", testOpen);
    add("/remote_dispatch/uuid-only", testUuidOnly);
    add("/remote_dispatch/n_unknown-domain", testUnknownDomain);
    add("/remote_dispatch/n_readonly-flag", testReadonlyFlag);
    add("/remote_dispatch/many-states", testManyStates);
    add("/remote_dispatch/n_unsubscribe", testUnsubscribe);
    add("/remote_dispatch/event", testEvent);
    return g_test_run();
}
