/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_qmp.c: writes and reads QMP with json-c */

#include "qemu/qemu_qmp.h"

#include <json-c/json.h>
#include <string.h>

#include "util/log.h"

LOG_INIT("qemu.qmp");

typedef struct json_object jsonObject;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(jsonObject, json_object_put)

/* query-block nests the images of a chain, of which libvirt allows 200 */
#define QEMU_QMP_DEPTH_MAX 256

typedef struct json_tokener jsonTokener;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(jsonTokener, json_tokener_free)

static jsonObject *
qemuQmpRead(const char *text)
{
    g_autoptr(jsonTokener) tokener = json_tokener_new_ex(QEMU_QMP_DEPTH_MAX);
    g_autoptr(jsonObject) object = NULL;

    if (!text)
        return NULL;
    object = json_tokener_parse_ex(tokener, text, -1);
    return json_tokener_get_error(tokener) == json_tokener_success ? g_steal_pointer(&object)
                                                                   : NULL;
}

/* libvirt names the job of a pull of disk vda "pull-vda-libvirt-1-format". */
static char *
qemuQmpJobTarget(const char *id)
{
    const char *target;
    const char *end;

    if (!id || !g_str_has_prefix(id, "pull-"))
        return NULL;
    target = id + strlen("pull-");
    if (!(end = g_strrstr(target, "-libvirt-")) || end == target)
        return NULL;
    return g_strndup(target, (gsize) (end - target));
}

static const char *
qemuQmpString(jsonObject *object, const char *key)
{
    jsonObject *value = json_object_object_get(object, key);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* A qemuQmpEventType; -1: a status that tells nothing */
static int
qemuQmpStatusType(const char *status)
{
    static const char *const ending[] = { "aborting", "waiting", "pending", "concluded", NULL };

    if (!g_strcmp0(status, "running"))
        return QEMU_QMP_JOB_RUNNING;
    return status && g_strv_contains(ending, status) ? QEMU_QMP_JOB_ENDING : -1;
}

qemuQmpEvent *
qemuQmpEventParse(const char *name, const char *details)
{
    g_autoptr(jsonObject) data = qemuQmpRead(details);
    g_autofree char *target = NULL;
    const char *error = NULL;
    int type = QEMU_QMP_JOB_ERROR;
    qemuQmpEvent *event;

    if (!data || !json_object_is_type(data, json_type_object)) {
        LOG_DEBUG("event %s without readable data", name);
        return NULL;
    }

    if (g_str_equal(name, "JOB_STATUS_CHANGE")) {
        type = qemuQmpStatusType(qemuQmpString(data, "status"));
        if (type < 0)
            return NULL;
        target = qemuQmpJobTarget(qemuQmpString(data, "id"));
    } else if (g_str_equal(name, "BLOCK_JOB_COMPLETED")) {
        if (!(error = qemuQmpString(data, "error")))
            return NULL;
        target = qemuQmpJobTarget(qemuQmpString(data, "device"));
    }
    if (!target)
        return NULL;

    event = g_new0(qemuQmpEvent, 1);
    event->type = (qemuQmpEventType) type;
    event->target = g_steal_pointer(&target);
    event->error = g_strdup(error);
    return event;
}

void
qemuQmpEventFree(qemuQmpEvent *event)
{
    if (!event)
        return;
    g_free(event->target);
    g_free(event->error);
    g_free(event);
}

static jsonObject *
qemuQmpArguments(jsonObject *command)
{
    jsonObject *arguments = json_object_new_object();

    json_object_object_add(command, "arguments", arguments);
    return arguments;
}

static void
qemuQmpAddString(jsonObject *object, const char *key, const char *value)
{
    json_object_object_add(object, key, json_object_new_string(value));
}

static jsonObject *
qemuQmpCommand(const char *name)
{
    jsonObject *command = json_object_new_object();

    qemuQmpAddString(command, "execute", name);
    return command;
}

static char *
qemuQmpText(jsonObject *command)
{
    return g_strdup(json_object_to_json_string_ext(command, JSON_C_TO_STRING_PLAIN));
}

char *
qemuQmpGetfd(const char *fdname)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("getfd");

    qemuQmpAddString(qemuQmpArguments(command), "fdname", fdname);
    return qemuQmpText(command);
}

char *
qemuQmpClosefd(const char *fdname)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("closefd");

    qemuQmpAddString(qemuQmpArguments(command), "fdname", fdname);
    return qemuQmpText(command);
}

char *
qemuQmpNbdServerStart(const char *fdname)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("nbd-server-start");
    jsonObject *addr = json_object_new_object();
    jsonObject *data = json_object_new_object();

    qemuQmpAddString(data, "str", fdname);
    qemuQmpAddString(addr, "type", "fd");
    json_object_object_add(addr, "data", data);
    json_object_object_add(qemuQmpArguments(command), "addr", addr);
    return qemuQmpText(command);
}

char *
qemuQmpNbdServerStop(void)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("nbd-server-stop");

    return qemuQmpText(command);
}

