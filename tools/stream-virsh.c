/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-virsh.c: reads a command line, and words what comes of it, as virsh does
 */

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "stream-virsh.h"

/* libvirt's timers count milliseconds in an int. */
#define STREAM_VIRSH_SECONDS_MAX (G_MAXINT / 1000)

static bool
streamVirshIsFlag(const GOptionEntry *option)
{
    return option->arg == G_OPTION_ARG_NONE;
}

static bool
streamVirshIsSet(const GOptionEntry *option)
{
    if (streamVirshIsFlag(option))
        return *(gboolean *) option->arg_data;
    return *(char **) option->arg_data != NULL;
}

/* The option of this name or, without one, the first that still lacks its value. */
static const GOptionEntry *
streamVirshFindOption(const streamCommand *command, const char *name)
{
    const GOptionEntry *option;

    for (option = command->options; option->long_name; option++) {
        if (name ? g_str_equal(option->long_name, name)
                 : !streamVirshIsFlag(option) && !streamVirshIsSet(option))
            return option;
    }
    return NULL;
}

/* @args begin with an option; goes on to its value if that is the next one. */
static bool
streamVirshParseOption(const streamOutput *out, const streamCommand *command, char ***args,
                       gboolean *help)
{
    const GOptionEntry helpOption = { "help", 0, 0, G_OPTION_ARG_NONE, help, NULL, NULL };
    const GOptionEntry *option = &helpOption;
    const char *name = **args + 2;
    char *value = strchr(name, '=');

    if (value)
        *value++ = '\0';
    if (!g_str_equal(name, "help")) {
        option = streamVirshFindOption(command, name);
        if (!option) {
            streamOutputError(out, VIR_ERR_INVALID_ARG, "command '%s' doesn't support option --%s",
                              command->name, name);
            return false;
        }
        if (streamVirshIsSet(option)) {
            streamOutputError(out, VIR_ERR_INVALID_ARG, "option --%s already seen", name);
            return false;
        }
    }

    if (streamVirshIsFlag(option)) {
        if (value)
            streamOutputError(out, VIR_ERR_INVALID_ARG, "invalid '=' after option --%s", name);
        *(gboolean *) option->arg_data = TRUE;
        return !value;
    }
    if (!value && !(value = (*args)[1])) {
        g_autofree char *kind = g_ascii_strdown(option->arg_description, -1);

        streamOutputError(out, VIR_ERR_INVALID_ARG, "expected syntax: --%s <%s>", name, kind);
        return false;
    }
    if (value == (*args)[1])
        ++*args;
    *(char **) option->arg_data = value;
    return true;
}

static bool
streamVirshParseValue(const streamOutput *out, const streamCommand *command, char *value)
{
    const GOptionEntry *option = streamVirshFindOption(command, NULL);

    if (!option) {
        streamOutputError(out, VIR_ERR_INVALID_ARG, "unexpected data '%s'", value);
        return false;
    }
    *(char **) option->arg_data = value;
    return true;
}

bool
streamVirshParse(const streamOutput *out, const streamCommand *command, char **args, gboolean *help)
{
    bool valuesOnly = false;
    bool complete = true;

    for (; *args; args++) {
        bool dashes = !valuesOnly && g_str_has_prefix(*args, "--");

        if (dashes && !(*args)[2])
            valuesOnly = true;
        else if (dashes && g_ascii_isalnum((*args)[2])
                     ? !streamVirshParseOption(out, command, &args, help)
                     : !streamVirshParseValue(out, command, *args))
            return false;
    }
    if (*help)
        return true;
    for (int i = 0; i < command->minArgs; i++) {
        if (streamVirshIsSet(&command->options[i]))
            continue;
        streamOutputError(out, VIR_ERR_INVALID_ARG, "command '%s' requires <%s> option",
                          command->name, command->options[i].long_name);
        complete = false;
    }
    return complete;
}

bool
streamVirshConnect(streamClient *client)
{
    bool named = client->uri != NULL;

    if (!named)
        client->uri = g_strdup(g_getenv("VIRSH_DEFAULT_CONNECT_URI"));
    if (streamClientOpen(client))
        return true;
    streamOutputError(&client->out, virGetLastErrorCode(), "failed to connect to the hypervisor");
    streamOutputLastError(&client->out);
    /* virsh connects to a named one before it begins with the command. */
    if (!named)
        streamVirshEnd(&client->out);
    return false;
}

