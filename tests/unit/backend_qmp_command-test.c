/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_qmp_command-test.c: the text of each command, and replies that are as they should or not */

#include "backend/backend_qmp.h"

#define assertText(call, expected) \
    do { \
        g_autofree char *text_ = (call); \
        g_assert_cmpstr(text_, ==, (expected)); \
    } while (0)

static void
testCommands(void)
{
    assertText(backendQmpGetfd("f"), "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"f\"}}");
    assertText(backendQmpClosefd("f"),
               "{\"execute\":\"closefd\",\"arguments\":{\"fdname\":\"f\"}}");
    assertText(backendQmpNbdServerStart("f"),
               "{\"execute\":\"nbd-server-start\",\"arguments\":"
               "{\"addr\":{\"type\":\"fd\",\"data\":{\"str\":\"f\"}}}}");
    assertText(backendQmpNbdServerStop(), "{\"execute\":\"nbd-server-stop\"}");
    assertText(backendQmpExportAdd("e", "n"),
               "{\"execute\":\"block-export-add\",\"arguments\":"
               "{\"type\":\"nbd\",\"id\":\"e\",\"name\":\"e\",\"node-name\":\"n\","
               "\"allocation-depth\":true}}");
    assertText(backendQmpExportDel("e"), "{\"execute\":\"block-export-del\",\"arguments\":"
                                         "{\"id\":\"e\",\"mode\":\"hard\"}}");
    assertText(backendQmpQueryBlock(), "{\"execute\":\"query-block\"}");
    assertText(backendQmpQueryBlockGraph(), "{\"execute\":\"x-debug-query-block-graph\"}");
    assertText(backendQmpQueryBlockExports(), "{\"execute\":\"query-block-exports\"}");
    assertText(backendQmpQueryBlockJobs(), "{\"execute\":\"query-block-jobs\"}");
    assertText(backendQmpQueryVersion(), "{\"execute\":\"query-version\"}");
    assertText(backendQmpJobPause("j"), "{\"execute\":\"job-pause\",\"arguments\":{\"id\":\"j\"}}");
    assertText(backendQmpJobResume("j"),
               "{\"execute\":\"job-resume\",\"arguments\":{\"id\":\"j\"}}");
    assertText(backendQmpQemuIo("de", "flush"),
               "{\"execute\":\"human-monitor-command\","
               "\"arguments\":{\"command-line\":\"qemu-io -d \\\"de\\\" \\\"flush\\\"\"}}");
}

/* A name cannot end its string and begin another command. */
static void
testQuoted(void)
{
    assertText(backendQmpGetfd("a\"}, \"x\": {\"\\\n"),
               "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":"
               "\"a\\\"}, \\\"x\\\": {\\\"\\\\\\n\"}}");
}

#define UNREADABLE "the answer cannot be read"

static void
testReplyError(void)
{
    assertText(backendQmpReplyError("{\"return\": {}, \"id\": \"libvirt-1\"}"), NULL);
    assertText(backendQmpReplyError("{\"return\": []}"), NULL);
    assertText(backendQmpReplyError("{\"return\": null}"), NULL);
    assertText(backendQmpReplyError("{\"error\": {\"class\": \"GenericError\", "
                                    "\"desc\": \"NBD server already running\"}}"),
               "NBD server already running");

    assertText(backendQmpReplyError(NULL), UNREADABLE);
    assertText(backendQmpReplyError(""), UNREADABLE);
    assertText(backendQmpReplyError("{}"), UNREADABLE);
    assertText(backendQmpReplyError("[{\"return\": {}}]"), UNREADABLE);
    assertText(backendQmpReplyError("{\"return\": {}"), UNREADABLE);
    assertText(backendQmpReplyError("{\"error\": \"x\"}"), UNREADABLE);
    assertText(backendQmpReplyError("{\"error\": {\"desc\": 1}}"), UNREADABLE);
}

/* Node and deepest layer of a pull: "libvirt-1-format 2", or NULL */
static char *
testPull(const char *reply, const char *target)
{
    guint32 deepest;
    g_autofree char *node = backendQmpReplyPullNode(reply, target, &deepest);

    return node ? g_strdup_printf("%s %u", node, deepest) : NULL;
}

#define NODE(id, type, name) "{\"id\": " id ", \"type\": \"" type "\", \"name\": \"" name "\"}"
#define EDGE(parent, child, name) \
    "{\"name\": \"" name "\", \"parent\": " parent ", \"child\": " child ", \"perm\": []}"

