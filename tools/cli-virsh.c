/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-virsh.c: reads a command line, and words what comes of it, as virsh does
 */

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "cli-virsh.h"

/* libvirt's timers count milliseconds in an int. */
#define CLI_VIRSH_SECONDS_MAX (G_MAXINT / 1000)

static bool
cliVirshIsFlag(const GOptionEntry *option)
{
    return option->arg == G_OPTION_ARG_NONE;
}

static bool
cliVirshIsSet(const GOptionEntry *option)
{
    if (cliVirshIsFlag(option))
        return *(gboolean *) option->arg_data;
    return *(char **) option->arg_data != NULL;
}

/* The option of this name or, without one, the first that still lacks its value. */
static const GOptionEntry *
cliVirshFindOption(const cliCommand *command, const char *name)
{
    const GOptionEntry *option;

    for (option = command->options; option->long_name; option++) {
        if (name ? g_str_equal(option->long_name, name)
                 : !cliVirshIsFlag(option) && !cliVirshIsSet(option))
            return option;
    }
    return NULL;
}

/* @args begin with an option; goes on to its value if that is the next one. */
static bool
cliVirshParseOption(const cliOutput *out, const cliCommand *command, char ***args, gboolean *help)
{
    const GOptionEntry helpOption = { "help", 0, 0, G_OPTION_ARG_NONE, help, NULL, NULL };
    const GOptionEntry *option = &helpOption;
    const char *name = **args + 2;
    char *value = strchr(name, '=');

    if (value)
        *value++ = '\0';
    if (!g_str_equal(name, "help")) {
        option = cliVirshFindOption(command, name);
        if (!option) {
            cliOutputError(out, VIR_ERR_INVALID_ARG, "command '%s' doesn't support option --%s",
                           command->name, name);
            return false;
        }
        if (cliVirshIsSet(option)) {
            cliOutputError(out, VIR_ERR_INVALID_ARG, "option --%s already seen", name);
            return false;
        }
    }

    if (cliVirshIsFlag(option)) {
        if (value)
            cliOutputError(out, VIR_ERR_INVALID_ARG, "invalid '=' after option --%s", name);
        *(gboolean *) option->arg_data = TRUE;
        return !value;
    }
    if (!value && !(value = (*args)[1])) {
        g_autofree char *kind = g_ascii_strdown(option->arg_description, -1);

        cliOutputError(out, VIR_ERR_INVALID_ARG, "expected syntax: --%s <%s>", name, kind);
        return false;
    }
    if (value == (*args)[1])
        ++*args;
    *(char **) option->arg_data = value;
    return true;
}

static bool
cliVirshParseValue(const cliOutput *out, const cliCommand *command, char *value)
{
    const GOptionEntry *option = cliVirshFindOption(command, NULL);

    if (!option) {
        cliOutputError(out, VIR_ERR_INVALID_ARG, "unexpected data '%s'", value);
        return false;
    }
    *(char **) option->arg_data = value;
    return true;
}

bool
cliVirshParse(const cliOutput *out, const cliCommand *command, char **args, gboolean *help)
{
    bool valuesOnly = false;
    bool complete = true;

    for (; *args; args++) {
        bool dashes = !valuesOnly && g_str_has_prefix(*args, "--");

        if (dashes && !(*args)[2])
            valuesOnly = true;
        else if (dashes && g_ascii_isalnum((*args)[2])
                     ? !cliVirshParseOption(out, command, &args, help)
                     : !cliVirshParseValue(out, command, *args))
            return false;
    }
    if (*help)
        return true;
    for (int i = 0; i < command->minArgs; i++) {
        if (cliVirshIsSet(&command->options[i]))
            continue;
        cliOutputError(out, VIR_ERR_INVALID_ARG, "command '%s' requires <%s> option", command->name,
                       command->options[i].long_name);
        complete = false;
    }
    return complete;
}

