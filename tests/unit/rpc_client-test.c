/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_client-test.c: the test is the daemon, at the other end of a socket pair */

#include "rpc/rpc_client.h"

#include <sys/wait.h>
#include <unistd.h>

#include "rpc/rpc_transport_unix.h"
#include "util/error.h"
#include "wire.h"

#define VIR_FROM_THIS VIR_FROM_RPC

#define PROG 0x1234
#define CALLERS 50

/* What the callbacks have seen; one test at a time */
static struct {
    GMutex lock;
    GCond cond;
    int events;
    int closed;
    char *reason;
    bool closeInEvent;
} seen;

static void
onMessage(rpcClient *client, const rpcMessage *msg)
{
    g_mutex_lock(&seen.lock);
    seen.events++;
    g_cond_signal(&seen.cond);
    g_mutex_unlock(&seen.lock);
    if (seen.closeInEvent)
        rpcClientClose(client);
}

static void
onClosed(rpcClient *client, const char *reason)
{
    rpcClientClose(client);
    g_mutex_lock(&seen.lock);
    seen.closed++;
    g_free(seen.reason);
    seen.reason = g_strdup(reason);
    g_cond_signal(&seen.cond);
    g_mutex_unlock(&seen.lock);
}

static void
waitFor(const int *counter, int value)
{
    g_mutex_lock(&seen.lock);
    while (*counter < value)
        g_cond_wait(&seen.cond, &seen.lock);
    g_mutex_unlock(&seen.lock);
}

static const rpcClientConfig quiet = {
    .idleTimeout = 60000,
    .message = onMessage,
    .closed = onClosed,
};

static rpcClient *
newClient(const rpcClientConfig *config, int *fd)
{
    rpcClient *client;
    int fds[2];

    seen.events = seen.closed = 0;
    seen.closeInEvent = FALSE;
    wirePair(fds);
    client = rpcClientNew(rpcTransportUnixNew(fds[0]), "/the/socket", config);
    g_assert_nonnull(client);
    *fd = fds[1];
    return client;
}

static void
endClient(rpcClient *client, int fd)
{
    close(fd);
    waitFor(&seen.closed, 1);
    rpcClientUnref(client);
    g_clear_pointer(&seen.reason, g_free);
}

/* One call in a thread: sends a text, expects it back */
typedef struct {
    rpcClient *client;
    char *text;
    char *answer;
    int rc;
    int code;
    char *error;
} caller;

static void *
callerRun(void *opaque)
{
    caller *self = opaque;

    self->rc = rpcClientCall(self->client, PROG, 1, 1, (xdrproc_t) xdr_rpc_nonnull_string,
                             &self->text, (xdrproc_t) xdr_rpc_nonnull_string, &self->answer);
    self->code = virGetLastErrorCode();
    self->error = g_strdup(errorText());
    return NULL;
}

static GThread *
callerStart(caller *self, rpcClient *client, int number)
{
    *self = (caller) { .client = client, .text = g_strdup_printf("text %d", number) };
    return g_thread_new("caller", callerRun, self);
}

static void
callerClear(caller *self)
{
    xdr_free((xdrproc_t) xdr_rpc_nonnull_string, (char *) &self->answer);
    g_free(self->text);
    g_free(self->error);
}

/* Answers a call with its own payload. */
static void
echo(int fd, const rpcMessage *msg)
{
    rpc_header header = msg->header;
    char *text = NULL;

    g_assert_cmpint(rpcMessageDecodePayload(msg, (xdrproc_t) xdr_rpc_nonnull_string, &text), ==, 0);
    header.type = RPC_TYPE_REPLY;
    wireSend(fd, &header, (xdrproc_t) xdr_rpc_nonnull_string, &text);
    xdr_free((xdrproc_t) xdr_rpc_nonnull_string, (char *) &text);
}

static void
testManyOutOfOrder(void)
{
    rpcMessage calls[CALLERS] = { 0 };
    caller callers[CALLERS];
    GThread *threads[CALLERS];
    int fd;
    rpcClient *client = newClient(&quiet, &fd);

    for (int i = 0; i < CALLERS; i++)
        threads[i] = callerStart(&callers[i], client, i);
    for (int i = 0; i < CALLERS; i++)
        g_assert_true(wireReceive(fd, &calls[i]));
    for (int i = CALLERS - 1; i >= 0; i--) {
        echo(fd, &calls[i]);
        rpcMessageClear(&calls[i]);
    }
    for (int i = 0; i < CALLERS; i++) {
        g_thread_join(threads[i]);
        g_assert_cmpint(callers[i].rc, ==, 0);
        g_assert_cmpstr(callers[i].answer, ==, callers[i].text);
        callerClear(&callers[i]);
    }
    endClient(client, fd);
}

