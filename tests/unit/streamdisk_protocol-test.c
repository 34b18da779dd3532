/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * streamdisk_protocol-test.c: the layout of version 1, frozen as bytes
 *
 * Clients and daemons of different releases talk to each other: what fails here must be
 * undone in the .x file, and never adjusted here.
 */

#include "remote/streamdisk_protocol.h"

#include <glib.h>

#define DOMAIN_BYTES \
    "00000005" \
    "6775657374000000" \
    "000102030405060708090a0b0c0d0e0f" \
    "ffffffff"
#define PARAM_BYTES \
    "00000001" \
    "00000001" \
    "6e000000" \
    "00000004" \
    "0102030405060708"
#define VDA_BYTES \
    "00000003" \
    "76646100"

static streamdisk_domain dom = {
    .name = (char *) "guest",
    .uuid = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
    .id = -1,
};
static streamdisk_param param = {
    .field = (char *) "n",
    .value = {
        .type = VIR_TYPED_PARAM_ULLONG, .streamdisk_param_value_u.ul = 0x0102030405060708,
    },
};
static char *const vda = (char *) "vda";

static void
assertLayout(xdrproc_t filter, void *data, const char *expected)
{
    g_autoptr(GString) hex = g_string_new(NULL);
    char bytes[1024];
    XDR xdrs;

    xdrmem_create(&xdrs, bytes, sizeof(bytes), XDR_ENCODE);
    g_assert_true(filter(&xdrs, data));
    for (u_int i = 0; i < xdr_getpos(&xdrs); i++)
        g_string_append_printf(hex, "%02x", (guint8) bytes[i]);
    xdr_destroy(&xdrs);
    g_assert_cmpstr(hex->str, ==, expected);
}

static void
testNumbers(void)
{
    g_assert_cmphex(STREAMDISK_PROGRAM, ==, 0x20005d15);
    g_assert_cmpint(STREAMDISK_PROTOCOL_VERSION, ==, 1);
    g_assert_cmpint(STREAMDISK_PROC_CONNECT_OPEN, ==, 1);
    g_assert_cmpint(STREAMDISK_PROC_DOMAIN_STREAM_DISK, ==, 2);
    g_assert_cmpint(STREAMDISK_PROC_DOMAIN_STREAM_DISK_INFO, ==, 3);
    g_assert_cmpint(STREAMDISK_PROC_DOMAIN_STREAM_DISK_START, ==, 4);
    g_assert_cmpint(STREAMDISK_PROC_DOMAIN_STREAM_DISK_SET_PARAMETERS, ==, 5);
    g_assert_cmpint(STREAMDISK_PROC_DOMAIN_STREAM_DISK_GET_STATS, ==, 6);
    g_assert_cmpint(STREAMDISK_PROC_CONNECT_LIST_ALL_STREAM_DISKS, ==, 7);
    g_assert_cmpint(STREAMDISK_PROC_CONNECT_EVENTS_SUBSCRIBE, ==, 8);
    g_assert_cmpint(STREAMDISK_PROC_CONNECT_EVENTS_UNSUBSCRIBE, ==, 9);
    g_assert_cmpint(STREAMDISK_PROC_CONNECT_STREAM_DISK_EVENT, ==, 10);
    g_assert_cmpint(STREAMDISK_CONNECT_READONLY, ==, 1);
}

