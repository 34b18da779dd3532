/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_qmp.c: writes and reads QMP with json-c */

#include "backend/backend_qmp.h"

#include <json-c/json.h>
#include <string.h>

#include "util/log.h"

LOG_INIT("backend.qmp");

typedef struct json_object jsonObject;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(jsonObject, json_object_put)

/* query-block nests the images of a chain, of which libvirt allows 200 */
#define BACKEND_QMP_DEPTH_MAX 256

typedef struct json_tokener jsonTokener;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(jsonTokener, json_tokener_free)

static jsonObject *
backendQmpRead(const char *text)
{
    g_autoptr(jsonTokener) tokener = json_tokener_new_ex(BACKEND_QMP_DEPTH_MAX);
    g_autoptr(jsonObject) object = NULL;

    if (!text)
        return NULL;
    object = json_tokener_parse_ex(tokener, text, -1);
    return json_tokener_get_error(tokener) == json_tokener_success ? g_steal_pointer(&object)
                                                                   : NULL;
}

/* libvirt names the job of a pull of disk vda "pull-vda-libvirt-1-format". */
static char *
backendQmpJobTarget(const char *id)
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
backendQmpString(jsonObject *object, const char *key)
{
    jsonObject *value = json_object_object_get(object, key);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* A backendQmpEventType; -1: a status that tells nothing */
static int
backendQmpStatusType(const char *status)
{
    static const char *const ending[] = { "aborting", "waiting", "pending", "concluded", NULL };

    if (!g_strcmp0(status, "running"))
        return BACKEND_QMP_JOB_RUNNING;
    return status && g_strv_contains(ending, status) ? BACKEND_QMP_JOB_ENDING : -1;
}

backendQmpEvent *
backendQmpEventParse(const char *name, const char *details)
{
    g_autoptr(jsonObject) data = backendQmpRead(details);
    g_autofree char *target = NULL;
    const char *error = NULL;
    int type = BACKEND_QMP_JOB_ERROR;
    backendQmpEvent *event;

    if (!data || !json_object_is_type(data, json_type_object)) {
        LOG_DEBUG("event %s without readable data", name);
        return NULL;
    }

    if (g_str_equal(name, "JOB_STATUS_CHANGE")) {
        type = backendQmpStatusType(backendQmpString(data, "status"));
        if (type < 0)
            return NULL;
        target = backendQmpJobTarget(backendQmpString(data, "id"));
    } else if (g_str_equal(name, "BLOCK_JOB_COMPLETED")) {
        if (!(error = backendQmpString(data, "error")))
            return NULL;
        target = backendQmpJobTarget(backendQmpString(data, "device"));
    }
    if (!target)
        return NULL;

    event = g_new0(backendQmpEvent, 1);
    event->type = (backendQmpEventType) type;
    event->target = g_steal_pointer(&target);
    event->error = g_strdup(error);
    return event;
}

void
backendQmpEventFree(backendQmpEvent *event)
{
    if (!event)
        return;
    g_free(event->target);
    g_free(event->error);
    g_free(event);
}

static jsonObject *
backendQmpArguments(jsonObject *command)
{
    jsonObject *arguments = json_object_new_object();

    json_object_object_add(command, "arguments", arguments);
    return arguments;
}

static void
backendQmpAddString(jsonObject *object, const char *key, const char *value)
{
    json_object_object_add(object, key, json_object_new_string(value));
}

static jsonObject *
backendQmpCommand(const char *name)
{
    jsonObject *command = json_object_new_object();

    backendQmpAddString(command, "execute", name);
    return command;
}

static char *
backendQmpText(jsonObject *command)
{
    return g_strdup(json_object_to_json_string_ext(command, JSON_C_TO_STRING_PLAIN));
}

char *
backendQmpGetfd(const char *fdname)
{
    g_autoptr(jsonObject) command = backendQmpCommand("getfd");

    backendQmpAddString(backendQmpArguments(command), "fdname", fdname);
    return backendQmpText(command);
}

char *
backendQmpClosefd(const char *fdname)
{
    g_autoptr(jsonObject) command = backendQmpCommand("closefd");

    backendQmpAddString(backendQmpArguments(command), "fdname", fdname);
    return backendQmpText(command);
}

char *
backendQmpNbdServerStart(const char *fdname)
{
    g_autoptr(jsonObject) command = backendQmpCommand("nbd-server-start");
    jsonObject *addr = json_object_new_object();
    jsonObject *data = json_object_new_object();

    backendQmpAddString(data, "str", fdname);
    backendQmpAddString(addr, "type", "fd");
    json_object_object_add(addr, "data", data);
    json_object_object_add(backendQmpArguments(command), "addr", addr);
    return backendQmpText(command);
}

char *
backendQmpNbdServerStop(void)
{
    g_autoptr(jsonObject) command = backendQmpCommand("nbd-server-stop");

    return backendQmpText(command);
}

char *
backendQmpExportAdd(const char *id, const char *node)
{
    g_autoptr(jsonObject) command = backendQmpCommand("block-export-add");
    jsonObject *arguments = backendQmpArguments(command);

    backendQmpAddString(arguments, "type", "nbd");
    backendQmpAddString(arguments, "id", id);
    backendQmpAddString(arguments, "name", id);
    backendQmpAddString(arguments, "node-name", node);
    json_object_object_add(arguments, "allocation-depth", json_object_new_boolean(1));
    return backendQmpText(command);
}

char *
backendQmpExportDel(const char *id)
{
    g_autoptr(jsonObject) command = backendQmpCommand("block-export-del");
    jsonObject *arguments = backendQmpArguments(command);

    backendQmpAddString(arguments, "id", id);
    backendQmpAddString(arguments, "mode", "hard");
    return backendQmpText(command);
}

char *
backendQmpQueryBlock(void)
{
    g_autoptr(jsonObject) command = backendQmpCommand("query-block");

    return backendQmpText(command);
}

char *
backendQmpQueryBlockGraph(void)
{
    g_autoptr(jsonObject) command = backendQmpCommand("x-debug-query-block-graph");

    return backendQmpText(command);
}

char *
backendQmpQueryBlockExports(void)
{
    g_autoptr(jsonObject) command = backendQmpCommand("query-block-exports");

    return backendQmpText(command);
}

char *
backendQmpQueryBlockJobs(void)
{
    g_autoptr(jsonObject) command = backendQmpCommand("query-block-jobs");

    return backendQmpText(command);
}

char *
backendQmpQueryVersion(void)
{
    g_autoptr(jsonObject) command = backendQmpCommand("query-version");

    return backendQmpText(command);
}

char *
backendQmpJobPause(const char *id)
{
    g_autoptr(jsonObject) command = backendQmpCommand("job-pause");

    backendQmpAddString(backendQmpArguments(command), "id", id);
    return backendQmpText(command);
}

char *
backendQmpJobResume(const char *id)
{
    g_autoptr(jsonObject) command = backendQmpCommand("job-resume");

    backendQmpAddString(backendQmpArguments(command), "id", id);
    return backendQmpText(command);
}

char *
backendQmpQemuIo(const char *qdev, const char *command)
{
    g_autoptr(jsonObject) human = backendQmpCommand("human-monitor-command");
    g_autofree char *line = g_strdup_printf("qemu-io -d \"%s\" \"%s\"", qdev, command);

    backendQmpAddString(backendQmpArguments(human), "command-line", line);
    return backendQmpText(human);
}

char *
backendQmpReplyError(const char *reply)
{
    g_autoptr(jsonObject) answer = backendQmpRead(reply);
    jsonObject *part = NULL;
    const char *words;

    if (answer && json_object_is_type(answer, json_type_object)) {
        if (json_object_object_get_ex(answer, "return", &part))
            return NULL;
        if (json_object_object_get_ex(answer, "error", &part) &&
            json_object_is_type(part, json_type_object) && (words = backendQmpString(part, "desc")))
            return g_strdup(words);
    }
    return g_strdup("the answer cannot be read");
}

/* "virtio-disk0" stands for itself, or is a part of a path to the device's back end. */
static bool
backendQmpIsDevice(const char *qdev, const char *alias)
{
    g_auto(GStrv) parts = g_strsplit(qdev, "/", -1);

    return g_strv_contains((const char *const *) parts, alias);
}

/* The array that is a member of @object, or NULL; it belongs to @object. */
static jsonObject *
backendQmpArray(jsonObject *object, const char *key)
{
    jsonObject *array = json_object_object_get(object, key);

    return json_object_is_type(array, json_type_array) ? array : NULL;
}

/* What a query returned, if it is an array, or NULL; it belongs to @answer. */
static jsonObject *
backendQmpReplyArray(jsonObject *answer)
{
    return backendQmpArray(answer, "return");
}

/* The name of the graph's node that has this id, or NULL */
static const char *
backendQmpNodeName(jsonObject *nodes, jsonObject *id)
{
    for (size_t i = 0; id && nodes && i < json_object_array_length(nodes); i++) {
        jsonObject *node = json_object_array_get_idx(nodes, i);

        if (json_object_equal(json_object_object_get(node, "id"), id))
            return backendQmpString(node, "name");
    }
    return NULL;
}

/* A pull holds the filter that it works through, the node that it copies into, and each node that
 * it copies from. */
static guint32
backendQmpPullDeepest(jsonObject *graph, jsonObject *job, const char *active)
{
    jsonObject *nodes = backendQmpArray(graph, "nodes");
    jsonObject *edges = backendQmpArray(graph, "edges");
    guint32 deepest = 1;
    bool known = false;

    for (size_t i = 0; edges && i < json_object_array_length(edges); i++) {
        jsonObject *edge = json_object_array_get_idx(edges, i);
        const char *name = backendQmpString(edge, "name");

        if (!json_object_equal(json_object_object_get(edge, "parent"), job))
            continue;
        if (!g_strcmp0(name, "intermediate node"))
            deepest++;
        else if (!g_strcmp0(name, "active node"))
            known = !g_strcmp0(backendQmpNodeName(nodes, json_object_object_get(edge, "child")),
                               active);
        else if (g_strcmp0(name, "main node"))
            return 0;
    }
    return known ? deepest : 0;
}

char *
backendQmpReplyPullNode(const char *reply, const char *target, guint32 *deepest)
{
    g_autoptr(jsonObject) answer = backendQmpRead(reply);
    jsonObject *graph = json_object_object_get(answer, "return");
    jsonObject *nodes = backendQmpArray(graph, "nodes");

    for (size_t i = 0; nodes && i < json_object_array_length(nodes); i++) {
        jsonObject *node = json_object_array_get_idx(nodes, i);
        const char *name = backendQmpString(node, "name");
        g_autofree char *pulled = backendQmpJobTarget(name);

        if (!g_strcmp0(pulled, target) && !g_strcmp0(backendQmpString(node, "type"), "block-job")) {
            char *active = g_strdup(name + strlen("pull-") + strlen(target) + strlen("-"));

            *deepest = backendQmpPullDeepest(graph, json_object_object_get(node, "id"), active);
            return active;
        }
    }
    return NULL;
}

/* The member of a member, ...; NULL if one is missing */
static jsonObject *
backendQmpDescend(jsonObject *object, const char *const *keys)
{
    for (; *keys; keys++)
        object = json_object_object_get(object, *keys);
    return object;
}

/* Below the filters that copy on read: the device's own, and that of a pull */
static jsonObject *
backendQmpFormatImage(jsonObject *block)
{
    static const char *const toImage[] = { "inserted", "image", NULL };
    jsonObject *image = backendQmpDescend(block, toImage);

    while (!g_strcmp0(backendQmpString(image, "format"), "copy-on-read"))
        image = json_object_object_get(image, "backing-image");
    return image;
}

static guint64
backendQmpVirtualSize(jsonObject *image)
{
    return json_object_get_uint64(json_object_object_get(image, "virtual-size"));
}

void
backendQmpImageClear(backendQmpImage *image)
{
    g_clear_pointer(&image->qdev, g_free);
}

bool
backendQmpReplyImage(const char *reply, const char *alias, backendQmpImage *image)
{
    static const char *const toData[] = { "format-specific", "data", NULL };
    g_autoptr(jsonObject) answer = backendQmpRead(reply);
    jsonObject *blocks = backendQmpReplyArray(answer);

    for (size_t i = 0; blocks && i < json_object_array_length(blocks); i++) {
        jsonObject *block = json_object_array_get_idx(blocks, i);
        const char *qdev = backendQmpString(block, "qdev");
        jsonObject *found = backendQmpFormatImage(block);
        jsonObject *data = backendQmpDescend(found, toData);

        if (!qdev || !backendQmpIsDevice(qdev, alias))
            continue;
        *image = (backendQmpImage) {
            .qdev = g_strdup(qdev),
            .size = backendQmpVirtualSize(found),
            .backing = backendQmpVirtualSize(json_object_object_get(found, "backing-image")),
            .extendedL2 = json_object_get_boolean(json_object_object_get(data, "extended-l2")),
            .writesZeroes = !g_strcmp0(backendQmpString(data, "compat"), "0.10"),
        };
        return true;
    }
    return false;
}

char *
backendQmpReplyPullId(const char *reply, const char *target)
{
    g_autoptr(jsonObject) answer = backendQmpRead(reply);
    jsonObject *jobs = backendQmpReplyArray(answer);

    for (size_t i = 0; jobs && i < json_object_array_length(jobs); i++) {
        const char *id = backendQmpString(json_object_array_get_idx(jobs, i), "device");
        g_autofree char *pulled = backendQmpJobTarget(id);

        if (!g_strcmp0(pulled, target))
            return g_strdup(id);
    }
    return NULL;
}

char *
backendQmpReplyVersion(const char *reply)
{
    static const char *const toVersion[] = { "return", "qemu", NULL };
    static const char *const parts[] = { "major", "minor", "micro" };
    g_autoptr(jsonObject) answer = backendQmpRead(reply);
    jsonObject *version = backendQmpDescend(answer, toVersion);
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
backendQmpReplyComplaint(const char *reply)
{
    g_autoptr(jsonObject) answer = backendQmpRead(reply);
    const char *words = backendQmpString(answer, "return");

    return words && *words ? g_strstrip(g_strdup(words)) : NULL;
}

char **
backendQmpReplyExports(const char *reply)
{
    g_autoptr(jsonObject) answer = backendQmpRead(reply);
    jsonObject *exports = backendQmpReplyArray(answer);
    g_autoptr(GStrvBuilder) ids = g_strv_builder_new();

    if (!exports)
        return NULL;
    for (size_t i = 0; i < json_object_array_length(exports); i++) {
        const char *id = backendQmpString(json_object_array_get_idx(exports, i), "id");

        if (!id)
            return NULL;
        g_strv_builder_add(ids, id);
    }
    return g_strv_builder_end(ids);
}
