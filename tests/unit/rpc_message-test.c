/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_message-test.c: literal bytes of the frozen layout, errors, and what is refused */

#include "rpc/rpc_message.h"

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_RPC

static const rpc_header call = {
    .prog = 0x11223344,
    .vers = 1,
    .proc = 0x666,
    .type = RPC_TYPE_CALL,
    .serial = 0x99,
};

static void
assertBytes(GBytes *bytes, const guint8 *expected, gsize expectedLen)
{
    gsize len;
    const void *data = g_bytes_get_data(bytes, &len);

    g_assert_cmpmem(data, len, expected, expectedLen);
}

/* What the receiver leaves of a message: all but its length */
static GBytes *
withoutLength(GBytes *bytes)
{
    return g_bytes_new_from_bytes(bytes, RPC_LENGTH_LEN, g_bytes_get_size(bytes) - RPC_LENGTH_LEN);
}

static void
testEmpty(void)
{
    static const guint8 expected[] = {
        0x00, 0x00, 0x00, 0x1c, /* length */
        0x11, 0x22, 0x33, 0x44, /* prog */
        0x00, 0x00, 0x00, 0x01, /* vers */
        0x00, 0x00, 0x06, 0x66, /* proc */
        0x00, 0x00, 0x00, 0x00, /* type */
        0x00, 0x00, 0x00, 0x99, /* serial */
        0x00, 0x00, 0x00, 0x00, /* status */
    };
    g_autoptr(GBytes) bytes = rpcMessageEncode(&call, NULL, NULL);

    assertBytes(bytes, expected, sizeof(expected));
}

static void
testPayload(void)
{
    static const guint8 expected[] = {
        0x00, 0x00, 0x00, 0x28, 0x11, 0x22, 0x33, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
        0x06, 0x66, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x99, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x05, 'h',  'e',  'l',  'l',  'o',  0x00, 0x00, 0x00,
    };
    const char *text = "hello";
    g_autoptr(GBytes) bytes = rpcMessageEncode(&call, (xdrproc_t) xdr_rpc_nonnull_string, &text);
    g_autoptr(GBytes) rest = NULL;
    g_auto(rpcMessage) msg = { 0 };
    char *decoded = NULL;

    assertBytes(bytes, expected, sizeof(expected));
    g_assert_cmpuint(rpcMessageDecodeLength(g_bytes_get_data(bytes, NULL), RPC_MESSAGE_MAX), ==,
                     sizeof(expected));
    rest = withoutLength(bytes);
    g_assert_cmpint(rpcMessageDecode(rest, &msg), ==, 0);
    g_assert_cmpuint(msg.header.prog, ==, call.prog);
    g_assert_cmpint(msg.header.proc, ==, call.proc);
    g_assert_cmpuint(msg.header.serial, ==, call.serial);
    g_assert_cmpint(rpcMessageDecodePayload(&msg, (xdrproc_t) xdr_rpc_nonnull_string, &decoded), ==,
                    0);
    g_assert_cmpstr(decoded, ==, text);
    xdr_free((xdrproc_t) xdr_rpc_nonnull_string, (char *) &decoded);
}

static void
testErrorBytes(void)
{
    static const guint8 expected[] = {
        0x00, 0x00, 0x00, 0x68, 0x11, 0x22, 0x33, 0x44, 0x00, 0x00, 0x00, 0x01,
        0x00, 0x00, 0x06, 0x66, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x99,
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x27,                         /* code */
        0x00, 0x00, 0x00, 0x07,                                                 /* domain */
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x04, 'l',  'o',  's',  't',  /* message */
        0x00, 0x00, 0x00, 0x02,                                                 /* level */
        0x00, 0x00, 0x00, 0x00,                                                 /* dom */
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, '%',  's',  0x00, 0x00, /* str1 */
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x04, 'l',  'o',  's',  't',  /* str2 */
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 'x',  0x00, 0x00, 0x00, /* str3 */
        0xff, 0xff, 0xff, 0xff,                                                 /* int1 */
        0x00, 0x00, 0x00, 0x2a,                                                 /* int2 */
        0x00, 0x00, 0x00, 0x00,                                                 /* net */
    };
    g_autoptr(GBytes) bytes = NULL;

    errorRaise(VIR_FROM_RPC, VIR_ERR_RPC, VIR_ERR_ERROR, "lost", "%s", "lost", "x", -1, 42);
    bytes = rpcMessageEncodeError(&call);
    assertBytes(bytes, expected, sizeof(expected));
}

static void
testErrorRoundTrip(void)
{
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GBytes) rest = NULL;
    g_auto(rpcMessage) msg = { 0 };
    virErrorPtr err;

    errorReport(VIR_ERR_INVALID_ARG, "disk '%s'", "vdz");
    bytes = rpcMessageEncodeError(&call);
    virResetLastError();

    rest = withoutLength(bytes);
    g_assert_cmpint(rpcMessageDecode(rest, &msg), ==, 0);
    g_assert_cmpint(msg.header.type, ==, RPC_TYPE_REPLY);
    g_assert_cmpint(msg.header.status, ==, RPC_STATUS_ERROR);
    rpcMessageRaiseError(&msg);
    err = virGetLastError();
    g_assert_cmpint(err->code, ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(err->domain, ==, VIR_FROM_RPC);
    g_assert_cmpint(err->level, ==, VIR_ERR_ERROR);
    g_assert_nonnull(strstr(err->message, "disk 'vdz'"));
}

