/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_program-test.c: a call's way to its procedure, and each refusal on it */

#include "rpc/rpc_program.h"

#include <unistd.h>

#include "rpc/rpc_transport_unix.h"
#include "util/error.h"
#include "wire.h"

#define VIR_FROM_THIS VIR_FROM_RPC

#define PROG 0x1234

enum {
    PROC_OPEN = 1,
    PROC_ECHO,
    PROC_WRITE,
    PROC_FAIL,
};

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
procFail(rpcSession *session, void *args, void *ret, void *opaque)
{
    *(char **) ret = g_strdup("half done");
    errorReport(VIR_ERR_OPERATION_INVALID, "%s", "not now");
    return -1;
}

#define STRING(which) \
    .which##Filter = (xdrproc_t) xdr_rpc_nonnull_string, .which##Len = sizeof(char *)

static const rpcProcedure procedures[] = {
    { .number = PROC_OPEN,
      .name = "open",
      .func = procOpen,
      .flags = RPC_PROCEDURE_UNOPENED | RPC_PROCEDURE_READONLY },
    { .number = PROC_ECHO,
      .name = "echo",
      .func = procEcho,
      STRING(args),
      STRING(ret),
      .flags = RPC_PROCEDURE_READONLY },
    { .number = PROC_WRITE, .name = "theWrite", .func = procEcho, STRING(args), STRING(ret) },
    { .number = PROC_FAIL, .name = "fail", .func = procFail, STRING(ret) },
};

static const rpcProgram program = {
    .number = PROG,
    .version = 1,
    .procedures = procedures,
    .nprocedures = G_N_ELEMENTS(procedures),
};
static const rpcProgram *const programs[] = { &program };

static void
onClosed(rpcSession *session, void *opaque)
{
}

typedef struct {
    rpcSession *session;
    int fd;
} fixture;

static void
setUp(fixture *fix, gconstpointer opaque)
{
    static const rpcSessionCallbacks callbacks = { .closed = onClosed };
    const rpcSessionLimits limits = { .maxRequests = 5 };
    const rpcIdentity identity = { .pid = getpid() };
    int fds[2];

    wirePair(fds);
    fix->fd = fds[1];
    fix->session = rpcSessionNew(rpcTransportUnixNew(fds[0]), &identity, FALSE, &limits, &callbacks,
                                 NULL);
}

static void
tearDown(fixture *fix, gconstpointer opaque)
{
    rpcSessionClose(fix->session);
    rpcSessionUnref(fix->session);
    close(fix->fd);
}

static void
dispatch(fixture *fix, const rpc_header *header, const char *text, rpcMessage *reply)
{
    g_autoptr(GBytes)
        sent = rpcMessageEncode(header, text ? (xdrproc_t) xdr_rpc_nonnull_string : NULL, &text);
    gsize begin = RPC_LENGTH_LEN + RPC_HEADER_LEN;
    g_auto(rpcMessage) call = {
        .header = *header,
        .payload = g_bytes_new_from_bytes(sent, begin, g_bytes_get_size(sent) - begin),
    };
    g_autoptr(GBytes) received = rpcProgramDispatch(programs, 1, fix->session, &call);
    g_autoptr(GBytes) rest = g_bytes_new_from_bytes(received, RPC_LENGTH_LEN,
                                                    g_bytes_get_size(received) - RPC_LENGTH_LEN);

    g_assert_cmpint(rpcMessageDecode(rest, reply), ==, 0);
    g_assert_cmpuint(reply->header.prog, ==, header->prog);
    g_assert_cmpuint(reply->header.vers, ==, header->vers);
    g_assert_cmpint(reply->header.proc, ==, header->proc);
    g_assert_cmpuint(reply->header.serial, ==, header->serial);
    g_assert_cmpint(reply->header.type, ==, RPC_TYPE_REPLY);
}

