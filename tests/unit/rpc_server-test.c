/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_server-test.c: whole servers, with good clients, bad ones and many */

#include "rpc/rpc_server.h"

#include <unistd.h>

#include "rpc/rpc_client.h"
#include "rpc/rpc_transport_unix.h"
#include "rpc_fixture.h"
#include "util/error.h"
#include "wire.h"

#define VIR_FROM_THIS VIR_FROM_RPC

#define PROG 0x1234
#define THREADS 8
#define CALLS 200

enum {
    PROC_OPEN = 1,
    PROC_ECHO,
    PROC_GATE,  /* returns when the test opens the gate */
    PROC_FLOOD, /* sends more events than the client may leave unread */
};

static struct {
    GMutex lock;
    GCond cond;
    int waiting;
    bool open;
} gate;

static void
gateWaitForCallers(int count)
{
    g_mutex_lock(&gate.lock);
    while (gate.waiting < count)
        g_cond_wait(&gate.cond, &gate.lock);
    g_mutex_unlock(&gate.lock);
}

static void
gateOpen(void)
{
    g_mutex_lock(&gate.lock);
    gate.open = TRUE;
    g_cond_broadcast(&gate.cond);
    g_mutex_unlock(&gate.lock);
}

static int
procOpen(rpcSession *session, void *args, void *ret, void *opaque)
{
    rpcSessionSetOpen(session);
    return 0;
}

static int
procEcho(rpcSession *session, void *args, void *ret, void *opaque)
{
    *(char **) ret = g_strdup(*(char **) args);
    return 0;
}

static int
procGate(rpcSession *session, void *args, void *ret, void *opaque)
{
    g_mutex_lock(&gate.lock);
    gate.waiting++;
    g_cond_broadcast(&gate.cond);
    while (!gate.open)
        g_cond_wait(&gate.cond, &gate.lock);
    gate.waiting--;
    g_mutex_unlock(&gate.lock);
    return 0;
}

static int
procFlood(rpcSession *session, void *args, void *ret, void *opaque)
{
    const rpc_header header = { .prog = PROG, .vers = 1, .type = RPC_TYPE_MESSAGE, .serial = 1 };
    g_autofree char *text = g_strnfill(100000, 'x');
    g_autoptr(GBytes) event = rpcMessageEncode(&header, (xdrproc_t) xdr_rpc_nonnull_string, &text);

    for (int i = 0; i < 50; i++)
        rpcSessionSend(session, event);
    return 0;
}

static const rpcProcedure procedures[] = {
    { .number = PROC_OPEN,
      .name = "open",
      .func = procOpen,
      .flags = RPC_PROCEDURE_UNOPENED | RPC_PROCEDURE_READONLY },
    { .number = PROC_ECHO,
      .name = "echo",
      .func = procEcho,
      .flags = RPC_PROCEDURE_READONLY,
      .argsFilter = (xdrproc_t) xdr_rpc_nonnull_string,
      .argsLen = sizeof(char *),
      .retFilter = (xdrproc_t) xdr_rpc_nonnull_string,
      .retLen = sizeof(char *) },
    { .number = PROC_GATE, .name = "gate", .func = procGate },
    { .number = PROC_FLOOD, .name = "flood", .func = procFlood },
};

static const rpcProgram program = {
    .number = PROG,
    .version = 1,
    .procedures = procedures,
    .nprocedures = G_N_ELEMENTS(procedures),
};

static void
onMessage(rpcClient *client, const rpcMessage *msg)
{
}

static void
onClosed(rpcClient *client, const char *reason)
{
}

static const rpcClientConfig config = {
    .idleTimeout = 60000,
    .message = onMessage,
    .closed = onClosed,
};

static void
start(rpcFixture *fix)
{
    fix->program = &program;
    gate.open = FALSE;
    rpcFixtureStart(fix);
}

static int
call(rpcClient *client, int proc)
{
    return rpcClientCall(client, PROG, 1, proc, NULL, NULL, NULL, NULL);
}

