/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_codec-test.c: there and back again, and everything that does not fit */

#include "remote/remote_codec.h"

#include <string.h>

#include "rpc/rpc_message.h"
#include "util/error.h"
#include "util/handle.h"

static const virTypedParameter everyType[] = {
    { .field = "int", .type = VIR_TYPED_PARAM_INT, .value.i = -5 },
    { .field = "uint", .type = VIR_TYPED_PARAM_UINT, .value.ui = 4000000000u },
    { .field = "llong", .type = VIR_TYPED_PARAM_LLONG, .value.l = G_MININT64 },
    { .field = "ullong", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = G_MAXUINT64 },
    { .field = "double", .type = VIR_TYPED_PARAM_DOUBLE, .value.d = 0.125 },
    { .field = "boolean", .type = VIR_TYPED_PARAM_BOOLEAN, .value.b = 1 },
    { .field = "string", .type = VIR_TYPED_PARAM_STRING, .value.s = (char *) "a text" },
};

static void
assertEveryType(virTypedParameterPtr params, int nparams)
{
    g_assert_cmpint(nparams, ==, G_N_ELEMENTS(everyType));
    for (int i = 0; i < nparams; i++) {
        g_assert_cmpstr(params[i].field, ==, everyType[i].field);
        g_assert_cmpint(params[i].type, ==, everyType[i].type);
        if (params[i].type == VIR_TYPED_PARAM_STRING)
            g_assert_cmpstr(params[i].value.s, ==, everyType[i].value.s);
        else
            g_assert_cmpmem(&params[i].value, sizeof(params[i].value), &everyType[i].value,
                            sizeof(everyType[i].value));
    }
}

/* Over the wire and back, into a zeroed struct of the same type */
static void
overTheWire(xdrproc_t filter, void *from, void *to)
{
    const rpc_header header = { .prog = STREAMDISK_PROGRAM };
    g_autoptr(GBytes) bytes = rpcMessageEncode(&header, filter, from);
    gsize begin = RPC_LENGTH_LEN + RPC_HEADER_LEN;
    g_auto(rpcMessage) msg = { 0 };

    g_assert_nonnull(bytes);
    msg.payload = g_bytes_new_from_bytes(bytes, begin, g_bytes_get_size(bytes) - begin);
    g_assert_cmpint(rpcMessageDecodePayload(&msg, filter, to), ==, 0);
}

static streamRecord *
makeEntry(void)
{
    streamRecord *entry = g_new0(streamRecord, 1);

    entry->name = g_strdup("guest");
    memset(entry->uuid, 0xab, sizeof(entry->uuid));
    entry->id = -1;
    entry->disk = g_strdup("vda");
    entry->nparams = G_N_ELEMENTS(everyType);
    entry->params = g_memdup2(everyType, sizeof(everyType));
    entry->params[entry->nparams - 1].value.s = g_strdup("a text");
    return entry;
}

static void
testEntry(void)
{
    const xdrproc_t filter = (xdrproc_t) xdr_streamdisk_record;
    g_autoptr(streamRecord) entry = makeEntry();
    g_autoptr(streamRecord) back = NULL;
    streamdisk_record sent = { 0 }, received = { 0 };

    g_assert_cmpint(remoteCodecEncodeEntry(entry, &sent), ==, 0);
    overTheWire(filter, &sent, &received);
    back = remoteCodecDecodeEntry(&received);
    g_assert_cmpstr(back->name, ==, "guest");
    g_assert_cmpmem(back->uuid, sizeof(back->uuid), entry->uuid, sizeof(entry->uuid));
    g_assert_cmpint(back->id, ==, -1);
    g_assert_cmpstr(back->disk, ==, "vda");
    assertEveryType(back->params, back->nparams);
    xdr_free(filter, (char *) &sent);
    xdr_free(filter, (char *) &received);
}