static void
testAssertRecorded(const char *name, const char *target, const char *expected)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "data", "backend_qmp", name,
                                                  NULL);
    g_autofree char *reply = NULL;

    g_assert_true(g_file_get_contents(path, &reply, NULL, NULL));
    assertText(testPull(reply, target), expected);
}

/* What QEMU 7.2 said: of a chain of five pulled whole, and down to the fourth; of a chain of four
 * with copy_on_read pulled down to the third, beside one of two pulled whole; without any pull */
static void
testRecorded(void)
{
    testAssertRecorded("graph-all.json", "vda", "libvirt-1-format 5");
    testAssertRecorded("graph-base.json", "vda", "libvirt-1-format 3");
    testAssertRecorded("graph-two.json", "vda", "libvirt-2-format 2");
    testAssertRecorded("graph-two.json", "vdb", "libvirt-1-format 2");
    testAssertRecorded("graph-none.json", "vda", NULL);
}

static void
testReplyPullNode(void)
{
    static const char
        reply[] =
            "{\"return\": {\"nodes\": [null, 1, {}, {\"name\": 5, \"type\": \"block-job\"}," NODE(
                "1", "block-driver",
                "libvirt-4-format") ", " NODE("2", "block-driver",
                                              "#block1") ", " NODE("3",
                                                                   "block-driver", "libvirt-9-format") ", " NODE("4",
                                                                                                                 "block-driver", "libvirt-1-format") ", " NODE("5", "block-driver", "pull-vdb-libvirt-1-format") ", " NODE("11", "block-job", "commit-vdb-libvirt-3-format") ", " NODE("12", "block-job", "pull-vda-libvirt-4-format") ", " NODE("13",
                                                                                                                                                                                                                                                                                                                                                 "block-job",
                                                                                                                                                                                                                                                                                                                                                 "pull-vdaa-libvirt-9-format") ", " NODE("14",
                                                                                                                                                                                                                                                                                                                                                                                         "block-job",
                                                                                                                                                                                                                                                                                                                                                                                         "pull-x-libvirt-1-format") ", " NODE("15",
                                                                                                                                                                                                                                                                                                                                                                                                                              "block-job",
                                                                                                                                                                                                                                                                                                                                                                                                                              "pull-other-libvirt-1-format") ", " NODE("16", "block-job", "pull-new-libvirt-1-format") ", " NODE("17", "block-job", "pull-none-libvirt-1-format") "], \"edges\": [null, 1, {}, " EDGE("1",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "3",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "backing") ", " EDGE("2",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                           "1", "file") ", " EDGE("11",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  "1", "intermediate node") ", " EDGE("12",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "8", "intermediate node") ", " EDGE("12",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                          "7", "intermediate node") ", " EDGE("12",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                              "6", "intermediate node") ", " EDGE("12", "1", "active node") ", " EDGE("12",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "2",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "main node") ", " EDGE("13", "2", "main node") ", " EDGE("13",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "3",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "active node") ", " EDGE("13",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        "6", "intermediate node") ", " EDGE("14",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                            "2", "main node") ", " EDGE("14",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        "4", "active node") ", " EDGE("15",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "2", "main node") ", " EDGE("15", "1", "active node") ", " EDGE("16",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "4", "active node") ", " EDGE("16",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                    "4", "new kind of node") "]}}";

    assertText(testPull(reply, "vda"), "libvirt-4-format 4");
    assertText(testPull(reply, "vdaa"), "libvirt-9-format 2");
    assertText(testPull(reply, "x"), "libvirt-1-format 1");
    /* another active node, an edge of which nothing is known, no edges */
    assertText(testPull(reply, "other"), "libvirt-1-format 0");
    assertText(testPull(reply, "new"), "libvirt-1-format 0");
    assertText(testPull(reply, "none"), "libvirt-1-format 0");
    assertText(testPull(reply, "vd"), NULL);
    assertText(testPull(reply, "vdb"), NULL);
    assertText(testPull(reply, ""), NULL);

    assertText(testPull("{\"return\": {\"nodes\": [" NODE("1", "block-job",
                                                          "pull-a-libvirt-1") "], \"edges\": {}}}",
                        "a"),
               "libvirt-1 0");
    assertText(testPull(NULL, "vda"), NULL);
    assertText(testPull("", "vda"), NULL);
    assertText(testPull("[]", "vda"), NULL);
    assertText(testPull("{}", "vda"), NULL);
    assertText(testPull("{\"return\": {}}", "vda"), NULL);
    assertText(testPull("{\"return\": [{\"nodes\": []}]}", "vda"), NULL);
    assertText(testPull("{\"return\": {\"nodes\": {}}}", "vda"), NULL);
    assertText(testPull("{\"return\": {\"nodes\": [", "vda"), NULL);
}

