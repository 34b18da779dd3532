/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_session-test.c: the test is the client, and runs the main context step by step */

#include "rpc/rpc_session.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/rpc_transport_unix.h"
#include "util/error.h"
#include "wire.h"

#define PROG 0x1234

typedef struct {
    rpcSession *session;
    int fd;
    GPtrArray *calls; /* of rpcMessage, unanswered */
    bool closed;
} fixture;

static void
freeCall(void *opaque)
{
    rpcMessageClear(opaque);
    g_free(opaque);
}

static void
onCall(rpcSession *session, rpcMessage *msg, void *opaque)
{
    fixture *fix = opaque;
    rpcMessage *call = g_new0(rpcMessage, 1);

    *call = *msg;
    *msg = (rpcMessage) { 0 };
    g_ptr_array_add(fix->calls, call);
}

static void
onClosed(rpcSession *session, void *opaque)
{
    fixture *fix = opaque;

    g_assert_false(fix->closed);
    fix->closed = TRUE;
}

static void
start(fixture *fix, const rpcSessionLimits *limits)
{
    static const rpcSessionCallbacks callbacks = { .call = onCall, .closed = onClosed };
    const rpcIdentity identity = { .pid = getpid() };
    int fds[2];

    wirePair(fds);
    *fix = (fixture) { .fd = fds[1], .calls = g_ptr_array_new_with_free_func(freeCall) };
    fix->session = rpcSessionNew(rpcTransportUnixNew(fds[0]), &identity, FALSE, limits, &callbacks,
                                 fix);
}

static void
runUntilClosed(fixture *fix)
{
    while (!fix->closed)
        g_main_context_iteration(NULL, TRUE);
}

static void
runUntilCalls(fixture *fix, guint count)
{
    while (fix->calls->len < count)
        g_main_context_iteration(NULL, TRUE);
}

/* Until there is nothing to do right now */
static void
settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
stop(fixture *fix)
{
    close(fix->fd);
    runUntilClosed(fix);
    g_ptr_array_unref(fix->calls);
    rpcSessionUnref(fix->session);
}

static const rpcSessionLimits lax = { .maxRequests = 1000 };

static void
sendCall(fixture *fix, guint32 serial)
{
    const rpc_header header = {
        .prog = PROG,
        .vers = 1,
        .proc = 1,
        .type = RPC_TYPE_CALL,
        .serial = serial,
    };

    wireSend(fix->fd, &header, NULL, NULL);
}

/* Answers the oldest call. */
static void
reply(fixture *fix)
{
    rpcMessage *call = g_ptr_array_index(fix->calls, 0);
    rpc_header header = call->header;

    header.type = RPC_TYPE_REPLY;
    rpcSessionReply(fix->session, rpcMessageEncode(&header, NULL, NULL));
    g_ptr_array_remove_index(fix->calls, 0);
}

static void
testCall(void)
{
    g_auto(rpcMessage) msg = { 0 };
    fixture fix;

    start(&fix, &lax);
    sendCall(&fix, 77);
    runUntilCalls(&fix, 1);
    reply(&fix);
    settle();
    g_assert_true(wireReceive(fix.fd, &msg));
    g_assert_cmpint(msg.header.type, ==, RPC_TYPE_REPLY);
    g_assert_cmpuint(msg.header.serial, ==, 77);
    stop(&fix);
}

/* Beyond the limit the socket is not read, until a reply is written. */
static void
testRequestLimit(void)
{
    const rpcSessionLimits limits = { .maxRequests = 2 };
    fixture fix;

    start(&fix, &limits);
    for (guint32 serial = 1; serial <= 5; serial++)
        sendCall(&fix, serial);
    settle();
    g_assert_cmpuint(fix.calls->len, ==, 2);

    reply(&fix);
    settle();
    g_assert_cmpuint(fix.calls->len, ==, 2);
    reply(&fix);
    reply(&fix);
    settle();
    g_assert_cmpuint(fix.calls->len, ==, 2);
    stop(&fix);
}

/* A request counts until its reply is written out, not only queued. */
static void
testUnreadReplies(void)
{
    const rpcSessionLimits limits = { .maxRequests = 2 };
    const rpc_header header = { .prog = PROG, .vers = 1, .proc = 1, .type = RPC_TYPE_REPLY };
    g_autofree char *text = g_strnfill(RPC_STRING_MAX, 'x');
    fixture fix;

    start(&fix, &limits);
    for (guint32 serial = 1; serial <= 5; serial++)
        sendCall(&fix, serial);
    settle();
    for (int i = 0; i < 2; i++)
        rpcSessionReply(fix.session,
                        rpcMessageEncode(&header, (xdrproc_t) xdr_rpc_nonnull_string, &text));
    settle();
    g_assert_cmpuint(fix.calls->len, ==, 2);
    g_assert_false(fix.closed);
    stop(&fix);
}

