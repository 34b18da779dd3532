/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-json.c: what --json prints; the one place where its field names are made
 */

#include "stream-json.h"

/* JSON is UTF-8; a path or an error text need not be. */
static void
streamJsonAddString(json_object *object, const char *field, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    json_object_object_add(object, field, json_object_new_string(valid));
}

static json_object *
streamJsonNumber(const virTypedParameter *param)
{
    switch (param->type) {
    case VIR_TYPED_PARAM_INT: return json_object_new_int(param->value.i);
    case VIR_TYPED_PARAM_UINT: return json_object_new_uint64(param->value.ui);
    case VIR_TYPED_PARAM_LLONG: return json_object_new_int64(param->value.l);
    case VIR_TYPED_PARAM_ULLONG: return json_object_new_uint64(param->value.ul);
    case VIR_TYPED_PARAM_DOUBLE: return json_object_new_double(param->value.d);
    case VIR_TYPED_PARAM_BOOLEAN: return json_object_new_boolean(param->value.b);
    default: return NULL;
    }
}

static void
streamJsonAddStats(json_object *object, const streamStats *stats)
{
    for (int i = 0; i < stats->nparams; i++) {
        const virTypedParameter *param = &stats->params[i];
        const char *word = NULL;

        if (param->type == VIR_TYPED_PARAM_INT)
            word = streamStatsWord(param->field, param->value.i);
        if (param->type == VIR_TYPED_PARAM_STRING)
            word = param->value.s;

        if (word)
            streamJsonAddString(object, param->field, word);
        else
            json_object_object_add(object, param->field, streamJsonNumber(param));
    }
}

static void
streamJsonAddStream(json_object *object, virDomainPtr dom, const char *disk,
                    const streamStats *stats)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    streamJsonAddString(object, "domain", virDomainGetName(dom));
    if (virDomainGetUUIDString(dom, uuid) == 0)
        streamJsonAddString(object, "uuid", uuid);
    streamJsonAddString(object, "disk", disk);
    streamJsonAddStats(object, stats);
}

json_object *
streamJsonStream(virDomainPtr dom, const char *disk, const streamStats *stats)
{
    json_object *object = json_object_new_object();

    streamJsonAddStream(object, dom, disk, stats);
    return object;
}

json_object *
streamJsonStreams(json_object *streams)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "streams", streams);
    return object;
}

json_object *
streamJsonResult(const char *result, virDomainPtr dom, const char *disk, const streamStats *stats,
                 const char *reason)
{
    json_object *object = json_object_new_object();

    streamJsonAddString(object, "result", result);
    streamJsonAddStream(object, dom, disk, stats);
    if (reason)
        streamJsonAddString(object, VIR_DOMAIN_STREAM_DISK_STATS_REASON, reason);
    return object;
}

json_object *
streamJsonEvent(const char *event, const char *timestamp, virDomainPtr dom, const char *disk,
                const streamStats *stats)
{
    json_object *object = json_object_new_object();

    streamJsonAddString(object, "event", event);
    if (timestamp)
        streamJsonAddString(object, "timestamp", timestamp);
    streamJsonAddStream(object, dom, disk, stats);
    return object;
}

json_object *
streamJsonError(int code, const char *message)
{
    json_object *object = json_object_new_object();
    json_object *error = json_object_new_object();

    json_object_object_add(error, "code", json_object_new_int(code));
    streamJsonAddString(error, "message", message);
    json_object_object_add(object, "error", error);
    return object;
}