static void
assertError(fixture *fix, rpc_header header, const char *text, int code, const char *expected)
{
    g_auto(rpcMessage) reply = { 0 };
    g_autofree char *error = NULL;
    int got;

    dispatch(fix, &header, text, &reply);
    error = wireErrorText(&reply, &got);
    g_assert_cmpint(got, ==, code);
    if (!g_str_has_suffix(error, expected))
        g_error("'%s' is not '%s'", error, expected);
}

static void
assertOk(fixture *fix, int proc, const char *text)
{
    const rpc_header header = { .prog = PROG, .vers = 1, .proc = proc, .serial = 5 };
    g_auto(rpcMessage) reply = { 0 };

    dispatch(fix, &header, text, &reply);
    g_assert_cmpint(reply.header.status, ==, RPC_STATUS_OK);
}

static rpc_header
headerOf(int proc)
{
    return (rpc_header) { .prog = PROG, .vers = 1, .proc = proc, .serial = 6 };
}

static void
testCall(fixture *fix, gconstpointer opaque)
{
    const rpc_header header = headerOf(PROC_ECHO);
    g_auto(rpcMessage) reply = { 0 };
    char *text = NULL;

    assertOk(fix, PROC_OPEN, NULL);
    dispatch(fix, &header, "hello", &reply);
    g_assert_cmpint(reply.header.status, ==, RPC_STATUS_OK);
    g_assert_cmpint(rpcMessageDecodePayload(&reply, (xdrproc_t) xdr_rpc_nonnull_string, &text), ==,
                    0);
    g_assert_cmpstr(text, ==, "hello");
    xdr_free((xdrproc_t) xdr_rpc_nonnull_string, (char *) &text);
}

static void
testUnknown(fixture *fix, gconstpointer opaque)
{
    rpc_header header = headerOf(PROC_ECHO);

    header.vers = 2;
    assertError(fix, header, NULL, VIR_ERR_RPC, "Cannot find program 4660 version 2");
    header.vers = 1;
    header.prog++;
    assertError(fix, header, NULL, VIR_ERR_RPC, "Cannot find program 4661 version 1");
    assertError(fix, headerOf(99), NULL, VIR_ERR_RPC, "unknown procedure: 99");
    assertError(fix, headerOf(-1), NULL, VIR_ERR_RPC, "unknown procedure: -1");
}

static void
testUndecodable(fixture *fix, gconstpointer opaque)
{
    assertOk(fix, PROC_OPEN, NULL);
    assertError(fix, headerOf(PROC_ECHO), NULL, VIR_ERR_RPC, "Unable to decode message payload");
    assertError(fix, headerOf(PROC_OPEN), "text", VIR_ERR_RPC, "Unable to decode message payload");
}

static void
testUnopened(fixture *fix, gconstpointer opaque)
{
    assertError(fix, headerOf(PROC_ECHO), "text", VIR_ERR_RPC, "authentication required");
    assertOk(fix, PROC_OPEN, NULL);
    assertOk(fix, PROC_ECHO, "text");
}

static void
testReadonly(fixture *fix, gconstpointer opaque)
{
    rpcSessionSetReadonly(fix->session);
    assertOk(fix, PROC_OPEN, NULL);
    assertOk(fix, PROC_ECHO, "text");
    assertError(fix, headerOf(PROC_WRITE), "text", VIR_ERR_OPERATION_DENIED,
                "read only access prevents theWrite");
}

static void
testFail(fixture *fix, gconstpointer opaque)
{
    assertOk(fix, PROC_OPEN, NULL);
    assertError(fix, headerOf(PROC_FAIL), NULL, VIR_ERR_OPERATION_INVALID, "not now");
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
    g_test_init(&argc, &argv, NULL);
    add("/rpc_program/call", testCall);
    add("/rpc_program/n_unknown", testUnknown);
    add("/rpc_program/n_undecodable", testUndecodable);
    add("/rpc_program/n_unopened", testUnopened);
    add("/rpc_program/n_readonly", testReadonly);
    add("/rpc_program/n_fail", testFail);
    return g_test_run();
}
