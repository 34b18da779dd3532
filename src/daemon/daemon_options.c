/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_options.c: reads the options, and explains them to a person */

#include "daemon/daemon_options.h"

#include "config.h"

static const char daemonOptionsSummary[] =
    "Streams the disks of running guests: while a guest works on a thin overlay, its\n"
    "template is copied into the overlay until the disk stands alone. virt-stream(1) and\n"
    "programs that use libvirt-streamdisk tell this daemon what to do.";

static const char daemonOptionsDescription[] =
    "As root it serves the guests of qemu:///system, as any other user those of that\n"
    "user's qemu:///session. libvirtd may be started before or after it. Ctrl-C or\n"
    "SIGTERM ends the daemon; streams that run go on without it, and are found again\n"
    "when it is back.\n"
    "\n"
    "Files of the system instance:\n"
    "  " SYSCONFDIR "/libvirt/virtstreamd.conf     settings\n"
    "  " RUNSTATEDIR "/libvirt/virtstreamd-sock     socket for reading and writing\n"
    "  " RUNSTATEDIR "/libvirt/virtstreamd-sock-ro  socket for reading only\n"
    "  " RUNSTATEDIR "/libvirt/virtstreamd.pid      pid file\n"
    "\n"
    "Files of a session instance:\n"
    "  $XDG_CONFIG_HOME/libvirt/virtstreamd.conf  settings\n"
    "  $XDG_RUNTIME_DIR/libvirt/                  the sockets and the pid file\n"
    "\n"
    "More: virtstreamd(8), virtstreamd.conf(5)";

gboolean
daemonOptionsParse(daemonOptions *options, int argc, char **argv, GError **err)
{
    g_auto(daemonOptions) parsed = { 0 };
    const GOptionEntry entries[] = {
        { "daemon", 'd', 0, G_OPTION_ARG_NONE, &parsed.background,
          "Go to the background once clients can connect", NULL },
        { "config", 'f', 0, G_OPTION_ARG_FILENAME, &parsed.config, "Read the settings from FILE",
          "FILE" },
        { "pid-file", 'p', 0, G_OPTION_ARG_FILENAME, &parsed.pidFile, "Make FILE the pid file",
          "FILE" },
        { "timeout", 't', 0, G_OPTION_ARG_INT, &parsed.timeout,
          "End when it was not needed for so long: no client, no stream", "SECONDS" },
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &parsed.verbose,
          "Log what happens, not only what goes wrong", NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &parsed.version, "Print the version and end",
          NULL },
        G_OPTION_ENTRY_NULL
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, daemonOptionsSummary);
    g_option_context_set_description(context, daemonOptionsDescription);
    if (!g_option_context_parse(context, &argc, &argv, err))
        return FALSE;
    if (argc > 1) {
        g_set_error(err, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "unexpected argument '%s'",
                    argv[1]);
        return FALSE;
    }
    if (parsed.timeout < 0) {
        g_set_error(err, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--timeout %d is not a number of seconds", parsed.timeout);
        return FALSE;
    }
    if (parsed.pidFile) {
        /* in the background the working directory is another */
        g_autofree char *relative = g_steal_pointer(&parsed.pidFile);

        parsed.pidFile = g_canonicalize_filename(relative, NULL);
    }
    *options = parsed;
    parsed = (daemonOptions) { 0 };
    return TRUE;
}

void
daemonOptionsClear(daemonOptions *options)
{
    g_free(options->config);
    g_free(options->pidFile);
}