char *
qemuQmpExportAdd(const char *id, const char *node)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("block-export-add");
    jsonObject *arguments = qemuQmpArguments(command);

    qemuQmpAddString(arguments, "type", "nbd");
    qemuQmpAddString(arguments, "id", id);
    qemuQmpAddString(arguments, "name", id);
    qemuQmpAddString(arguments, "node-name", node);
    json_object_object_add(arguments, "allocation-depth", json_object_new_boolean(1));
    return qemuQmpText(command);
}

char *
qemuQmpExportDel(const char *id)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("block-export-del");
    jsonObject *arguments = qemuQmpArguments(command);

    qemuQmpAddString(arguments, "id", id);
    qemuQmpAddString(arguments, "mode", "hard");
    return qemuQmpText(command);
}

char *
qemuQmpQueryBlock(void)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("query-block");

    return qemuQmpText(command);
}

char *
qemuQmpQueryBlockGraph(void)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("x-debug-query-block-graph");

    return qemuQmpText(command);
}

char *
qemuQmpQueryBlockExports(void)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("query-block-exports");

    return qemuQmpText(command);
}

char *
qemuQmpQueryBlockJobs(void)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("query-block-jobs");

    return qemuQmpText(command);
}

char *
qemuQmpQueryVersion(void)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("query-version");

    return qemuQmpText(command);
}

char *
qemuQmpJobPause(const char *id)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("job-pause");

    qemuQmpAddString(qemuQmpArguments(command), "id", id);
    return qemuQmpText(command);
}

char *
qemuQmpJobResume(const char *id)
{
    g_autoptr(jsonObject) command = qemuQmpCommand("job-resume");

    qemuQmpAddString(qemuQmpArguments(command), "id", id);
    return qemuQmpText(command);
}

char *
qemuQmpQemuIo(const char *qdev, const char *command)
{
    g_autoptr(jsonObject) human = qemuQmpCommand("human-monitor-command");
    g_autofree char *line = g_strdup_printf("qemu-io -d \"%s\" \"%s\"", qdev, command);

    qemuQmpAddString(qemuQmpArguments(human), "command-line", line);
    return qemuQmpText(human);
}

char *
qemuQmpReplyError(const char *reply)
{
    g_autoptr(jsonObject) answer = qemuQmpRead(reply);
    jsonObject *part = NULL;
    const char *words;

    if (answer && json_object_is_type(answer, json_type_object)) {
        if (json_object_object_get_ex(answer, "return", &part))
            return NULL;
        if (json_object_object_get_ex(answer, "error", &part) &&
            json_object_is_type(part, json_type_object) && (words = qemuQmpString(part, "desc")))
            return g_strdup(words);
    }
    return g_strdup("the answer cannot be read");
}

/* "virtio-disk0" stands for itself, or is a part of a path to the device's back end. */
static bool
qemuQmpIsDevice(const char *qdev, const char *alias)
{
    g_auto(GStrv) parts = g_strsplit(qdev, "/", -1);

    return g_strv_contains((const char *const *) parts, alias);
}

/* The array that is a member of @object, or NULL; it belongs to @object. */
static jsonObject *
qemuQmpArray(jsonObject *object, const char *key)
{
    jsonObject *array = json_object_object_get(object, key);

    return json_object_is_type(array, json_type_array) ? array : NULL;
}

/* What a query returned, if it is an array, or NULL; it belongs to @answer. */
static jsonObject *
qemuQmpReplyArray(jsonObject *answer)
{
    return qemuQmpArray(answer, "return");
}

/* The name of the graph's node that has this id, or NULL */
static const char *
qemuQmpNodeName(jsonObject *nodes, jsonObject *id)
{
    for (size_t i = 0; id && nodes && i < json_object_array_length(nodes); i++) {
        jsonObject *node = json_object_array_get_idx(nodes, i);

        if (json_object_equal(json_object_object_get(node, "id"), id))
            return qemuQmpString(node, "name");
    }
    return NULL;
}

/* A pull holds the filter that it works through, the node that it copies into, and each node that
 * it copies from. */
static guint32
qemuQmpPullDeepest(jsonObject *graph, jsonObject *job, const char *active)
{
    jsonObject *nodes = qemuQmpArray(graph, "nodes");
    jsonObject *edges = qemuQmpArray(graph, "edges");
    guint32 deepest = 1;
    bool known = false;

    for (size_t i = 0; edges && i < json_object_array_length(edges); i++) {
        jsonObject *edge = json_object_array_get_idx(edges, i);
        const char *name = qemuQmpString(edge, "name");

        if (!json_object_equal(json_object_object_get(edge, "parent"), job))
            continue;
        if (!g_strcmp0(name, "intermediate node"))
            deepest++;
        else if (!g_strcmp0(name, "active node"))
            known = !g_strcmp0(qemuQmpNodeName(nodes, json_object_object_get(edge, "child")),
                               active);
        else if (g_strcmp0(name, "main node"))
            return 0;
    }
    return known ? deepest : 0;
}

