/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-output.c: tells the user how it went, as text or as JSON
 */

#include <libvirt/virterror.h>
#include <stdio.h>

#include "stream-output.h"

static void
streamOutputJsonLine(FILE *file, json_object *object)
{
    fprintf(file, "%s\n",
            json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                       JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

void
streamOutputJson(json_object *object)
{
    streamOutputJsonLine(stdout, object);
}

void
streamOutputMessage(const streamOutput *out, const char *fmt, ...)
{
    va_list args;

    if (out->quiet || out->json)
        return;
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
}

void
streamOutputResult(const streamOutput *out, const char *result, virDomainPtr dom, const char *disk,
                   const streamStats *stats, const char *reason)
{
    const streamStats none = { 0 };

    if (out->json)
        streamOutputJson(streamJsonResult(result, dom, disk, stats ? stats : &none, reason));
    else if (reason)
        streamOutputMessage(out, "Stream of '%s' %s: %s", disk, result, reason);
    else
        streamOutputMessage(out, "Stream of '%s' %s", disk, result);
}

static void
streamOutputErrorText(const streamOutput *out, int code, const char *text)
{
    /* In order, should both go to the same place. */
    fflush(stdout);
    if (out->json)
        streamOutputJsonLine(stderr, streamJsonError(code, text));
    else
        fprintf(stderr, "error: %s\n", text);
}

streamExit
streamOutputError(const streamOutput *out, int code, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    streamOutputErrorText(out, code, text);
    return STREAM_EXIT_FAILED;
}

streamExit
streamOutputLastError(const streamOutput *out)
{
    streamOutputErrorText(out, virGetLastErrorCode(), virGetLastErrorMessage());
    return STREAM_EXIT_FAILED;
}

streamExit
streamOutputUsage(const streamOutput *out, const char *command, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    streamOutputErrorText(out, VIR_ERR_INVALID_ARG, text);
    if (!out->json)
        fprintf(stderr, "See 'virt-stream %s%s--help'.\n", command ? command : "",
                command ? " " : "");
    return STREAM_EXIT_USAGE;
}
