/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_qmp_command-test.c: the text of each command, and replies that are as they should or not */

#include "qemu/qemu_qmp.h"

#define assertText(call, expected) \
    do { \
        g_autofree char *text_ = (call); \
        g_assert_cmpstr(text_, ==, (expected)); \
    } while (0)

static void
testCommands(void)
{
    assertText(qemuQmpGetfd("f"), "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"f\"}}");
    assertText(qemuQmpNbdServerStart("f"), "{\"execute\":\"nbd-server-start\",\"arguments\":"
               "{\"addr\":{\"type\":\"fd\",\"data\":{\"str\":\"f\"}}}}");
    assertText(qemuQmpNbdServerStop(), "{\"execute\":\"nbd-server-stop\"}");
    assertText(qemuQmpExportAdd("e", "n"), "{\"execute\":\"block-export-add\",\"arguments\":"
               "{\"type\":\"nbd\",\"id\":\"e\",\"name\":\"e\",\"node-name\":\"n\","
               "\"allocation-depth\":true}}");
    assertText(qemuQmpExportDel("e"), "{\"execute\":\"block-export-del\",\"arguments\":"
               "{\"id\":\"e\",\"mode\":\"hard\"}}");
    assertText(qemuQmpQueryBlock(), "{\"execute\":\"query-block\"}");
    assertText(qemuQmpQueryBlockExports(), "{\"execute\":\"query-block-exports\"}");
}

/* A name cannot end its string and begin another command. */
static void
testQuoted(void)
{
    assertText(qemuQmpGetfd("a\"}, \"x\": {\"\\\n"),
               "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":"
               "\"a\\\"}, \\\"x\\\": {\\\"\\\\\\n\"}}");
}

#define UNREADABLE "the answer cannot be read"

static void
testReplyError(void)
{
    assertText(qemuQmpReplyError("{\"return\": {}, \"id\": \"libvirt-1\"}"), NULL);
    assertText(qemuQmpReplyError("{\"return\": []}"), NULL);
    assertText(qemuQmpReplyError("{\"return\": null}"), NULL);
    assertText(qemuQmpReplyError("{\"error\": {\"class\": \"GenericError\", "
                                 "\"desc\": \"NBD server already running\"}}"),
               "NBD server already running");

    assertText(qemuQmpReplyError(NULL), UNREADABLE);
    assertText(qemuQmpReplyError(""), UNREADABLE);
    assertText(qemuQmpReplyError("{}"), UNREADABLE);
    assertText(qemuQmpReplyError("[{\"return\": {}}]"), UNREADABLE);
    assertText(qemuQmpReplyError("{\"return\": {}"), UNREADABLE);
    assertText(qemuQmpReplyError("{\"error\": \"x\"}"), UNREADABLE);
    assertText(qemuQmpReplyError("{\"error\": {\"desc\": 1}}"), UNREADABLE);
}

static void
testReplyNode(void)
{
    static const char reply[] =
        "{\"return\": [null, 1, {}, {\"qdev\": 5},"
        "{\"qdev\": \"/machine/peripheral/virtio-disk0/virtio-backend\","
        " \"inserted\": {\"node-name\": \"libvirt-2-format\"}},"
        "{\"qdev\": \"virtio-disk10\", \"inserted\": {\"node-name\": \"libvirt-9-format\"}},"
        "{\"qdev\": \"sata0-0-0\"},"
        "{\"qdev\": \"sata0-0-1\", \"inserted\": 1},"
        "{\"qdev\": \"sata0-0-2\", \"inserted\": {}},"
        "{\"qdev\": \"ide0\", \"inserted\": {\"node-name\": \"#block123\"}}]}";

    assertText(qemuQmpReplyNode(reply, "virtio-disk0"), "libvirt-2-format");
    assertText(qemuQmpReplyNode(reply, "virtio-disk10"), "libvirt-9-format");
    assertText(qemuQmpReplyNode(reply, "ide0"), "#block123");
    assertText(qemuQmpReplyNode(reply, "virtio-disk1"), NULL);
    assertText(qemuQmpReplyNode(reply, "sata0-0-0"), NULL);
    assertText(qemuQmpReplyNode(reply, "sata0-0-1"), NULL);
    assertText(qemuQmpReplyNode(reply, "sata0-0-2"), NULL);

    assertText(qemuQmpReplyNode(NULL, "ide0"), NULL);
    assertText(qemuQmpReplyNode("", "ide0"), NULL);
    assertText(qemuQmpReplyNode("[]", "ide0"), NULL);
    assertText(qemuQmpReplyNode("{}", "ide0"), NULL);
    assertText(qemuQmpReplyNode("{\"return\": {}}", "ide0"), NULL);
    assertText(qemuQmpReplyNode("{\"return\": [", "ide0"), NULL);
}

/* The ids with spaces between, or NULL */
static char *
testExports(const char *reply)
{
    g_auto(GStrv) ids = qemuQmpReplyExports(reply);

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
    g_test_add_func("/qemu_qmp_command/commands", testCommands);
    g_test_add_func("/qemu_qmp_command/quoted", testQuoted);
    g_test_add_func("/qemu_qmp_command/reply-error", testReplyError);
    g_test_add_func("/qemu_qmp_command/reply-node", testReplyNode);
    g_test_add_func("/qemu_qmp_command/reply-exports", testReplyExports);
    return g_test_run();
}