static void
testEntries(void)
{
    const xdrproc_t filter = (xdrproc_t) xdr_streamdisk_connect_list_all_stream_disks_ret;
    g_autoptr(GPtrArray)
        entries = g_ptr_array_new_with_free_func((GDestroyNotify) streamRecordFree);
    g_autoptr(GPtrArray) back = NULL;
    streamdisk_connect_list_all_stream_disks_ret sent = { 0 }, received = { 0 };

    for (int i = 0; i < 3; i++)
        g_ptr_array_add(entries, makeEntry());
    g_assert_cmpint(remoteCodecEncodeEntries(entries, &sent.records.records_val,
                                             &sent.records.records_len),
                    ==, 0);
    overTheWire(filter, &sent, &received);
    back = remoteCodecDecodeEntries(received.records.records_val, received.records.records_len);
    g_assert_cmpuint(back->len, ==, 3);
    xdr_free(filter, (char *) &sent);
    xdr_free(filter, (char *) &received);
}

static void
testNoEntries(void)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GPtrArray) back = NULL;
    streamdisk_record *records = NULL;
    u_int nrecords = 0;

    g_assert_cmpint(remoteCodecEncodeEntries(none, &records, &nrecords), ==, 0);
    g_assert_cmpuint(nrecords, ==, 0);
    back = remoteCodecDecodeEntries(records, nrecords);
    g_assert_cmpuint(back->len, ==, 0);
}

static void
testStates(void)
{
    const xdrproc_t filter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_info_ret;
    const virDomainStreamDiskState states[] = {
        { .alias = "virtio-disk0", .target = "vda", .offset = 1, .size = G_MAXUINT64 },
        { .alias = "scsi0-0-0", .target = "sda", .offset = 0, .size = 0 },
    };
    virDomainStreamDiskState back[2];
    streamdisk_domain_stream_disk_info_ret sent = { .active = 7 }, received = { 0 };

    memset(back, 0xff, sizeof(back));
    g_assert_cmpint(remoteCodecEncodeStates(states, 2, &sent.states.states_val,
                                            &sent.states.states_len),
                    ==, 0);
    overTheWire(filter, &sent, &received);
    g_assert_cmpuint(received.active, ==, 7);
    g_assert_cmpint(remoteCodecDecodeStates(received.states.states_val, received.states.states_len,
                                            back, 2),
                    ==, 0);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpstr(back[i].alias, ==, states[i].alias);
        g_assert_cmpstr(back[i].target, ==, states[i].target);
        g_assert_cmpuint(back[i].offset, ==, states[i].offset);
        g_assert_cmpuint(back[i].size, ==, states[i].size);
    }

    g_assert_cmpint(remoteCodecDecodeStates(received.states.states_val, received.states.states_len,
                                            back, 1),
                    ==, -1);
    g_assert_nonnull(strstr(errorText(), "2 streams are more than 1"));
    xdr_free(filter, (char *) &sent);
    xdr_free(filter, (char *) &received);
}

static void
testDomain(void)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "test");
    unsigned char uuid[VIR_UUID_BUFLEN];
    streamdisk_domain encoded = { 0 };

    g_assert_nonnull(dom);
    virDomainGetUUID(dom, uuid);
    g_assert_cmpint(remoteCodecEncodeDomain(dom, &encoded), ==, 0);
    g_assert_cmpstr(encoded.name, ==, "test");
    g_assert_cmpmem(encoded.uuid, sizeof(encoded.uuid), uuid, sizeof(uuid));
    g_assert_cmpint(encoded.id, ==, 1);
    xdr_free((xdrproc_t) xdr_streamdisk_domain, (char *) &encoded);
}

static void
testOptional(void)
{
    streamdisk_string to = NULL;

    g_assert_cmpint(remoteCodecEncodeOptional("base", NULL, &to), ==, 0);
    g_assert_null(to);
    g_assert_cmpint(remoteCodecEncodeOptional("base", "", &to), ==, 0);
    g_assert_cmpstr(*to, ==, "");
    xdr_free((xdrproc_t) xdr_streamdisk_string, (char *) &to);
}

static void
testStringLimits(void)
{
    g_autofree char *fits = g_strnfill(STREAMDISK_STRING_MAX, 'x');
    g_autofree char *tooLong = g_strnfill(STREAMDISK_STRING_MAX + 1, 'x');
    streamdisk_nonnull_string to = NULL;

    g_assert_cmpint(remoteCodecEncodeString("disk", fits, &to), ==, 0);
    g_clear_pointer(&to, g_free);
    g_assert_cmpint(remoteCodecEncodeString("disk", tooLong, &to), ==, -1);
    g_assert_nonnull(strstr(errorText(), "disk of 65537 bytes is longer than 65536"));
    g_assert_cmpint(remoteCodecEncodeString("disk", NULL, &to), ==, -1);
    g_assert_nonnull(strstr(errorText(), "disk is missing"));
    g_assert_null(to);
}

