/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-stream.c: the command line: global options, the table of commands, their help
 */

#include "config.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <locale.h>
#include <stdio.h>

#include "cli-command.h"
#include "cli-virsh.h"

static const cliCommand *const virtStreamCommands[] = {
    &cliStartCommand,
    &cliStopCommand,
    &cliInfoCommand,
    &cliListCommand,
    &cliSetCommand,
    &cliPauseHydrationCommand,
    &cliResumeHydrationCommand,
    &cliEventsCommand,
    &virshDomainBlockpullCommand,
    &virshDomainBlockjobCommand,
};

static const char virtStreamExamples[] =
    "Examples:\n"
    "  Make disk vda of guest web1 independent of its backing images, and watch it:\n"
    "    virt-stream start web1 vda --wait --verbose\n"
    "  See what is being streamed on this host:\n"
    "    virt-stream list\n"
    "\n"
    "'virt-stream COMMAND --help' explains a command, 'man virt-stream' everything.";

/* What the global options set, besides the client's fields. */
typedef struct _virtStreamOptions virtStreamOptions;
struct _virtStreamOptions {
    gboolean help;
    gboolean version;
};

/* libvirt would print errors that are not the user's concern, or print them twice. */
static void
virtStreamOnError(void *opaque, virErrorPtr error)
{
}

/* A context of the global options, after those of @command if there is one. */
static GOptionContext *
virtStreamContextNew(const cliCommand *command, cliClient *client, virtStreamOptions *options)
{
    const GOptionEntry globals[] = {
        { "connect", 'c', 0, G_OPTION_ARG_FILENAME, &client->uri,
          "Connect to the hypervisor at URI", "URI" },
        { "readonly", 'r', 0, G_OPTION_ARG_NONE, &client->readonly,
          "Connect read-only: look, but change nothing", NULL },
        { "quiet", 'q', 0, G_OPTION_ARG_NONE, &client->out.quiet, "Print results and errors only",
          NULL },
        { "json", 0, 0, G_OPTION_ARG_NONE, &client->out.json, "Print results and errors as JSON",
          NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &options->version, "Print the version", NULL },
        { NULL },
    };
    bool virsh = command && command->virsh;
    const GOptionEntry help[] = {
        { "help", virsh ? 0 : 'h', 0, G_OPTION_ARG_NONE, &options->help, "Print this help", NULL },
        { NULL },
    };
    GOptionContext *context = g_option_context_new(command ? command->arguments
                                                           : "COMMAND [ARGUMENT...]");

    if (command && command->options)
        g_option_context_add_main_entries(context, command->options, NULL);
    if (!virsh)
        g_option_context_add_main_entries(context, globals, NULL);
    g_option_context_add_main_entries(context, help, NULL);
    g_option_context_set_help_enabled(context, FALSE);
    /* The first word that is no option is the command, and what follows is the command's. */
    g_option_context_set_strict_posix(context, !command);
    return context;
}

static void
virtStreamPrintHelp(GOptionContext *context, const cliCommand *command)
{
    g_autoptr(GString) summary = g_string_new(NULL);
    g_autofree char *name = g_strconcat("virt-stream ", command ? command->name : NULL, NULL);
    g_autofree char *help = NULL;

    if (command) {
        g_string_append_printf(summary, "%s.", command->summary);
    } else {
        g_string_append(summary,
                        "Stream the disks of running guests: copy what their backing "
                        "images hold\ninto the disks' own images, until they need nothing else."
                        "\n\nCommands:");
        for (size_t i = 0; i < G_N_ELEMENTS(virtStreamCommands); i++)
            g_string_append_printf(summary, "\n  %-16s %s", virtStreamCommands[i]->name,
                                   virtStreamCommands[i]->summary);
    }
    g_set_prgname(g_strchomp(name));
    g_option_context_set_summary(context, summary->str);
    g_option_context_set_description(context, command ? command->details : virtStreamExamples);
    help = g_option_context_get_help(context, TRUE, NULL);
    g_print("%s\n", g_strchomp(help));
}