#define QCOW2(extended) \
    "{\"format\": \"qcow2\", \"format-specific\": {\"type\": \"qcow2\", \"data\": " \
    "{\"compat\": \"1.1\", \"extended-l2\": " extended "}}}"
#define DISK(image) \
    "{\"qdev\": \"/machine/peripheral/virtio-disk0/virtio-backend\", " \
    "\"inserted\": {\"image\": " image "}}"

static bool
testExtendedL2(const char *reply, const char *alias)
{
    g_auto(backendQmpImage) image = { 0 };

    return backendQmpReplyImage(reply, alias, &image) && image.extendedL2;
}

static void
testReplyImageExtendedL2(void)
{
    static const struct {
        const char *blocks;
        bool extended;
    } cases[] = {
        { DISK(QCOW2("true")), true },
        { "null, 1, {}, {\"qdev\": 5}, " DISK(QCOW2("true")), true },
        { DISK("{\"format\": \"copy-on-read\", \"backing-image\": " QCOW2("true") "}"), true },

        { DISK(QCOW2("false")), false },
        { DISK("{\"format\": \"copy-on-read\", \"backing-image\": " QCOW2("false") "}"), false },
        /* one that is only read */
        { DISK("{\"format\": \"qed\", \"backing-image\": " QCOW2("true") "}"), false },
        { DISK("{\"format\": \"copy-on-read\"}"), false },
        { DISK("{}"), false },
        { DISK("1"), false },
        { "{\"qdev\": \"virtio-disk0\"}", false },
        { "{\"qdev\": \"virtio-disk01\", \"inserted\": {\"image\": " QCOW2("true") "}}", false },
        { "", false },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *reply = g_strdup_printf("{\"return\": [%s]}", cases[i].blocks);

        g_assert_true(testExtendedL2(reply, "virtio-disk0") == cases[i].extended);
    }
    g_assert_true(testExtendedL2("{\"return\": [{\"qdev\": \"sd0\", \"inserted\": "
                                 "{\"image\": " QCOW2("true") "}}]}",
                                 "sd0"));
    g_assert_false(testExtendedL2(NULL, "virtio-disk0"));
    g_assert_false(testExtendedL2("{\"return\": {}}", "virtio-disk0"));
    g_assert_false(testExtendedL2("{\"error\": {}}", "virtio-disk0"));
}

#define SIZED(size, more) "{\"virtual-size\": " size more "}"

/* "path size backing", and what it has no zero clusters of; NULL: there is no such device */
static char *
testImage(const char *image, const char *alias)
{
    g_autofree char *reply = g_strdup_printf(
        "{\"return\": [{\"qdev\": \"/machine/peripheral/virtio-disk0/virtio-backend\", "
        "\"inserted\": {\"image\": %s}}]}",
        image);
    g_auto(backendQmpImage) found = { 0 };

    if (!backendQmpReplyImage(reply, alias, &found))
        return NULL;
    return g_strdup_printf("%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "%s", found.qdev,
                           found.size, found.backing, found.writesZeroes ? " writes" : "");
}

static void
testReplyImage(void)
{
    static const char path[] = "/machine/peripheral/virtio-disk0/virtio-backend";
    g_autofree char *both = g_strconcat(path, " 64 32", NULL);
    g_autofree char *old = g_strconcat(path, " 64 32 writes", NULL);
    g_autofree char *alone = g_strconcat(path, " 64 0", NULL);
    g_autofree char *nothing = g_strconcat(path, " 0 0", NULL);

    assertText(testImage(SIZED("64", ", \"backing-image\": " SIZED("32", "")), "virtio-disk0"),
               both);
    assertText(testImage("{\"format\": \"copy-on-read\", \"backing-image\": " SIZED(
                             "64", ", \"backing-image\": " SIZED("32", "")) "}",
                         "virtio-disk0"),
               both);
    assertText(testImage(SIZED("64", ", \"backing-image\": " SIZED(
                                         "32", "") ", \"format-specific\":"
                                                   "{\"data\": {\"compat\": \"0.10\"}}"),
                         "virtio-disk0"),
               old);
    assertText(testImage(SIZED("64", ", \"format-specific\": {\"data\": {\"compat\": \"1.1\"}}"),
                         "virtio-disk0"),
               alone);
    assertText(testImage("{}", "virtio-disk0"), nothing);
    assertText(testImage(SIZED("64", ""), "virtio-disk1"), NULL);
}

