/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_dispatch_event-test.c: who gets which event; the test is the clients, and the main loop */

#include "remote/remote_dispatch_event.h"

#include <unistd.h>

#include "expect.h"
#include "remote/remote_codec.h"
#include "rpc/rpc_transport_unix.h"
#include "wire.h"

#define CLIENTS 3
#define THREADS 8
#define TIMES 4000 /* that each of them subscribes */
#define EVENTS 200
#define EVENT_FILTER ((xdrproc_t) xdr_streamdisk_connect_stream_disk_event_msg)

typedef struct {
    rpcSession *session;
    int fd; /* the client's end; -1: it has left */
    bool closed;
} testClient;

typedef struct {
    remoteDispatchEvent *events;
    testClient clients[CLIENTS];
} testFixture;

static void
testCall(rpcSession *session, rpcMessage *msg, void *opaque)
{
    g_assert_not_reached();
}

static void
testClosed(rpcSession *session, void *opaque)
{
    ((testClient *) opaque)->closed = true;
}

static void
testSetUp(testFixture *fix, const void *opaque)
{
    static const rpcSessionCallbacks callbacks = { .call = testCall, .closed = testClosed };
    const rpcSessionLimits limits = { .maxRequests = 1 };
    const rpcIdentity identity = { .pid = getpid() };

    fix->events = remoteDispatchEventNew();
    for (int i = 0; i < CLIENTS; i++) {
        testClient *client = &fix->clients[i];
        int fds[2];

        wirePair(fds);
        client->fd = fds[1];
        client->session = rpcSessionNew(rpcTransportUnixNew(fds[0]), &identity, false, &limits,
                                        &callbacks, client);
    }
}

static void
testLeave(testClient *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    while (!client->closed)
        g_main_context_iteration(NULL, TRUE);
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    for (int i = 0; i < CLIENTS; i++) {
        testLeave(&fix->clients[i]);
        rpcSessionUnref(fix->clients[i].session);
    }
    remoteDispatchEventFree(fix->events);
}

static void
testSubscribe(testFixture *fix, int client)
{
    remoteDispatchEventSubscribe(fix->events, fix->clients[client].session);
}

static void
testUnsubscribe(testFixture *fix, int client)
{
    g_assert_cmpint(remoteDispatchEventUnsubscribe(fix->events, fix->clients[client].session), ==,
                    0);
}

static void
testUnsubscribeFails(testFixture *fix, int client)
{
    g_assert_cmpint(remoteDispatchEventUnsubscribe(fix->events, fix->clients[client].session), ==,
                    -1);
    expectError(VIR_ERR_OPERATION_INVALID, "has not subscribed");
}

static void
testSend(testFixture *fix, int event, const char *name, const char *disk)
{
    streamRecord record = { .name = (char *) name, .disk = (char *) disk };

    remoteDispatchEventSend(event, &record, fix->events);
}