static rpcClient *
openClient(const char *path)
{
    rpcClient *client = rpcClientNew(rpcTransportUnixConnect(path), path, &config);

    g_assert_nonnull(client);
    g_assert_cmpint(call(client, PROC_OPEN), ==, 0);
    return client;
}

static void
closeClient(rpcClient *client)
{
    rpcClientClose(client);
    rpcClientUnref(client);
}

static void
assertEcho(rpcClient *client, const char *text)
{
    char *answer = NULL;

    g_assert_cmpint(rpcClientCall(client, PROG, 1, PROC_ECHO, (xdrproc_t) xdr_rpc_nonnull_string,
                                  &text, (xdrproc_t) xdr_rpc_nonnull_string, &answer),
                    ==, 0);
    g_assert_cmpstr(answer, ==, text);
    xdr_free((xdrproc_t) xdr_rpc_nonnull_string, (char *) &answer);
}

static void *
echoMany(void *opaque)
{
    for (int i = 0; i < CALLS; i++) {
        g_autofree char *text = g_strdup_printf("%p %d", (void *) &text, i);

        assertEcho(opaque, text);
    }
    return NULL;
}

static void
testManyThreads(void)
{
    GThread *threads[2 * THREADS];
    rpcClient *clients[2];
    rpcFixture fix = { 0 };

    start(&fix);
    clients[0] = openClient(fix.path);
    clients[1] = openClient(fix.readonlyPath);
    for (int i = 0; i < 2 * THREADS; i++)
        threads[i] = g_thread_new("caller", echoMany, clients[i % 2]);
    for (int i = 0; i < 2 * THREADS; i++)
        g_thread_join(threads[i]);
    rpcFixtureWaitForClients(&fix, 2);
    closeClient(clients[0]);
    closeClient(clients[1]);
    rpcFixtureWaitForClients(&fix, 0);
    rpcFixtureStop(&fix);
}

static void *
callGate(void *opaque)
{
    return GINT_TO_POINTER(call(opaque, PROC_GATE));
}

/* Slow calls do not hold up a quick one. */
static void
testOutOfOrder(void)
{
    GThread *threads[4];
    rpcFixture fix = { 0 };
    rpcClient *client;

    start(&fix);
    client = openClient(fix.path);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("caller", callGate, client);
    gateWaitForCallers(G_N_ELEMENTS(threads));
    assertEcho(client, "quick");
    gateOpen();
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(threads[i])), ==, 0);
    closeClient(client);
    rpcFixtureStop(&fix);
}

static void
testMalformed(void)
{
    static const guint8 nonsense[][28] = {
        { 0x00, 0x00, 0x00, 0x03 },
        { 0xff, 0xff, 0xff, 0xff },
        { [3] = 0x1c, [19] = 0x63 },
    };
    rpcFixture fix = { 0 };
    rpcClient *client;

    start(&fix);
    client = openClient(fix.path);
    for (size_t i = 0; i < G_N_ELEMENTS(nonsense); i++) {
        int fd = wireConnect(fix.path);

        rpcFixtureWaitForClients(&fix, 2);
        wireWrite(fd, nonsense[i], sizeof(nonsense[i]));
        wireExpectClosed(fd);
        close(fd);
        rpcFixtureWaitForClients(&fix, 1);
        assertEcho(client, "still here");
    }
    closeClient(client);
    rpcFixtureStop(&fix);
}

static void
testTooMany(void)
{
    rpcFixture fix = { .limits.maxClients = 2 };
    rpcClient *first, *second;
    int third;

    start(&fix);
    first = openClient(fix.path);
    second = openClient(fix.path);
    third = wireConnect(fix.path);
    wireExpectClosed(third);
    close(third);
    assertEcho(first, "still here");

    closeClient(second);
    rpcFixtureWaitForClients(&fix, 1);
    second = openClient(fix.path);
    closeClient(second);
    closeClient(first);
    rpcFixtureStop(&fix);
}