virDomainPtr
streamVirshGetDomain(streamClient *client, const char *name)
{
    virDomainPtr dom;

    if (!streamVirshCheckText(&client->out, "domain", name))
        return NULL;
    if (!(dom = streamClientGetDomain(client, name)))
        streamVirshEnd(&client->out);
    return dom;
}

bool
streamVirshCheckText(const streamOutput *out, const char *name, const char *value)
{
    if (!value || *value)
        return true;
    streamVirshError(out, "Failed to get option '%s': Option argument is empty", name);
    return false;
}

/* The number that @text begins with, and in @end what follows it. */
static bool
streamVirshReadNumber(const char *text, char **end, unsigned long long *number)
{
    errno = 0;
    *number = g_ascii_strtoull(text, end, 10);
    /* a negative one would wrap */
    return errno == 0 && *end > text && !memchr(text, '-', (size_t) (*end - text));
}

/* How many bytes the unit of this suffix has; 0 if there is none. */
static unsigned long long
streamVirshScale(const char *suffix)
{
    static const char units[] = "kmgtpe";
    const char *unit = strchr(units, g_ascii_tolower(*suffix));
    unsigned long long scale = 1;
    unsigned int base = 1024;

    if (g_ascii_strcasecmp(suffix, "b") == 0 || g_ascii_strcasecmp(suffix, "byte") == 0 ||
        g_ascii_strcasecmp(suffix, "bytes") == 0)
        return 1;
    if (g_ascii_strcasecmp(suffix + 1, "b") == 0)
        base = 1000;
    else if (!unit || (suffix[1] && g_ascii_strcasecmp(suffix + 1, "ib") != 0))
        return 0;
    for (; unit && unit >= units; unit--)
        scale *= base;
    return unit ? scale : 0;
}

bool
streamVirshReadBandwidth(const streamOutput *out, const char *text, bool bytes,
                         unsigned long *bandwidth)
{
    g_autofree char *detail = NULL;
    unsigned long long number;
    unsigned long long scale;
    char *suffix;

    if (streamVirshReadNumber(text, &suffix, &number)) {
        if (!*suffix) {
            *bandwidth = number;
            return true;
        }
        scale = streamVirshScale(suffix);
        if (scale > 0 && number <= G_MAXULONG / scale) {
            *bandwidth = bytes ? number * scale : (number * scale) >> 20;
            return true;
        }
        detail = scale > 0
                   ? g_strdup_printf("numerical overflow: value too large: %llu%s", number, suffix)
                   : g_strdup_printf("invalid argument: unknown suffix '%s'", suffix);
    }
    streamOutputError(out, VIR_ERR_INVALID_ARG,
                      "Scaled numeric value '%s' for <--bandwidth> "
                      "option is malformed or out of range",
                      text);
    if (detail)
        streamOutputError(out, VIR_ERR_INVALID_ARG, "%s", detail);
    streamVirshEnd(out);
    return false;
}

bool
streamVirshReadSeconds(const streamOutput *out, const char *text, int *seconds)
{
    unsigned long long number;
    char *rest;

    if (streamVirshReadNumber(text, &rest, &number) && !*rest && number > 0 &&
        number <= STREAM_VIRSH_SECONDS_MAX) {
        *seconds = (int) number;
        return true;
    }
    streamVirshError(out, "Numeric value '%s' for <timeout> option is malformed or out of range",
                     text);
    return false;
}

void
streamVirshPrintProgress(const char *job, unsigned long long left, unsigned long long total)
{
    int percent = 100;

    if (left > 0)
        percent = MIN(99, (int) (100 - (double) left * 100 / (double) total));
    fflush(stdout);
    fprintf(stderr, "\r%s: [%3d %%]", job, percent);
}

streamExit
streamVirshError(const streamOutput *out, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    streamOutputError(out, VIR_ERR_INVALID_ARG, "%s", text);
    streamVirshEnd(out);
    return STREAM_EXIT_FAILED;
}

streamExit
streamVirshLastError(const streamOutput *out)
{
    streamOutputLastError(out);
    streamVirshEnd(out);
    return STREAM_EXIT_FAILED;
}

void
streamVirshEnd(const streamOutput *out)
{
    streamOutputMessage(out, "%s", "");
}