static const cliCommand *
virtStreamFindCommand(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(virtStreamCommands); i++) {
        if (g_str_equal(virtStreamCommands[i]->name, name))
            return virtStreamCommands[i];
    }
    return NULL;
}

/* Parses the options of @command, or the global ones before it if NULL, and takes them
 * out of @args. TRUE if that was all there was to do, with *@result. */
static gboolean
virtStreamParse(const cliCommand *command, cliClient *client, char ***args, cliExit *result)
{
    virtStreamOptions options = { 0 };
    g_autoptr(GOptionContext) context = virtStreamContextNew(command, client, &options);
    g_autoptr(GError) error = NULL;

    *result = CLI_EXIT_DONE;
    if (!g_option_context_parse_strv(context, args, &error)) {
        /* one wrong option, and none has been set */
        if (g_strv_contains((const char *const *) *args, "--json"))
            client->out.json = TRUE;
        *result = cliOutputUsage(&client->out, command ? command->name : NULL, "%s",
                                 error->message);
    } else if (options.help) {
        virtStreamPrintHelp(context, command);
    } else if (options.version) {
        g_print("virt-stream %s\n", PACKAGE_VERSION);
    } else {
        return FALSE;
    }
    return TRUE;
}

static cliExit
virtStreamRunVirsh(const cliCommand *command, cliClient *client, char **args)
{
    gboolean help = FALSE;

    if (client->out.json)
        return cliOutputUsage(&client->out, command->name,
                              "'%s' prints what virsh prints, not JSON", command->name);
    if (!cliVirshParse(&client->out, command, args, &help))
        return CLI_EXIT_FAILED;
    if (help) {
        virtStreamOptions options = { 0 };
        g_autoptr(GOptionContext) context = virtStreamContextNew(command, client, &options);

        virtStreamPrintHelp(context, command);
        return CLI_EXIT_DONE;
    }
    return command->run(client, args);
}

static cliExit
virtStreamRun(cliClient *client, char ***args)
{
    const cliCommand *command;
    cliExit result;
    int nargs;

    if (virtStreamParse(NULL, client, args, &result))
        return result;
    if (!(*args)[1])
        return cliOutputUsage(&client->out, NULL, "a command is missing");
    if (!(command = virtStreamFindCommand((*args)[1])))
        return cliOutputUsage(&client->out, NULL, "unknown command '%s'", (*args)[1]);

    if (command->virsh)
        return virtStreamRunVirsh(command, client, *args + 2);

    if (virtStreamParse(command, client, args, &result))
        return result;
    nargs = (int) g_strv_length(*args) - 2;
    if (nargs < command->minArgs)
        return cliOutputUsage(&client->out, command->name, "'%s' needs %s", command->name,
                              command->arguments);
    if (nargs > command->maxArgs)
        return cliOutputUsage(&client->out, command->name, "unexpected argument '%s'",
                              (*args)[2 + command->maxArgs]);
    return command->run(client, *args + 2);
}

int
main(int argc, char **argv)
{
    g_auto(cliClient) client = { 0 };
    g_auto(GStrv) args = g_strdupv(argv);
    cliExit result;

    /* Texts are English and numbers with them; only characters are the user's. */
    setlocale(LC_CTYPE, "");
    if (virInitialize() < 0) {
        fputs("error: failed to initialize libvirt\n", stderr);
        return CLI_EXIT_FAILED;
    }
    virSetErrorFunc(NULL, virtStreamOnError);

    result = virtStreamRun(&client, &args);
    if (fflush(stdout) != 0 || ferror(stdout))
        return cliOutputError(&client.out, VIR_ERR_SYSTEM_ERROR, "failed to write the output: %s",
                              g_strerror(errno));
    return result;
}