static void
testErrorUnset(void)
{
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GBytes) rest = NULL;
    g_auto(rpcMessage) msg = { 0 };

    virResetLastError();
    bytes = rpcMessageEncodeError(&call);
    rest = withoutLength(bytes);
    g_assert_cmpint(rpcMessageDecode(rest, &msg), ==, 0);
    rpcMessageRaiseError(&msg);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INTERNAL_ERROR);
}

/* A peer that calls an error no error must not make its caller believe that. */
static void
testErrorNone(void)
{
    const rpc_error none = { .code = VIR_ERR_OK };
    rpc_header reply = call;
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GBytes) rest = NULL;
    g_auto(rpcMessage) msg = { 0 };

    reply.type = RPC_TYPE_REPLY;
    reply.status = RPC_STATUS_ERROR;
    bytes = rpcMessageEncode(&reply, (xdrproc_t) xdr_rpc_error, &none);
    rest = withoutLength(bytes);
    g_assert_cmpint(rpcMessageDecode(rest, &msg), ==, 0);
    rpcMessageRaiseError(&msg);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INTERNAL_ERROR);
    g_assert_cmpstr(errorText(), ==, "unknown error");
}

/* An error too long for the wire still arrives as an error. */
static void
testErrorTooLong(void)
{
    g_autofree char *text = g_strnfill(RPC_STRING_MAX + 1, 'x');
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GBytes) rest = NULL;
    g_auto(rpcMessage) msg = { 0 };

    errorRaise(VIR_FROM_RPC, VIR_ERR_OPERATION_FAILED, VIR_ERR_ERROR, "short", text, NULL, NULL, 0,
               0);
    bytes = rpcMessageEncodeError(&call);
    rest = withoutLength(bytes);
    g_assert_cmpint(rpcMessageDecode(rest, &msg), ==, 0);
    rpcMessageRaiseError(&msg);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_FAILED);
}

static void
testLength(void)
{
    static const struct {
        guint8 bytes[RPC_LENGTH_LEN];
        guint32 expected;
    } cases[] = {
        { { 0x00, 0x00, 0x00, 0x00 }, 0 },  { { 0x00, 0x00, 0x00, 0x1b }, 0 },
        { { 0x00, 0x00, 0x00, 0x1c }, 28 }, { { 0x02, 0x00, 0x00, 0x04 }, RPC_MESSAGE_MAX },
        { { 0x02, 0x00, 0x00, 0x05 }, 0 },  { { 0xff, 0xff, 0xff, 0xff }, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        virResetLastError();
        g_assert_cmpuint(rpcMessageDecodeLength(cases[i].bytes, RPC_MESSAGE_MAX), ==,
                         cases[i].expected);
        g_assert_cmpint(virGetLastErrorCode(), ==, cases[i].expected ? VIR_ERR_OK : VIR_ERR_RPC);
    }
}

static void
testBadHeader(void)
{
    static const guint8 headers[][RPC_HEADER_LEN] = {
        { [15] = 7 },    /* type */
        { [12] = 0xff }, /* negative type */
        { [23] = 3 },    /* status */
        { [20] = 0x80 }, /* negative status */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autoptr(GBytes) bytes = g_bytes_new_static(headers[i], RPC_HEADER_LEN);
        g_auto(rpcMessage) msg = { 0 };

        g_assert_cmpint(rpcMessageDecode(bytes, &msg), ==, -1);
        g_assert_null(msg.payload);
    }
}

static void
testBadPayload(void)
{
    static const struct {
        guint8 bytes[12];
        gsize len;
    } cases[] = {
        { { 0, 0, 0 }, 3 },                     /* truncated length */
        { { 0, 0, 0, 5, 'a', 'b' }, 6 },        /* truncated string */
        { { 0xff, 0xff, 0xff, 0xff, 'a' }, 8 }, /* beyond all bounds */
        { { 0, 0, 0, 1, 'a', 0, 0, 0, 0 }, 9 }, /* bytes left over */
        { { 0 }, 0 },                           /* nothing */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(rpcMessage) msg = { .payload = g_bytes_new(cases[i].bytes, cases[i].len) };
        char *decoded = NULL;

        g_assert_cmpint(rpcMessageDecodePayload(&msg, (xdrproc_t) xdr_rpc_nonnull_string, &decoded),
                        ==, -1);
        g_assert_null(decoded);
    }
}

static void
testBytesWhereNoneAreExpected(void)
{
    g_auto(rpcMessage) msg = { .payload = g_bytes_new_static("abcd", 4) };

    g_assert_cmpint(rpcMessageDecodePayload(&msg, NULL, NULL), ==, -1);
}

static void
testEncodeTooLong(void)
{
    g_autofree char *text = g_strnfill(RPC_STRING_MAX + 1, 'x');

    g_assert_null(rpcMessageEncode(&call, (xdrproc_t) xdr_rpc_nonnull_string, &text));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RPC);
}

int
main(int argc, char **argv)
{
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_message/empty", testEmpty);
    g_test_add_func("/rpc_message/payload", testPayload);
    g_test_add_func("/rpc_message/error-bytes", testErrorBytes);
    g_test_add_func("/rpc_message/error-round-trip", testErrorRoundTrip);
    g_test_add_func("/rpc_message/error-unset", testErrorUnset);
    g_test_add_func("/rpc_message/error-none", testErrorNone);
    g_test_add_func("/rpc_message/error-too-long", testErrorTooLong);
    g_test_add_func("/rpc_message/length", testLength);
    g_test_add_func("/rpc_message/n_header", testBadHeader);
    g_test_add_func("/rpc_message/n_payload", testBadPayload);
    g_test_add_func("/rpc_message/n_bytes-where-none-are-expected", testBytesWhereNoneAreExpected);
    g_test_add_func("/rpc_message/n_encode-too-long", testEncodeTooLong);
    return g_test_run();
}
