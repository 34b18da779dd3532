/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-output.c: tells the user how it went, as text or as JSON
 */

#include <libvirt/virterror.h>
#include <stdio.h>

#include "cli-output.h"

static void
cliOutputJsonLine(FILE *file, json_object *object)
{
    fprintf(file, "%s\n",
            json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                       JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

void
cliOutputJson(json_object *object)
{
    cliOutputJsonLine(stdout, object);
}

void
cliOutputMessage(const cliOutput *out, const char *fmt, ...)
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
cliOutputResult(const cliOutput *out, const char *result, virDomainPtr dom, const char *disk,
                const cliStats *stats, const char *reason)
{
    const cliStats none = { 0 };

    if (out->json)
        cliOutputJson(cliJsonResult(result, dom, disk, stats ? stats : &none, reason));
    else if (reason)
        cliOutputMessage(out, "Stream of '%s' %s: %s", disk, result, reason);
    else
        cliOutputMessage(out, "Stream of '%s' %s", disk, result);
}

static void
cliOutputErrorText(const cliOutput *out, int code, const char *text)
{
    /* In order, should both go to the same place. */
    fflush(stdout);
    if (out->json)
        cliOutputJsonLine(stderr, cliJsonError(code, text));
    else
        fprintf(stderr, "error: %s\n", text);
}

cliExit
cliOutputError(const cliOutput *out, int code, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    cliOutputErrorText(out, code, text);
    return CLI_EXIT_FAILED;
}

cliExit
cliOutputLastError(const cliOutput *out)
{
    cliOutputErrorText(out, virGetLastErrorCode(), virGetLastErrorMessage());
    return CLI_EXIT_FAILED;
}

cliExit
cliOutputUsage(const cliOutput *out, const char *command, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    cliOutputErrorText(out, VIR_ERR_INVALID_ARG, text);
    if (!out->json)
        fprintf(stderr, "See 'virt-stream %s%s--help'.\n", command ? command : "",
                command ? " " : "");
    return CLI_EXIT_USAGE;
}