/* Who may only look takes no place from those who may do more. */
static void
testTooManyReadonly(void)
{
    rpcFixture fix = { .limits = { .maxClients = 1, .maxReadonlyClients = 2 } };
    rpcClient *lookers[2], *client;
    int fd;

    start(&fix);
    for (size_t i = 0; i < G_N_ELEMENTS(lookers); i++)
        lookers[i] = openClient(fix.readonlyPath);
    fd = wireConnect(fix.readonlyPath);
    wireExpectClosed(fd);
    close(fd);
    client = openClient(fix.path);
    fd = wireConnect(fix.path);
    wireExpectClosed(fd);
    close(fd);
    assertEcho(client, "room for one");

    closeClient(lookers[0]);
    rpcFixtureWaitForClients(&fix, 2);
    lookers[0] = openClient(fix.readonlyPath);
    assertEcho(lookers[0], "room for two");
    for (size_t i = 0; i < G_N_ELEMENTS(lookers); i++)
        closeClient(lookers[i]);
    closeClient(client);
    rpcFixtureStop(&fix);
}

static bool
acceptNobody(const rpcIdentity *identity, bool readonly, void *opaque)
{
    g_assert_cmpint(identity->pid, ==, getpid());
    return FALSE;
}

static void
testVeto(void)
{
    rpcFixture fix = { .accept = acceptNobody };
    int fd;

    start(&fix);
    fd = wireConnect(fix.path);
    wireExpectClosed(fd);
    close(fd);
    rpcFixtureStop(&fix);
}

static void
sendCall(int fd, int proc)
{
    const rpc_header header = {
        .prog = PROG,
        .vers = 1,
        .proc = proc,
        .type = RPC_TYPE_CALL,
        .serial = proc,
    };

    wireSend(fd, &header, NULL, NULL);
}

static int
openWire(rpcFixture *fix)
{
    g_auto(rpcMessage) msg = { 0 };
    int fd = wireConnect(fix->path);

    sendCall(fd, PROC_OPEN);
    g_assert_true(wireReceive(fd, &msg));
    return fd;
}

static void
testNeverReads(void)
{
    rpcFixture fix = { 0 };
    rpcClient *client;
    int fd;

    start(&fix);
    client = openClient(fix.path);
    fd = openWire(&fix);
    sendCall(fd, PROC_FLOOD);
    rpcFixtureWaitForClients(&fix, 1);
    assertEcho(client, "still here");
    close(fd);
    closeClient(client);
    rpcFixtureStop(&fix);
}

/* A call that runs when the server ends is answered before the connection is closed. */
static void
testShutdown(void)
{
    rpcFixture fix = { 0 };
    g_auto(rpcMessage) msg = { 0 };
    int fd;

    start(&fix);
    fd = openWire(&fix);
    sendCall(fd, PROC_GATE);
    gateWaitForCallers(1);
    rpcFixtureQuit(&fix);
    gateOpen();
    g_assert_true(wireReceive(fd, &msg));
    g_assert_cmpint(msg.header.status, ==, RPC_STATUS_OK);
    wireExpectClosed(fd);
    close(fd);
    rpcFixtureStop(&fix);
}

static void
testLeavesWhileCalling(void)
{
    rpcFixture fix = { 0 };
    int fd;

    start(&fix);
    fd = openWire(&fix);
    sendCall(fd, PROC_GATE);
    gateWaitForCallers(1);
    close(fd);
    rpcFixtureWaitForClients(&fix, 0);
    gateOpen();
    rpcFixtureStop(&fix);
}

int
main(int argc, char **argv)
{
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_server/many-threads", testManyThreads);
    g_test_add_func("/rpc_server/out-of-order", testOutOfOrder);
    g_test_add_func("/rpc_server/n_malformed", testMalformed);
    g_test_add_func("/rpc_server/n_too-many", testTooMany);
    g_test_add_func("/rpc_server/n_too-many-readonly", testTooManyReadonly);
    g_test_add_func("/rpc_server/n_veto", testVeto);
    g_test_add_func("/rpc_server/n_never-reads", testNeverReads);
    g_test_add_func("/rpc_server/shutdown", testShutdown);
    g_test_add_func("/rpc_server/leaves-while-calling", testLeavesWhileCalling);
    return g_test_run();
}