static void
testError(void)
{
    char *text = (char *) "no such disk";
    const rpc_error error = {
        .code = VIR_ERR_INVALID_ARG,
        .domain = VIR_FROM_QEMU,
        .level = VIR_ERR_ERROR,
        .message = &text,
    };
    g_auto(rpcMessage) msg = { 0 };
    caller self;
    int fd;
    rpcClient *client = newClient(&quiet, &fd);
    GThread *thread = callerStart(&self, client, 0);

    g_assert_true(wireReceive(fd, &msg));
    msg.header.type = RPC_TYPE_REPLY;
    msg.header.status = RPC_STATUS_ERROR;
    wireSend(fd, &msg.header, (xdrproc_t) xdr_rpc_error, &error);
    g_thread_join(thread);
    g_assert_cmpint(self.rc, ==, -1);
    g_assert_cmpint(self.code, ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpstr(self.error, ==, text);
    callerClear(&self);
    endClient(client, fd);
}

static void
testBadReplies(void)
{
    g_auto(rpcMessage) msg = { 0 };
    rpc_header wrong;
    caller self;
    int fd;
    rpcClient *client = newClient(&quiet, &fd);
    GThread *thread = callerStart(&self, client, 0);

    g_assert_true(wireReceive(fd, &msg));
    wrong = msg.header;
    wrong.type = RPC_TYPE_REPLY;
    wrong.serial++;
    wireSend(fd, &wrong, NULL, NULL); /* to no call */
    wrong.serial--;
    wrong.proc++;
    wireSend(fd, &wrong, NULL, NULL); /* to another procedure */
    wrong.proc--;
    wrong.type = RPC_TYPE_STREAM;
    wireSend(fd, &wrong, NULL, NULL); /* of a type nobody asked for */
    wrong.type = RPC_TYPE_REPLY;
    wireSend(fd, &wrong, NULL, NULL); /* without the payload */
    g_thread_join(thread);
    g_assert_cmpint(self.rc, ==, -1);
    g_assert_cmpint(self.code, ==, VIR_ERR_RPC);
    g_assert_nonnull(strstr(self.error, "Unable to decode message payload"));
    callerClear(&self);
    endClient(client, fd);
}

/* The daemon dies while calls wait: they all fail at once, and so does the next. */
static void
testDies(void)
{
    caller callers[CALLERS];
    GThread *threads[CALLERS];
    int fd;
    rpcClient *client = newClient(&quiet, &fd);

    for (int i = 0; i < CALLERS; i++)
        threads[i] = callerStart(&callers[i], client, i);
    for (int i = 0; i < CALLERS; i++) {
        g_auto(rpcMessage) msg = { 0 };

        g_assert_true(wireReceive(fd, &msg));
    }
    close(fd);
    for (int i = 0; i < CALLERS; i++) {
        g_thread_join(threads[i]);
        g_assert_cmpint(callers[i].rc, ==, -1);
        g_assert_cmpint(callers[i].code, ==, VIR_ERR_RPC);
        g_assert_nonnull(strstr(callers[i].error, "connection to '/the/socket' is lost: "
                                                  "the other side has closed the connection"));
        callerClear(&callers[i]);
    }
    g_assert_cmpint(rpcClientCall(client, PROG, 1, 1, NULL, NULL, NULL, NULL), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RPC);
    g_assert_false(rpcClientRef(client));
    waitFor(&seen.closed, 1);
    g_assert_cmpint(seen.closed, ==, 1);
    rpcClientUnref(client);
}

/* Bytes that are no message end the connection. */
static void
testNonsense(void)
{
    static const guint8 nonsense[][28] = {
        { 0x00, 0x00, 0x00, 0x03 },
        { 0x02, 0x00, 0x00, 0x05 },
        { 0x00, 0x00, 0x00, 0x1c, [19] = 0x63 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(nonsense); i++) {
        caller self;
        int fd;
        rpcClient *client = newClient(&quiet, &fd);
        GThread *thread = callerStart(&self, client, 0);
        g_auto(rpcMessage) msg = { 0 };

        g_assert_true(wireReceive(fd, &msg));
        wireWrite(fd, nonsense[i], sizeof(nonsense[i]));
        g_thread_join(thread);
        g_assert_cmpint(self.rc, ==, -1);
        g_assert_cmpint(self.code, ==, VIR_ERR_RPC);
        wireExpectClosed(fd);
        callerClear(&self);
        endClient(client, fd);
    }
}

static void
sendEvents(int fd, int count)
{
    const rpc_header header = { .prog = PROG, .vers = 1, .type = RPC_TYPE_MESSAGE, .serial = 1 };

    for (int i = 0; i < count; i++)
        wireSend(fd, &header, NULL, NULL);
}

static void
testEvents(void)
{
    int fd;
    rpcClient *client = newClient(&quiet, &fd);

    sendEvents(fd, 100);
    waitFor(&seen.events, 100);
    endClient(client, fd);
}

static void
testCloseInCallback(void)
{
    int fd;
    rpcClient *client = newClient(&quiet, &fd);

    seen.closeInEvent = TRUE;
    sendEvents(fd, 1);
    wireExpectClosed(fd);
    endClient(client, fd);
}

static void
testCloseWhileCalling(void)
{
    g_auto(rpcMessage) msg = { 0 };
    caller self;
    int fd;
    rpcClient *client = newClient(&quiet, &fd);
    GThread *thread = callerStart(&self, client, 0);

    g_assert_true(wireReceive(fd, &msg));
    rpcClientClose(client);
    g_thread_join(thread);
    g_assert_cmpint(self.rc, ==, -1);
    g_assert_nonnull(strstr(self.error, "closed on this side"));
    callerClear(&self);
    endClient(client, fd);
}

static void
testPong(void)
{
    g_auto(rpcMessage) pong = { 0 };
    int fd;
    rpcClient *client = newClient(&quiet, &fd);

    wirePing(fd);
    g_assert_true(wireReceive(fd, &pong));
    g_assert_cmpuint(pong.header.prog, ==, RPC_KEEPALIVE_PROGRAM);
    g_assert_cmpint(pong.header.proc, ==, RPC_KEEPALIVE_PONG);
    endClient(client, fd);
}

static void
testSilence(void)
{
    static const rpcClientConfig impatient = {
        .keepaliveInterval = 20,
        .keepaliveCount = 3,
        .idleTimeout = 60000,
        .message = onMessage,
        .closed = onClosed,
    };
    caller self;
    int fd;
    rpcClient *client = newClient(&impatient, &fd);
    GThread *thread = callerStart(&self, client, 0);

    g_thread_join(thread);
    g_assert_cmpint(self.rc, ==, -1);
    g_assert_nonnull(strstr(self.error, "no answer to 3 keepalive messages"));
    callerClear(&self);
    endClient(client, fd);
}

static void
testIdle(void)
{
    static const rpcClientConfig idle = {
        .idleTimeout = 50,
        .message = onMessage,
        .closed = onClosed,
    };
    int fd;
    rpcClient *client = newClient(&idle, &fd);

    g_assert_true(rpcClientRef(client));
    rpcClientUnref(client);
    g_usleep(150 * 1000);
    g_assert_cmpint(seen.closed, ==, 0);

    rpcClientUnref(client);
    wireExpectClosed(fd);
    waitFor(&seen.closed, 1);
    g_clear_pointer(&seen.reason, g_free);
    close(fd);
}

static void
testFork(void)
{
    int fd;
    rpcClient *client = newClient(&quiet, &fd);
    pid_t child = fork();
    int status;

    if (child == 0) {
        bool refused = !rpcClientRef(client) &&
                       rpcClientCall(client, PROG, 1, 1, NULL, NULL, NULL, NULL) < 0;

        /* not _exit(), where valgrind misses what the thread that is not here had */
        execlp(refused ? "true" : "false", "child", NULL);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
    endClient(client, fd);
}

static void
testArgumentsTooLong(void)
{
    g_autofree char *text = g_strnfill(RPC_STRING_MAX + 1, 'x');
    int fd;
    rpcClient *client = newClient(&quiet, &fd);

    g_assert_cmpint(rpcClientCall(client, PROG, 1, 1, (xdrproc_t) xdr_rpc_nonnull_string, &text,
                                  NULL, NULL),
                    ==, -1);
    g_assert_true(rpcClientRef(client));
    rpcClientUnref(client);
    endClient(client, fd);
}

int
main(int argc, char **argv)
{
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_client/many-out-of-order", testManyOutOfOrder);
    g_test_add_func("/rpc_client/error", testError);
    g_test_add_func("/rpc_client/n_bad-replies", testBadReplies);
    g_test_add_func("/rpc_client/n_dies", testDies);
    g_test_add_func("/rpc_client/n_nonsense", testNonsense);
    g_test_add_func("/rpc_client/events", testEvents);
    g_test_add_func("/rpc_client/close-in-callback", testCloseInCallback);
    g_test_add_func("/rpc_client/close-while-calling", testCloseWhileCalling);
    g_test_add_func("/rpc_client/pong", testPong);
    g_test_add_func("/rpc_client/n_silence", testSilence);
    g_test_add_func("/rpc_client/idle", testIdle);
    g_test_add_func("/rpc_client/fork", testFork);
    g_test_add_func("/rpc_client/n_arguments-too-long", testArgumentsTooLong);
    return g_test_run();
}
