/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_qmp.c: reads QMP events with json-c */

#include "qemu/qemu_qmp.h"

#include <json-c/json.h>
#include <string.h>

#include "util/log.h"

LOG_INIT("qemu.qmp");

typedef struct json_object jsonObject;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(jsonObject, json_object_put)

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
    jsonObject *value = NULL;

    if (!json_object_object_get_ex(object, key, &value) ||
        !json_object_is_type(value, json_type_string))
        return NULL;
    return json_object_get_string(value);
}

qemuQmpEvent *
qemuQmpEventParse(const char *name, const char *details)
{
    g_autoptr(jsonObject) data = details ? json_tokener_parse(details) : NULL;
    g_autofree char *target = NULL;
    const char *error = NULL;
    qemuQmpEvent *event;

    if (!data || !json_object_is_type(data, json_type_object)) {
        LOG_DEBUG("event %s without readable data", name);
        return NULL;
    }

    if (g_str_equal(name, "JOB_STATUS_CHANGE")) {
        if (g_strcmp0(qemuQmpString(data, "status"), "running"))
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
    event->type = error ? QEMU_QMP_JOB_ERROR : QEMU_QMP_JOB_RUNNING;
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
