/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_qmp-test.c: QEMU's events with data that says something (y_) or nothing (n_) of a pull */

#include "backend/backend_qmp.h"

typedef struct {
    const char *name;
    const char *event;
    const char *details;
    const char *target; /* NULL: no event, or one without */
    const char *error;
    backendQmpEventType type; /* JOB_ERROR if there is an error */
} testCase;

#define JOB "JOB_STATUS_CHANGE"
#define RUNNING(id) "{\"status\": \"running\", \"id\": \"" id "\"}"
#define ENDING(status) "{\"status\": \"" status "\", \"id\": \"pull-vda-libvirt-1-format\"}"
#define CREATE(status, id) "{\"status\": \"" status "\", \"id\": \"" id "\"}"
#define END "BLOCK_JOB_COMPLETED"
#define FAILED(device, error) \
    "{\"device\": \"" device "\", \"len\": 67108864, \"offset\": 524288, \"speed\": 0, " \
    "\"type\": \"stream\", \"error\": " error "}"

static const testCase testCases[] = {
    { "y_running", JOB, RUNNING("pull-vda-libvirt-1-format"), "vda" },
    { "y_storage", JOB, RUNNING("pull-sdaa-libvirt-12-storage"), "sdaa" },
    { "y_dashes", JOB, RUNNING("pull-ua-my-disk-libvirt-3-format"), "ua-my-disk" },
    { "y_libvirt", JOB, RUNNING("pull-x-libvirt-1-format-libvirt-2-format"), "x-libvirt-1-format" },
    { "y_escaped", JOB, "{\"status\":\"r\\u0075nning\",\"id\":\"pull-vd\\u0061-libvirt-1\"}",
      "vda" },
    { "y_twice", JOB,
      "{\"status\": \"null\", \"status\": \"running\", "
      "\"id\": \"pull-vda-libvirt-1-format\"}",
      "vda" },
    { "y_utf8", JOB, RUNNING("pull-\xc3\xa4-libvirt-1-format"), "\xc3\xa4" },
    { "y_nul_behind", JOB, RUNNING("pull-vda-libvirt-1-format\\u0000x"), "vda" },
    { "y_failed", END, FAILED("pull-vda-libvirt-1-format", "\"Input/output error\""), "vda",
      "Input/output error" },
    { "y_failed_dashes", END, FAILED("pull-my-vda-libvirt-7-format", "\"No space left\""), "my-vda",
      "No space left" },
    { "y_failed_quotes", END, FAILED("pull-vda-libvirt-1-format", "\"'a' \\\"b\\\"\\n\""), "vda",
      "'a' \"b\"\n" },
    { "y_failed_empty", END, FAILED("pull-vda-libvirt-1-format", "\"\""), "vda", "" },

    { "y_aborting", JOB, ENDING("aborting"), "vda", .type = BACKEND_QMP_JOB_ENDING },
    { "y_waiting", JOB, ENDING("waiting"), "vda", .type = BACKEND_QMP_JOB_ENDING },
    { "y_pending", JOB, ENDING("pending"), "vda", .type = BACKEND_QMP_JOB_ENDING },
    { "y_concluded", JOB, ENDING("concluded"), "vda", .type = BACKEND_QMP_JOB_ENDING },

    { "n_null_status", JOB, ENDING("null") },
    { "n_created", JOB, "{\"status\": \"created\", \"id\": \"pull-vda-libvirt-1-format\"}" },
    { "n_create_created", JOB, CREATE("created", "create-libvirt-2-storage") },
    { "n_create_running", JOB, CREATE("running", "create-libvirt-2-format") },
    { "n_create_concluded", JOB, CREATE("concluded", "create-libvirt-2-format") },
    { "n_paused", JOB, "{\"status\": \"paused\", \"id\": \"pull-vda-libvirt-1-format\"}" },
    { "n_no_status", JOB, "{\"id\": \"pull-vda-libvirt-1-format\"}" },
    { "n_no_id", JOB, "{\"status\": \"running\"}" },
    { "n_status_type", JOB, "{\"status\": 1, \"id\": \"pull-vda-libvirt-1-format\"}" },
    { "n_id_type", JOB, "{\"status\": \"running\", \"id\": [\"pull-vda-libvirt-1-format\"]}" },
    { "n_id_null", JOB, "{\"status\": \"running\", \"id\": null}" },
    { "n_commit", JOB, RUNNING("commit-vda-libvirt-1-format") },
    { "n_copy", JOB, RUNNING("copy-vda-libvirt-1-format") },
    { "n_not_libvirts", JOB, RUNNING("pull-vda") },
    { "n_no_target", JOB, RUNNING("pull--libvirt-1-format") },
    { "n_nothing_else", JOB, RUNNING("pull-libvirt-1-format") },
    { "n_empty_id", JOB, RUNNING("") },
    { "n_nul_within", JOB, RUNNING("pull-vda\\u0000-libvirt-1-format") },
    { "n_completed", END,
      "{\"device\": \"pull-vda-libvirt-1-format\", \"len\": 1, \"offset\": 1, "
      "\"speed\": 0, \"type\": \"stream\"}" },
    { "n_error_type", END, FAILED("pull-vda-libvirt-1-format", "{\"desc\": \"x\"}") },
    { "n_error_null", END, FAILED("pull-vda-libvirt-1-format", "null") },
    { "n_failed_commit", END, FAILED("commit-vda-libvirt-1-format", "\"x\"") },
    { "n_failed_no_device", END, "{\"error\": \"x\"}" },
    { "n_other_event", "JOB_STATUS", RUNNING("pull-vda-libvirt-1-format") },
    { "n_other_end", "BLOCK_JOB_CANCELLED", FAILED("pull-vda-libvirt-1-format", "\"x\"") },

    { "n_no_details", JOB, NULL },
    { "n_empty", JOB, "" },
    { "n_cut", JOB, "{\"status\": \"running\", \"id\": \"pull-vda-libvirt-1-format\"" },
    { "n_cut_string", JOB, "{\"status\": \"running\", \"id\": \"pull-vda-libvirt-1-format" },
    { "n_no_json", JOB, "status: running, id: pull-vda-libvirt-1-format" },
    { "n_array", JOB, "[" RUNNING("pull-vda-libvirt-1-format") "]" },
    { "n_string", JOB, "\"running\"" },
    { "n_number", END, "1e999" },
    { "n_null", END, "null" },
};