/* Behind all that the client is to get */
static void
testSendMark(testClient *client)
{
    const rpc_header header = { .prog = 1, .vers = 1, .type = RPC_TYPE_MESSAGE };
    g_autoptr(GBytes) mark = rpcMessageEncode(&header, NULL, NULL);

    rpcSessionSend(client->session, mark);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

/* One event; false if the mark comes instead */
static bool
testReceive(testClient *client, streamdisk_connect_stream_disk_event_msg *msg)
{
    g_auto(rpcMessage) message = { 0 };

    g_assert_true(wireReceive(client->fd, &message));
    g_assert_cmpint(message.header.type, ==, RPC_TYPE_MESSAGE);
    if (message.header.prog == 1)
        return false;
    g_assert_cmpuint(message.header.prog, ==, STREAMDISK_PROGRAM);
    g_assert_cmpuint(message.header.vers, ==, STREAMDISK_PROTOCOL_VERSION);
    g_assert_cmpint(message.header.proc, ==, STREAMDISK_PROC_CONNECT_STREAM_DISK_EVENT);
    g_assert_cmpuint(message.header.serial, ==, 1);
    g_assert_cmpint(message.header.status, ==, RPC_STATUS_OK);
    g_assert_cmpint(rpcMessageDecodePayload(&message, EVENT_FILTER, msg), ==, 0);
    return true;
}

/* All that the client got since it was last asked: "2 a vda\n" */
static char *
testGot(testClient *client)
{
    GString *text = g_string_new(NULL);
    streamdisk_connect_stream_disk_event_msg msg = { 0 };

    testSendMark(client);
    while (testReceive(client, &msg)) {
        g_string_append_printf(text, "%d %s %s\n", msg.event, msg.record.dom.name, msg.record.disk);
        xdr_free(EVENT_FILTER, (char *) &msg);
        msg = (streamdisk_connect_stream_disk_event_msg) { 0 };
    }
    return g_string_free(text, FALSE);
}

#define assertGot(fix, client, expected) \
    do { \
        g_autofree char *got_ = testGot(&(fix)->clients[client]); \
        g_assert_cmpstr(got_, ==, (expected)); \
    } while (0)

/* Those who have subscribed get each event, of whatever domain, once and in order. */
static void
testRight(testFixture *fix, const void *opaque)
{
    testSend(fix, 0, "nobody", "vda");
    testSubscribe(fix, 0);
    testSend(fix, 1, "a", "vda");
    testSubscribe(fix, 2);
    testSend(fix, 2, "a", "vda");
    testSend(fix, 1, "b", "sdc");
    assertGot(fix, 0, "1 a vda\n2 a vda\n1 b sdc\n");
    assertGot(fix, 1, "");
    assertGot(fix, 2, "2 a vda\n1 b sdc\n");
}

/* The whole record arrives: by it a client knows whose event it is. */
static void
testRecord(testFixture *fix, const void *opaque)
{
    streamRecord record = { .name = (char *) "a", .disk = (char *) "vda", .id = 17 };
    streamdisk_connect_stream_disk_event_msg msg = { 0 };
    int room = 0;

    memset(record.uuid, 0xa5, sizeof(record.uuid));
    virTypedParamsAddULLong(&record.params, &record.nparams, &room, "data_total", 99);
    testSubscribe(fix, 0);
    remoteDispatchEventSend(VIR_DOMAIN_STREAM_DISK_EVENT_FAILED, &record, fix->events);
    testSendMark(&fix->clients[0]);
    g_assert_true(testReceive(&fix->clients[0], &msg));
    g_assert_cmpint(msg.event, ==, VIR_DOMAIN_STREAM_DISK_EVENT_FAILED);
    g_assert_cmpstr(msg.record.dom.name, ==, "a");
    g_assert_cmpmem(msg.record.dom.uuid, VIR_UUID_BUFLEN, record.uuid, VIR_UUID_BUFLEN);
    g_assert_cmpint(msg.record.dom.id, ==, 17);
    g_assert_cmpstr(msg.record.disk, ==, "vda");
    g_assert_cmpuint(msg.record.params.params_len, ==, 1);
    g_assert_cmpstr(msg.record.params.params_val[0].field, ==, "data_total");
    g_assert_cmpuint(msg.record.params.params_val[0].value.streamdisk_param_value_u.ul, ==, 99);
    xdr_free(EVENT_FILTER, (char *) &msg);
    virTypedParamsFree(record.params, record.nparams);
}

/* Who subscribes twice gets each event once, until it has unsubscribed as often. */
static void
testTwice(testFixture *fix, const void *opaque)
{
    testSubscribe(fix, 0);
    testSubscribe(fix, 0);
    testSubscribe(fix, 1);
    testSend(fix, 0, "a", "vda");
    testUnsubscribe(fix, 0);
    testSend(fix, 1, "a", "vda");
    testUnsubscribe(fix, 0);
    testSend(fix, 2, "a", "vda");
    assertGot(fix, 0, "0 a vda\n1 a vda\n");
    assertGot(fix, 1, "0 a vda\n1 a vda\n2 a vda\n");

    testUnsubscribeFails(fix, 0);
    testSubscribe(fix, 0);
    testSend(fix, 3, "a", "vda");
    assertGot(fix, 0, "3 a vda\n");
    testUnsubscribe(fix, 0);
}

static void
testNotSubscribed(testFixture *fix, const void *opaque)
{
    testSubscribe(fix, 1);
    testUnsubscribeFails(fix, 0);
    testUnsubscribeFails(fix, 0);
    testSend(fix, 0, "a", "vda");
    assertGot(fix, 0, "");
    assertGot(fix, 1, "0 a vda\n");
}

/* Its subscriptions end with it, however many they are, and those of others stay. */
static void
testLeaves(testFixture *fix, const void *opaque)
{
    testSubscribe(fix, 0);
    testSubscribe(fix, 0);
    testSubscribe(fix, 1);
    testSubscribe(fix, 2);
    testUnsubscribe(fix, 2);
    testLeave(&fix->clients[0]);
    testLeave(&fix->clients[2]);
    testSend(fix, 0, "a", "vda");
    assertGot(fix, 1, "0 a vda\n");
    testUnsubscribeFails(fix, 0);
    testUnsubscribeFails(fix, 2);
}

/* A call that was under way when its client left subscribes nobody. */
static void
testLate(testFixture *fix, const void *opaque)
{
    testLeave(&fix->clients[0]);
    testSubscribe(fix, 0);
    testUnsubscribeFails(fix, 0);
    testSubscribe(fix, 1);
    testSend(fix, 0, "a", "vda");
    assertGot(fix, 1, "0 a vda\n");
}

/* What the protocol has no room for is lost to all, and nothing else is. */
static void
testTooLong(testFixture *fix, const void *opaque)
{
    g_autofree char *name = g_strnfill(STREAMDISK_STRING_MAX + 1, 'x');

    testSubscribe(fix, 0);
    testSend(fix, 0, "a", name);
    testSend(fix, 1, "a", "vda");
    assertGot(fix, 0, "1 a vda\n");
    virResetLastError();
}

/* One subscription remains of each thread */
static void *
testThread(void *opaque)
{
    testFixture *fix = opaque;

    for (int i = 0; i < TIMES; i++) {
        for (int client = 0; client < 2; client++) {
            testSubscribe(fix, client);
            if (i > 0)
                testUnsubscribe(fix, client);
        }
    }
    return NULL;
}

static void
testThreads(testFixture *fix, const void *opaque)
{
    GThread *threads[THREADS];
    g_autoptr(GString) expected = g_string_new(NULL);

    testSubscribe(fix, 2);
    for (int i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("client", testThread, fix);
    for (int i = 0; i < EVENTS; i++) {
        testSend(fix, i, "a", "vda");
        g_string_append_printf(expected, "%d a vda\n", i);
    }
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    assertGot(fix, 2, expected->str);
    for (int client = 0; client < 2; client++) {
        for (int i = 0; i < THREADS; i++)
            testUnsubscribe(fix, client);
        testUnsubscribeFails(fix, client);
    }
}

static void
testAdd(const char *path, void (*func)(testFixture *fix, const void *opaque))
{
    g_test_add(path, testFixture, NULL, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    testAdd("/remote_dispatch_event/right", testRight);
    testAdd("/remote_dispatch_event/record", testRecord);
    testAdd("/remote_dispatch_event/twice", testTwice);
    testAdd("/remote_dispatch_event/n_not-subscribed", testNotSubscribed);
    testAdd("/remote_dispatch_event/leaves", testLeaves);
    testAdd("/remote_dispatch_event/late", testLate);
    testAdd("/remote_dispatch_event/n_too-long", testTooLong);
    testAdd("/remote_dispatch_event/threads", testThreads);
    return g_test_run();
}
