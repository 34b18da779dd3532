/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-json.c: what --json prints; the one place where its field names are made
 */

#include "cli-json.h"

/* JSON is UTF-8; a path or an error text need not be. */
static void
cliJsonAddString(json_object *object, const char *field, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    json_object_object_add(object, field, json_object_new_string(valid));
}

static json_object *
cliJsonNumber(const virTypedParameter *param)
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
cliJsonAddStats(json_object *object, const cliStats *stats)
{
    for (int i = 0; i < stats->nparams; i++) {
        const virTypedParameter *param = &stats->params[i];
        const char *word = NULL;

        if (param->type == VIR_TYPED_PARAM_INT)
            word = cliStatsWord(param->field, param->value.i);
        if (param->type == VIR_TYPED_PARAM_STRING)
            word = param->value.s;

        if (word)
            cliJsonAddString(object, param->field, word);
        else
            json_object_object_add(object, param->field, cliJsonNumber(param));
    }
}

static void
cliJsonAddStream(json_object *object, virDomainPtr dom, const char *disk, const cliStats *stats)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    cliJsonAddString(object, "domain", virDomainGetName(dom));
    if (virDomainGetUUIDString(dom, uuid) == 0)
        cliJsonAddString(object, "uuid", uuid);
    cliJsonAddString(object, "disk", disk);
    cliJsonAddStats(object, stats);
}

json_object *
cliJsonStream(virDomainPtr dom, const char *disk, const cliStats *stats)
{
    json_object *object = json_object_new_object();

    cliJsonAddStream(object, dom, disk, stats);
    return object;
}

json_object *
cliJsonStreams(json_object *streams)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "streams", streams);
    return object;
}

json_object *
cliJsonResult(const char *result, virDomainPtr dom, const char *disk, const cliStats *stats,
              const char *reason)
{
    json_object *object = json_object_new_object();

    cliJsonAddString(object, "result", result);
    cliJsonAddStream(object, dom, disk, stats);
    if (reason)
        cliJsonAddString(object, VIR_DOMAIN_STREAM_DISK_STATS_REASON, reason);
    return object;
}

json_object *
cliJsonEvent(const char *event, const char *timestamp, virDomainPtr dom, const char *disk,
             const cliStats *stats)
{
    json_object *object = json_object_new_object();

    cliJsonAddString(object, "event", event);
    if (timestamp)
        cliJsonAddString(object, "timestamp", timestamp);
    cliJsonAddStream(object, dom, disk, stats);
    return object;
}

json_object *
cliJsonError(int code, const char *message)
{
    json_object *object = json_object_new_object();
    json_object *error = json_object_new_object();

    json_object_object_add(error, "code", json_object_new_int(code));
    cliJsonAddString(error, "message", message);
    json_object_object_add(object, "error", error);
    return object;
}