/* What was encoded before the failure is freed with the whole. */
static void
assertParamsRefused(const virTypedParameter *params, int nparams, const char *expected)
{
    streamdisk_record record = { 0 };

    g_assert_cmpint(remoteCodecEncodeParams(params, nparams, &record.params.params_val,
                                            &record.params.params_len),
                    ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RPC);
    g_assert_nonnull(strstr(errorText(), expected));
    xdr_free((xdrproc_t) xdr_streamdisk_record, (char *) &record);
}

static void
testParamsRefused(void)
{
    g_autofree virTypedParameterPtr many = g_new0(virTypedParameter, STREAMDISK_PARAMS_MAX + 1);
    const virTypedParameter unknown[] = {
        everyType[6],
        { .field = "strange", .type = 99 },
    };
    const virTypedParameter missing[] = {
        everyType[6],
        { .field = "missing", .type = VIR_TYPED_PARAM_STRING },
    };

    assertParamsRefused(many, STREAMDISK_PARAMS_MAX + 1, "65 parameters are more than 64");
    assertParamsRefused(many, -1, "parameters are more than 64");
    assertParamsRefused(unknown, 2, "parameter 'strange' has unknown type 99");
    assertParamsRefused(missing, 2, "parameter is missing");
}

static void
testNamesTooLong(void)
{
    g_autofree char *name = g_strnfill(VIR_TYPED_PARAM_FIELD_LENGTH, 'x');
    g_autofree char *alias = g_strnfill(VIR_DOMAIN_STREAM_DISK_NAME_BUFLEN, 'x');
    const streamdisk_param params[] = {
        { .field = (char *) "fits",
          .value = { .type = VIR_TYPED_PARAM_STRING, .streamdisk_param_value_u.s = (char *) "x" } },
        { .field = name, .value = { .type = VIR_TYPED_PARAM_INT } },
    };
    const streamdisk_state state = { .alias = alias, .target = (char *) "vda" };
    virDomainStreamDiskState to = { .size = 42 };
    virTypedParameterPtr decoded = NULL;
    int ndecoded = 0;

    g_assert_cmpint(remoteCodecDecodeParams(params, 2, &decoded, &ndecoded), ==, -1);
    g_assert_null(decoded);
    g_assert_cmpint(ndecoded, ==, 0);
    g_assert_nonnull(strstr(errorText(), "parameter name of 80 bytes is longer than 79"));

    g_assert_cmpint(remoteCodecDecodeStates(&state, 1, &to, 1), ==, -1);
    g_assert_cmpuint(to.size, ==, 42);
    g_assert_nonnull(strstr(errorText(), "alias of 128 bytes is longer than 127"));
}

static void
testTooManyStates(void)
{
    g_autofree virDomainStreamDiskStatePtr states = g_new0(virDomainStreamDiskState,
                                                           STREAMDISK_STATES_MAX + 1);
    streamdisk_state *to = NULL;
    u_int nto = 0;

    g_assert_cmpint(remoteCodecEncodeStates(states, STREAMDISK_STATES_MAX + 1, &to, &nto), ==, -1);
    g_assert_null(to);
}

int
main(int argc, char **argv)
{
    virInitialize();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remote_codec/entry", testEntry);
    g_test_add_func("/remote_codec/entries", testEntries);
    g_test_add_func("/remote_codec/no-entries", testNoEntries);
    g_test_add_func("/remote_codec/states", testStates);
    g_test_add_func("/remote_codec/domain", testDomain);
    g_test_add_func("/remote_codec/optional", testOptional);
    g_test_add_func("/remote_codec/n_string-limits", testStringLimits);
    g_test_add_func("/remote_codec/n_params", testParamsRefused);
    g_test_add_func("/remote_codec/n_names-too-long", testNamesTooLong);
    g_test_add_func("/remote_codec/n_too-many-states", testTooManyStates);
    return g_test_run();
}