static void
testParse(const void *opaque)
{
    const testCase *one = opaque;
    g_autoptr(backendQmpEvent) event = backendQmpEventParse(one->event, one->details);

    g_assert_cmpint(one->name[0] == 'y', ==, event != NULL);
    if (!event)
        return;
    g_assert_cmpint(event->type, ==, one->error ? BACKEND_QMP_JOB_ERROR : one->type);
    g_assert_cmpstr(event->target, ==, one->target);
    g_assert_cmpstr(event->error, ==, one->error);
}

static void
testNested(void)
{
    g_autofree char *open = g_strnfill(1000000, '[');
    g_autofree char *inside = g_strdup_printf("{\"status\": \"running\", \"x\": %s", open);

    g_assert_null(backendQmpEventParse(JOB, open));
    g_assert_null(backendQmpEventParse(JOB, inside));
}

static void
testLong(void)
{
    g_autofree char *filler = g_strnfill(1000000, 'x');
    g_autofree char *
        details = g_strdup_printf("{\"status\": \"running\", \"id\": \"pull-%s-libvirt-1-format\"}",
                                  filler);
    g_autoptr(backendQmpEvent) event = backendQmpEventParse(JOB, details);

    g_assert_nonnull(event);
    g_assert_cmpstr(event->target, ==, filler);
}

/* The events that libvirt is asked for are those that are understood, and no others. */
static void
testRegex(void)
{
    g_assert_true(g_regex_match_simple(BACKEND_QMP_EVENTS, JOB, 0, 0));
    g_assert_true(g_regex_match_simple(BACKEND_QMP_EVENTS, END, 0, 0));
    g_assert_false(g_regex_match_simple(BACKEND_QMP_EVENTS, "BLOCK_JOB_COMPLETED_2", 0, 0));
    g_assert_false(g_regex_match_simple(BACKEND_QMP_EVENTS, "X_JOB_STATUS_CHANGE", 0, 0));
    g_assert_false(g_regex_match_simple(BACKEND_QMP_EVENTS, "BLOCK_JOB_READY", 0, 0));
}

static void
testFreeNothing(void)
{
    backendQmpEventFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(testCases); i++) {
        g_autofree char *path = g_strconcat("/backend_qmp/", testCases[i].name, NULL);

        g_test_add_data_func(path, &testCases[i], testParse);
    }
    g_test_add_func("/backend_qmp/nested", testNested);
    g_test_add_func("/backend_qmp/long", testLong);
    g_test_add_func("/backend_qmp/regex", testRegex);
    g_test_add_func("/backend_qmp/free-nothing", testFreeNothing);
    return g_test_run();
}
