/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-remote_codec.c: the first byte picks a struct, the rest is its XDR
 *
 * What decodes must encode again, and what that gives must not change any more.
 */

#include <string.h>

#include "remote/remote_codec.h"
#include "replay.h"
#include "rpc/rpc_message.h"

static const rpc_header header;

static rpcMessage
messageOf(GBytes *encoded)
{
    gsize begin = RPC_LENGTH_LEN + RPC_HEADER_LEN;

    return (rpcMessage) {
        .payload = g_bytes_new_from_bytes(encoded, begin, g_bytes_get_size(encoded) - begin),
    };
}

/* The struct that @msg holds, through C structs, as a message again; NULL: it does not decode */
static GBytes *
throughRecords(const rpcMessage *msg)
{
    const xdrproc_t filter = (xdrproc_t) xdr_streamdisk_connect_list_all_stream_disks_ret;
    streamdisk_connect_list_all_stream_disks_ret from = { 0 }, to = { 0 };
    g_autoptr(GPtrArray) entries = NULL;
    GBytes *encoded = NULL;

    if (rpcMessageDecodePayload(msg, filter, &from) < 0)
        return NULL;
    entries = remoteCodecDecodeEntries(from.records.records_val, from.records.records_len);
    if (entries) {
        g_assert_cmpint(remoteCodecEncodeEntries(entries, &to.records.records_val,
                                                 &to.records.records_len),
                        ==, 0);
        encoded = rpcMessageEncode(&header, filter, &to);
        g_assert_nonnull(encoded);
    }
    xdr_free(filter, (char *) &from);
    xdr_free(filter, (char *) &to);
    return encoded;
}

static GBytes *
throughStates(const rpcMessage *msg)
{
    const xdrproc_t filter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_info_ret;
    streamdisk_domain_stream_disk_info_ret from = { 0 }, to = { 0 };
    virDomainStreamDiskState states[64];
    GBytes *encoded = NULL;

    if (rpcMessageDecodePayload(msg, filter, &from) < 0)
        return NULL;
    if (remoteCodecDecodeStates(from.states.states_val, from.states.states_len, states,
                                G_N_ELEMENTS(states)) == 0) {
        g_assert_cmpint(remoteCodecEncodeStates(states, from.states.states_len,
                                                &to.states.states_val, &to.states.states_len),
                        ==, 0);
        to.active = from.active;
        encoded = rpcMessageEncode(&header, filter, &to);
        g_assert_nonnull(encoded);
    }
    xdr_free(filter, (char *) &from);
    xdr_free(filter, (char *) &to);
    return encoded;
}

static GBytes *
throughStart(const rpcMessage *msg)
{
    const xdrproc_t filter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_start_args;
    streamdisk_domain_stream_disk_start_args from = { 0 }, to = { 0 };
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    GBytes *encoded = NULL;

    if (rpcMessageDecodePayload(msg, filter, &from) < 0)
        return NULL;
    if (remoteCodecDecodeParams(from.params.params_val, from.params.params_len, &params,
                                &nparams) == 0) {
        g_assert_cmpint(remoteCodecEncodeString("domain", from.dom.name, &to.dom.name), ==, 0);
        g_assert_cmpint(remoteCodecEncodeString("disk", from.disk, &to.disk), ==, 0);
        g_assert_cmpint(remoteCodecEncodeOptional("base", from.base ? *from.base : NULL, &to.base),
                        ==, 0);
        g_assert_cmpint(remoteCodecEncodeParams(params, nparams, &to.params.params_val,
                                                &to.params.params_len),
                        ==, 0);
        encoded = rpcMessageEncode(&header, filter, &to);
        g_assert_nonnull(encoded);
        virTypedParamsFree(params, nparams);
    }
    xdr_free(filter, (char *) &from);
    xdr_free(filter, (char *) &to);
    return encoded;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static GBytes *(*const through[])(const rpcMessage *msg) = {
        throughRecords,
        throughStates,
        throughStart,
    };
    g_auto(rpcMessage) input = { 0 };
    g_auto(rpcMessage) again = { 0 };
    g_autoptr(GBytes) first = NULL;
    g_autoptr(GBytes) second = NULL;
    size_t which;

    if (size == 0)
        return 0;
    virInitialize();
    which = data[0] % G_N_ELEMENTS(through);
    input.payload = g_bytes_new(data + 1, size - 1);
    if (!(first = through[which](&input)))
        return 0;

    again = messageOf(first);
    second = through[which](&again);
    g_assert_nonnull(second);
    g_assert_true(g_bytes_equal(first, second));
    return 0;
}