static void
testDropped(void)
{
    rpc_header header = { .prog = PROG, .vers = 1, .proc = 1, .serial = 9 };
    fixture fix;

    start(&fix, &lax);
    for (int type = RPC_TYPE_REPLY; type <= RPC_TYPE_STREAM_HOLE; type++) {
        header.type = type;
        wireSend(fix.fd, &header, NULL, NULL);
    }
    sendCall(&fix, 1);
    runUntilCalls(&fix, 1);
    g_assert_cmpuint(((rpcMessage *) g_ptr_array_index(fix.calls, 0))->header.serial, ==, 1);
    g_assert_false(fix.closed);
    stop(&fix);
}

static void
assertDisconnects(const void *bytes, size_t len)
{
    fixture fix;

    start(&fix, &lax);
    wireWrite(fix.fd, bytes, len);
    runUntilClosed(&fix);
    wireExpectClosed(fix.fd);
    g_assert_cmpuint(fix.calls->len, ==, 0);
    stop(&fix);
}

static void
testMalformed(void)
{
    static const guint8 tooShort[] = { 0x00, 0x00, 0x00, 0x1b };
    static const guint8 tooLong[] = { 0x00, 0x04, 0x00, 0x01 };
    static const guint8 badType[28] = { [3] = 0x1c, [19] = 0x07 };
    static const guint8 badStatus[28] = { [3] = 0x1c, [27] = 0x03 };

    G_STATIC_ASSERT(RPC_SESSION_CALL_MAX == 0x00040000);
    assertDisconnects(tooShort, sizeof(tooShort));
    assertDisconnects(tooLong, sizeof(tooLong));
    assertDisconnects(badType, sizeof(badType));
    assertDisconnects(badStatus, sizeof(badStatus));
    assertDisconnects("GET / HTTP/1.1\r\n\r\n", 18);
}

static void
testTruncated(void)
{
    static const guint8 half[20] = { [3] = 0x1c };
    fixture fix;

    start(&fix, &lax);
    wireWrite(fix.fd, half, sizeof(half));
    settle();
    g_assert_false(fix.closed);
    stop(&fix);
    g_assert_true(fix.closed);
}

static void
testNeverReads(void)
{
    g_autoptr(GBytes) event = g_bytes_new_take(g_malloc0(1000), 1000);
    fixture fix;
    int sent = 0;

    start(&fix, &lax);
    while (!fix.closed && sent < 100000) {
        rpcSessionSend(fix.session, event);
        sent++;
        settle();
    }
    g_assert_true(fix.closed);
    g_assert_cmpint(sent, >, RPC_SESSION_EVENTS_MAX / 1000);
    rpcSessionSend(fix.session, event);
    stop(&fix);
}

/* A burst is no fault of the client's. */
static void
testBurst(void)
{
    g_autoptr(GBytes) event = g_bytes_new_take(g_malloc0(1000), 1000);
    const int count = RPC_SESSION_EVENTS_MAX / 1000 + 50;
    int buffer = 16 * 1024 * 1024;
    fixture fix;

    start(&fix, &lax);
    g_assert_no_errno(setsockopt(fix.fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer)));
    for (int i = 0; i < count; i++)
        rpcSessionSend(fix.session, event);
    settle();
    g_assert_false(fix.closed);
    stop(&fix);
}

static void
testPong(void)
{
    g_auto(rpcMessage) pong = { 0 };
    fixture fix;

    start(&fix, &lax);
    wirePing(fix.fd);
    settle();
    g_assert_true(wireReceive(fix.fd, &pong));
    g_assert_cmpint(pong.header.proc, ==, RPC_KEEPALIVE_PONG);
    stop(&fix);
}

static void
testKeepalive(void)
{
    const rpcSessionLimits limits = {
        .maxRequests = 5,
        .keepaliveInterval = 20,
        .keepaliveCount = 2,
    };
    g_auto(rpcMessage) ping = { 0 };
    fixture fix;

    start(&fix, &limits);
    runUntilClosed(&fix);
    g_assert_true(wireReceive(fix.fd, &ping));
    g_assert_cmpint(ping.header.proc, ==, RPC_KEEPALIVE_PING);
    wireExpectClosed(fix.fd);
    stop(&fix);
}