char *
qemuQmpReplyPullNode(const char *reply, const char *target, guint32 *deepest)
{
    g_autoptr(jsonObject) answer = qemuQmpRead(reply);
    jsonObject *graph = json_object_object_get(answer, "return");
    jsonObject *nodes = qemuQmpArray(graph, "nodes");

    for (size_t i = 0; nodes && i < json_object_array_length(nodes); i++) {
        jsonObject *node = json_object_array_get_idx(nodes, i);
        const char *name = qemuQmpString(node, "name");
        g_autofree char *pulled = qemuQmpJobTarget(name);

        if (!g_strcmp0(pulled, target) && !g_strcmp0(qemuQmpString(node, "type"), "block-job")) {
            char *active = g_strdup(name + strlen("pull-") + strlen(target) + strlen("-"));

            *deepest = qemuQmpPullDeepest(graph, json_object_object_get(node, "id"), active);
            return active;
        }
    }
    return NULL;
}

/* The member of a member, ...; NULL if one is missing */
static jsonObject *
qemuQmpDescend(jsonObject *object, const char *const *keys)
{
    for (; *keys; keys++)
        object = json_object_object_get(object, *keys);
    return object;
}

/* Below the filters that copy on read: the device's own, and that of a pull */
static jsonObject *
qemuQmpFormatImage(jsonObject *block)
{
    static const char *const toImage[] = { "inserted", "image", NULL };
    jsonObject *image = qemuQmpDescend(block, toImage);

    while (!g_strcmp0(qemuQmpString(image, "format"), "copy-on-read"))
        image = json_object_object_get(image, "backing-image");
    return image;
}

static guint64
qemuQmpVirtualSize(jsonObject *image)
{
    return json_object_get_uint64(json_object_object_get(image, "virtual-size"));
}

void
qemuQmpImageClear(qemuQmpImage *image)
{
    g_clear_pointer(&image->qdev, g_free);
}

bool
qemuQmpReplyImage(const char *reply, const char *alias, qemuQmpImage *image)
{
    static const char *const toData[] = { "format-specific", "data", NULL };
    g_autoptr(jsonObject) answer = qemuQmpRead(reply);
    jsonObject *blocks = qemuQmpReplyArray(answer);

    for (size_t i = 0; blocks && i < json_object_array_length(blocks); i++) {
        jsonObject *block = json_object_array_get_idx(blocks, i);
        const char *qdev = qemuQmpString(block, "qdev");
        jsonObject *found = qemuQmpFormatImage(block);
        jsonObject *data = qemuQmpDescend(found, toData);

        if (!qdev || !qemuQmpIsDevice(qdev, alias))
            continue;
        *image = (qemuQmpImage) {
            .qdev = g_strdup(qdev),
            .size = qemuQmpVirtualSize(found),
            .backing = qemuQmpVirtualSize(json_object_object_get(found, "backing-image")),
            .extendedL2 = json_object_get_boolean(json_object_object_get(data, "extended-l2")),
            .writesZeroes = !g_strcmp0(qemuQmpString(data, "compat"), "0.10"),
        };
        return true;
    }
    return false;
}

char *
qemuQmpReplyPullId(const char *reply, const char *target)
{
    g_autoptr(jsonObject) answer = qemuQmpRead(reply);
    jsonObject *jobs = qemuQmpReplyArray(answer);

    for (size_t i = 0; jobs && i < json_object_array_length(jobs); i++) {
        const char *id = qemuQmpString(json_object_array_get_idx(jobs, i), "device");
        g_autofree char *pulled = qemuQmpJobTarget(id);

        if (!g_strcmp0(pulled, target))
            return g_strdup(id);
    }
    return NULL;
}

char *
qemuQmpReplyVersion(const char *reply)
{
    static const char *const toVersion[] = { "return", "qemu", NULL };
    static const char *const parts[] = { "major", "minor", "micro" };
    g_autoptr(jsonObject) answer = qemuQmpRead(reply);
    jsonObject *version = qemuQmpDescend(answer, toVersion);
    int numbers[G_N_ELEMENTS(parts)];

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        jsonObject *part = json_object_object_get(version, parts[i]);

        if (!json_object_is_type(part, json_type_int))
            return NULL;
        numbers[i] = json_object_get_int(part);
    }
    return g_strdup_printf("%d.%d.%d", numbers[0], numbers[1], numbers[2]);
}

char *
qemuQmpReplyComplaint(const char *reply)
{
    g_autoptr(jsonObject) answer = qemuQmpRead(reply);
    const char *words = qemuQmpString(answer, "return");

    return words && *words ? g_strstrip(g_strdup(words)) : NULL;
}

char **
qemuQmpReplyExports(const char *reply)
{
    g_autoptr(jsonObject) answer = qemuQmpRead(reply);
    jsonObject *exports = qemuQmpReplyArray(answer);
    g_autoptr(GStrvBuilder) ids = g_strv_builder_new();

    if (!exports)
        return NULL;
    for (size_t i = 0; i < json_object_array_length(exports); i++) {
        const char *id = qemuQmpString(json_object_array_get_idx(exports, i), "id");

        if (!id)
            return NULL;
        g_strv_builder_add(ids, id);
    }
    return g_strv_builder_end(ids);
}