bool
cliVirshConnect(cliClient *client)
{
    bool named = client->uri != NULL;

    if (!named)
        client->uri = g_strdup(g_getenv("VIRSH_DEFAULT_CONNECT_URI"));
    if (cliClientOpen(client))
        return true;
    cliOutputError(&client->out, virGetLastErrorCode(), "failed to connect to the hypervisor");
    cliOutputLastError(&client->out);
    /* virsh connects to a named one before it begins with the command. */
    if (!named)
        cliVirshEnd(&client->out);
    return false;
}

virDomainPtr
cliVirshGetDomain(cliClient *client, const char *name)
{
    virDomainPtr dom;

    if (!cliVirshCheckText(&client->out, "domain", name))
        return NULL;
    if (!(dom = cliClientGetDomain(client, name)))
        cliVirshEnd(&client->out);
    return dom;
}

bool
cliVirshCheckText(const cliOutput *out, const char *name, const char *value)
{
    if (!value || *value)
        return true;
    cliVirshError(out, "Failed to get option '%s': Option argument is empty", name);
    return false;
}

/* The number that @text begins with, and in @end what follows it. */
static bool
cliVirshReadNumber(const char *text, char **end, unsigned long long *number)
{
    errno = 0;
    *number = g_ascii_strtoull(text, end, 10);
    /* a negative one would wrap */
    return errno == 0 && *end > text && !memchr(text, '-', (size_t) (*end - text));
}

/* How many bytes the unit of this suffix has; 0 if there is none. */
static unsigned long long
cliVirshScale(const char *suffix)
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
cliVirshReadBandwidth(const cliOutput *out, const char *text, bool bytes, unsigned long *bandwidth)
{
    g_autofree char *detail = NULL;
    unsigned long long number;
    unsigned long long scale;
    char *suffix;

    if (cliVirshReadNumber(text, &suffix, &number)) {
        if (!*suffix) {
            *bandwidth = number;
            return true;
        }
        scale = cliVirshScale(suffix);
        if (scale > 0 && number <= G_MAXULONG / scale) {
            *bandwidth = bytes ? number * scale : (number * scale) >> 20;
            return true;
        }
        detail = scale > 0
                   ? g_strdup_printf("numerical overflow: value too large: %llu%s", number, suffix)
                   : g_strdup_printf("invalid argument: unknown suffix '%s'", suffix);
    }
    cliOutputError(out, VIR_ERR_INVALID_ARG,
                   "Scaled numeric value '%s' for <--bandwidth> "
                   "option is malformed or out of range",
                   text);
    if (detail)
        cliOutputError(out, VIR_ERR_INVALID_ARG, "%s", detail);
    cliVirshEnd(out);
    return false;
}

bool
cliVirshReadSeconds(const cliOutput *out, const char *text, int *seconds)
{
    unsigned long long number;
    char *rest;

    if (cliVirshReadNumber(text, &rest, &number) && !*rest && number > 0 &&
        number <= CLI_VIRSH_SECONDS_MAX) {
        *seconds = (int) number;
        return true;
    }
    cliVirshError(out, "Numeric value '%s' for <timeout> option is malformed or out of range",
                  text);
    return false;
}

void
cliVirshPrintProgress(const char *job, unsigned long long left, unsigned long long total)
{
    int percent = 100;

    if (left > 0)
        percent = MIN(99, (int) (100 - (double) left * 100 / (double) total));
    fflush(stdout);
    fprintf(stderr, "\r%s: [%3d %%]", job, percent);
}

cliExit
cliVirshError(const cliOutput *out, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    cliOutputError(out, VIR_ERR_INVALID_ARG, "%s", text);
    cliVirshEnd(out);
    return CLI_EXIT_FAILED;
}

cliExit
cliVirshLastError(const cliOutput *out)
{
    cliOutputLastError(out);
    cliVirshEnd(out);
    return CLI_EXIT_FAILED;
}

void
cliVirshEnd(const cliOutput *out)
{
    cliOutputMessage(out, "%s", "");
}