/* A client that is not read, since it has enough calls running, is not held silent. */
static void
testKeepaliveWhileBusy(void)
{
    const rpcSessionLimits limits = {
        .maxRequests = 1,
        .keepaliveInterval = 10,
        .keepaliveCount = 1,
    };
    fixture fix;
    gint64 end;

    start(&fix, &limits);
    sendCall(&fix, 1);
    runUntilCalls(&fix, 1);
    end = g_get_monotonic_time() + 200 * 1000;
    while (g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, TRUE);
    g_assert_false(fix.closed);
    stop(&fix);
}

/* More than a socket holds */
static void
replyMuch(fixture *fix)
{
    const rpc_header header = { .prog = PROG, .vers = 1, .proc = 1, .type = RPC_TYPE_REPLY };
    g_autofree char *text = g_strnfill(RPC_STRING_MAX, 'x');

    runUntilCalls(fix, 1);
    rpcSessionReply(fix->session,
                    rpcMessageEncode(&header, (xdrproc_t) xdr_rpc_nonnull_string, &text));
}

/* A client that leaves its replies unread is gone after as many pings as one that is silent. */
static void
testNeverReadsReplies(void)
{
    const rpcSessionLimits limits = {
        .maxRequests = 1,
        .keepaliveInterval = 10,
        .keepaliveCount = 3,
    };
    fixture fix;

    start(&fix, &limits);
    sendCall(&fix, 1);
    replyMuch(&fix);
    runUntilClosed(&fix);
    stop(&fix);
}

/* One that reads them slowly is not, however long it takes. */
static void
testReadsSlowly(void)
{
    const rpcSessionLimits limits = {
        .maxRequests = 1,
        .keepaliveInterval = 1,
        .keepaliveCount = 1,
    };
    g_autofree char *piece = g_malloc(64 * 1024);
    gsize got = 0;
    fixture fix;

    start(&fix, &limits);
    sendCall(&fix, 1);
    replyMuch(&fix);
    while (TRUE) {
        ssize_t rc;

        /* all that the socket holds, then it is written to and the time looked at */
        while ((rc = recv(fix.fd, piece, 64 * 1024, MSG_DONTWAIT)) > 0)
            got += rc;
        if (got >= RPC_STRING_MAX)
            break;
        g_usleep(2000); /* a ping is due */
        g_main_context_iteration(NULL, FALSE);
        g_assert_false(fix.closed);
    }
    stop(&fix);
}

static void
setTrue(void *opaque)
{
    g_assert_false(*(bool *) opaque);
    *(bool *) opaque = TRUE;
}

static void
testAtEnd(void)
{
    bool early = FALSE, late = FALSE;
    fixture fix;

    start(&fix, &lax);
    rpcSessionAtEnd(fix.session, setTrue, &early);
    settle();
    g_assert_false(early);

    rpcSessionClose(fix.session);
    g_assert_true(early);
    g_assert_true(fix.closed);
    rpcSessionAtEnd(fix.session, setTrue, &late);
    g_assert_true(late);
    rpcSessionClose(fix.session);
    stop(&fix);
}

/* The client leaves while its calls run: the replies are dropped. */
static void
testLeaves(void)
{
    const rpcSessionLimits limits = { .maxRequests = 2 };
    fixture fix;

    start(&fix, &limits);
    sendCall(&fix, 1);
    sendCall(&fix, 2);
    runUntilCalls(&fix, 2);
    close(fix.fd);
    runUntilClosed(&fix);
    reply(&fix);
    reply(&fix);
    settle();
    g_ptr_array_unref(fix.calls);
    rpcSessionUnref(fix.session);
}

int
main(int argc, char **argv)
{
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_session/call", testCall);
    g_test_add_func("/rpc_session/request-limit", testRequestLimit);
    g_test_add_func("/rpc_session/unread-replies", testUnreadReplies);
    g_test_add_func("/rpc_session/n_dropped", testDropped);
    g_test_add_func("/rpc_session/n_malformed", testMalformed);
    g_test_add_func("/rpc_session/n_truncated", testTruncated);
    g_test_add_func("/rpc_session/n_never-reads", testNeverReads);
    g_test_add_func("/rpc_session/burst", testBurst);
    g_test_add_func("/rpc_session/pong", testPong);
    g_test_add_func("/rpc_session/n_keepalive", testKeepalive);
    g_test_add_func("/rpc_session/keepalive-while-busy", testKeepaliveWhileBusy);
    g_test_add_func("/rpc_session/n_never-reads-replies", testNeverReadsReplies);
    g_test_add_func("/rpc_session/reads-slowly", testReadsSlowly);
    g_test_add_func("/rpc_session/at-end", testAtEnd);
    g_test_add_func("/rpc_session/leaves", testLeaves);
    return g_test_run();
}