static void
testReplyPullId(void)
{
    static const char jobs[] = "{\"return\": [{\"device\": \"commit-vda-libvirt-1-format\"}, 1, "
                               "{}, {\"device\": \"pull-vdb-libvirt-2-format\"}]}";

    assertText(backendQmpReplyPullId(jobs, "vdb"), "pull-vdb-libvirt-2-format");
    assertText(backendQmpReplyPullId(jobs, "vda"), NULL);
    assertText(backendQmpReplyPullId("{\"return\": {}}", "vda"), NULL);
    assertText(backendQmpReplyPullId(NULL, "vda"), NULL);
}

static void
testReplyVersion(void)
{
    assertText(backendQmpReplyVersion("{\"return\": {\"qemu\": {\"micro\": 22, \"minor\": 2, "
                                      "\"major\": 7}, \"package\": \"Debian\"}}"),
               "7.2.22");
    assertText(backendQmpReplyVersion("{\"return\": {\"qemu\": {\"minor\": 2, \"major\": 7}}}"),
               NULL);
    assertText(backendQmpReplyVersion("{\"return\": {\"qemu\": \"7.2.22\"}}"), NULL);
    assertText(backendQmpReplyVersion("{\"return\": []}"), NULL);
    assertText(backendQmpReplyVersion(NULL), NULL);
}

static void
testReplyComplaint(void)
{
    assertText(backendQmpReplyComplaint("{\"return\": \"\"}"), NULL);
    assertText(backendQmpReplyComplaint("{\"return\": \"Error: Device 'x' not found\\r\\n\"}"),
               "Error: Device 'x' not found");
    assertText(backendQmpReplyComplaint("{\"return\": {}}"), NULL);
}

/* libvirt allows 200 images, each nested in the one above. */
static void
testLongChain(void)
{
    GString *reply = g_string_new("{\"return\": [{\"qdev\": \"virtio-disk0\", \"inserted\": "
                                  "{\"image\": {\"format-specific\": {\"data\": "
                                  "{\"extended-l2\": true}}");

    for (guint i = 0; i < 200; i++)
        g_string_append(reply, ", \"backing-image\": {\"format\": \"qcow2\"");
    for (guint i = 0; i < 200; i++)
        g_string_append_c(reply, '}');
    g_string_append(reply, "}}}]}");
    assertText(backendQmpReplyError(reply->str), NULL);
    g_assert_true(testExtendedL2(reply->str, "virtio-disk0"));
    g_string_free(reply, TRUE);
}

/* The ids with spaces between, or NULL */
static char *
testExports(const char *reply)
{
    g_auto(GStrv) ids = backendQmpReplyExports(reply);

    return ids ? g_strjoinv(" ", ids) : NULL;
}

static void
testReplyExports(void)
{
    assertText(testExports("{\"return\": []}"), "");
    assertText(testExports("{\"return\": [{\"id\": \"a\", \"type\": \"nbd\"}, {\"id\": \"b\"}]}"),
               "a b");
    assertText(testExports("{\"return\": [{\"id\": \"a\"}, {}]}"), NULL);
    assertText(testExports("{\"return\": [{\"id\": \"a\"}, null]}"), NULL);
    assertText(testExports("{\"return\": [{\"id\": 1}]}"), NULL);
    assertText(testExports("{\"return\": {}}"), NULL);
    assertText(testExports("{\"error\": {}}"), NULL);
    assertText(testExports("1"), NULL);
    assertText(testExports(NULL), NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backend_qmp_command/commands", testCommands);
    g_test_add_func("/backend_qmp_command/quoted", testQuoted);
    g_test_add_func("/backend_qmp_command/reply-error", testReplyError);
    g_test_add_func("/backend_qmp_command/reply-pull-node", testReplyPullNode);
    g_test_add_func("/backend_qmp_command/recorded", testRecorded);
    g_test_add_func("/backend_qmp_command/reply-image/extended-l2", testReplyImageExtendedL2);
    g_test_add_func("/backend_qmp_command/reply-image", testReplyImage);
    g_test_add_func("/backend_qmp_command/reply-pull-id", testReplyPullId);
    g_test_add_func("/backend_qmp_command/reply-version", testReplyVersion);
    g_test_add_func("/backend_qmp_command/reply-complaint", testReplyComplaint);
    g_test_add_func("/backend_qmp_command/long-chain", testLongChain);
    g_test_add_func("/backend_qmp_command/reply-exports", testReplyExports);
    return g_test_run();
}