static void
testArgs(void)
{
    streamdisk_nonnull_string base = (char *) "b";
    streamdisk_connect_open_args open = { .flags = 1 };
    streamdisk_domain_stream_disk_args stream = {
        .dom = dom,
        .disk = vda,
        .offset = 0x100000002,
        .flags = 3,
    };
    streamdisk_domain_stream_disk_info_args info = { .dom = dom, .nstates = 4, .flags = 5 };
    streamdisk_domain_stream_disk_start_args start = {
        .dom = dom,
        .disk = vda,
        .base = &base,
        .params = { .params_len = 1, .params_val = &param },
        .flags = 6,
    };
    streamdisk_domain_stream_disk_set_parameters_args set = {
        .dom = dom,
        .disk = vda,
        .params = { .params_len = 1, .params_val = &param },
        .flags = 7,
    };
    streamdisk_domain_stream_disk_get_stats_args stats = { .dom = dom, .disk = vda, .flags = 8 };
    streamdisk_connect_list_all_stream_disks_args list = { .flags = 9 };

    assertLayout((xdrproc_t) xdr_streamdisk_connect_open_args, &open, "00000001");
    assertLayout((xdrproc_t) xdr_streamdisk_domain_stream_disk_args, &stream,
                 DOMAIN_BYTES VDA_BYTES "0000000100000002"
                                        "00000003");
    assertLayout((xdrproc_t) xdr_streamdisk_domain_stream_disk_info_args, &info,
                 DOMAIN_BYTES "00000004"
                              "00000005");
    assertLayout((xdrproc_t) xdr_streamdisk_domain_stream_disk_start_args, &start,
                 DOMAIN_BYTES VDA_BYTES "00000001"
                                        "00000001"
                                        "62000000" PARAM_BYTES "00000006");
    assertLayout((xdrproc_t) xdr_streamdisk_domain_stream_disk_set_parameters_args, &set,
                 DOMAIN_BYTES VDA_BYTES PARAM_BYTES "00000007");
    assertLayout((xdrproc_t) xdr_streamdisk_domain_stream_disk_get_stats_args, &stats,
                 DOMAIN_BYTES VDA_BYTES "00000008");
    assertLayout((xdrproc_t) xdr_streamdisk_connect_list_all_stream_disks_args, &list, "00000009");
}

static void
testRets(void)
{
    streamdisk_state state = { .alias = vda, .target = vda, .offset = 1, .size = 2 };
    streamdisk_record record = {
        .dom = dom,
        .disk = vda,
        .params = { .params_len = 1, .params_val = &param },
    };
    streamdisk_domain_stream_disk_ret stream = { .offset = -2 };
    streamdisk_domain_stream_disk_info_ret info = {
        .states = { .states_len = 1, .states_val = &state },
        .active = 3,
    };
    streamdisk_domain_stream_disk_get_stats_ret stats = {
        .params = { .params_len = 1, .params_val = &param },
    };
    streamdisk_connect_list_all_stream_disks_ret list = {
        .records = { .records_len = 1, .records_val = &record },
    };
    streamdisk_connect_stream_disk_event_msg event = { .record = record, .event = 4 };

    assertLayout((xdrproc_t) xdr_streamdisk_domain_stream_disk_ret, &stream, "fffffffffffffffe");
    assertLayout((xdrproc_t) xdr_streamdisk_domain_stream_disk_info_ret, &info,
                 "00000001" VDA_BYTES VDA_BYTES "0000000000000001"
                 "0000000000000002"
                 "00000003");
    assertLayout((xdrproc_t) xdr_streamdisk_domain_stream_disk_get_stats_ret, &stats, PARAM_BYTES);
    assertLayout((xdrproc_t) xdr_streamdisk_connect_list_all_stream_disks_ret, &list,
                 "00000001" DOMAIN_BYTES VDA_BYTES PARAM_BYTES);
    assertLayout((xdrproc_t) xdr_streamdisk_connect_stream_disk_event_msg, &event,
                 DOMAIN_BYTES VDA_BYTES PARAM_BYTES "00000004");
}

static void
testParams(void)
{
    static const struct {
        streamdisk_param_value value;
        const char *expected;
    } cases[] = {
        { { .type = 1, .streamdisk_param_value_u.i = -2 },
          "00000001"
          "fffffffe" },
        { { .type = 2, .streamdisk_param_value_u.ui = 3 },
          "00000002"
          "00000003" },
        { { .type = 3, .streamdisk_param_value_u.l = -4 },
          "00000003"
          "fffffffffffffffc" },
        { { .type = 4, .streamdisk_param_value_u.ul = 5 },
          "00000004"
          "0000000000000005" },
        { { .type = 5, .streamdisk_param_value_u.d = 1.0 },
          "00000005"
          "3ff0000000000000" },
        { { .type = 6, .streamdisk_param_value_u.b = 1 },
          "00000006"
          "00000001" },
        { { .type = 7, .streamdisk_param_value_u.s = (char *) "ab" },
          "00000007"
          "00000002"
          "61620000" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assertLayout((xdrproc_t) xdr_streamdisk_param_value, (void *) &cases[i].value,
                     cases[i].expected);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/streamdisk_protocol/numbers", testNumbers);
    g_test_add_func("/streamdisk_protocol/args", testArgs);
    g_test_add_func("/streamdisk_protocol/rets", testRets);
    g_test_add_func("/streamdisk_protocol/params", testParams);
    return g_test_run();
}
