/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_config-test.c: the shipped file agrees with the code, and bad files are refused */

#include "daemon/daemon_config.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "util/error.h"

typedef struct {
    char *dir;
    char *file;
} daemonConfigFixture;

static void
daemonConfigSetUp(daemonConfigFixture *fix, gconstpointer opaque)
{
    fix->dir = g_dir_make_tmp("daemon_config-test-XXXXXX", NULL);
    fix->file = g_build_filename(fix->dir, "virtstreamd.conf", NULL);
}

static void
daemonConfigTearDown(daemonConfigFixture *fix, gconstpointer opaque)
{
    g_remove(fix->file);
    g_rmdir(fix->dir);
    g_free(fix->file);
    g_free(fix->dir);
}

static daemonConfig *
daemonConfigLoadText(daemonConfigFixture *fix, const char *text)
{
    g_assert_true(g_file_set_contents(fix->file, text, -1, NULL));
    return daemonConfigLoad(REMOTE_INSTANCE_SYSTEM, fix->file);
}

static daemonConfig *
daemonConfigLoadDefaults(daemonConfigFixture *fix)
{
    return daemonConfigLoadText(fix, "# nothing\n\n");
}

/* The shipped file's settings, without their '#': lines such as "#key = value" */
static char *
daemonConfigShipped(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", "src", "daemon",
                                                  "virtstreamd.conf", NULL);
    GString *settings = g_string_new(NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if ((*line)[0] == '#' && g_ascii_isalpha((*line)[1]))
            g_string_append_printf(settings, "%s\n", *line + 1);
        else
            g_assert_true(**line == '\0' || **line == '#');
    }
    return g_string_free(settings, FALSE);
}

static void
daemonConfigTestShipped(daemonConfigFixture *fix, gconstpointer opaque)
{
    g_autofree char *shipped = daemonConfigShipped();
    g_autoptr(daemonConfig) loaded = daemonConfigLoadText(fix, shipped);
    g_autofree char *formatted = NULL;
    g_autoptr(daemonConfig) defaults = NULL;
    g_autofree char *expected = NULL;

    if (!loaded)
        g_error("%s", errorText());
    formatted = daemonConfigFormat(loaded);
    g_assert_cmpstr(formatted, ==, shipped);
    g_assert_true(loaded->unixSockGroupGiven);

    defaults = daemonConfigLoadDefaults(fix);
    expected = daemonConfigFormat(defaults);
    g_assert_cmpstr(expected, ==, shipped);
    g_assert_false(defaults->unixSockGroupGiven);
}

static void
daemonConfigTestSession(daemonConfigFixture *fix, gconstpointer opaque)
{
    g_autofree char *dir = g_build_filename(g_get_user_runtime_dir(), "libvirt", NULL);
    g_autoptr(daemonConfig) config = NULL;

    g_assert_true(g_file_set_contents(fix->file, "", 0, NULL));
    config = daemonConfigLoad(REMOTE_INSTANCE_SESSION, fix->file);
    g_assert_nonnull(config);
    g_assert_cmpstr(config->unixSockGroup, ==, "");
    g_assert_cmpuint(config->unixSockROPerms, ==, 0700);
    g_assert_cmpuint(config->unixSockRWPerms, ==, 0700);
    g_assert_cmpstr(config->unixSockDir, ==, dir);
}

/* The manual page has an entry for each setting. */
static void
daemonConfigTestManual(daemonConfigFixture *fix, gconstpointer opaque)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "..", "docs", "manpages",
                                                  "virtstreamd.conf.5.rst", NULL);
    g_autofree char *shipped = daemonConfigShipped();
    g_auto(GStrv) lines = g_strsplit(g_strchomp(shipped), "\n", -1);
    g_autofree char *manual = NULL;

    g_assert_true(g_file_get_contents(path, &manual, NULL, NULL));
    for (char **line = lines; *line; line++) {
        g_autofree char *key = g_strndup(*line, strcspn(*line, " "));
        g_autofree char *entry = g_strdup_printf("\n``%s`` = *", key);

        if (!strstr(manual, entry))
            g_error("'%s' has no entry for '%s'", path, key);
    }
}

/* The usual file need not be there, one that is named has to be. */
static void
daemonConfigTestMissing(daemonConfigFixture *fix, gconstpointer opaque)
{
    g_autofree char *usual = g_build_filename(g_get_user_config_dir(), "libvirt",
                                              "virtstreamd.conf", NULL);
    g_autoptr(daemonConfig) config = daemonConfigLoad(REMOTE_INSTANCE_SESSION, NULL);

    g_assert_nonnull(config);
    g_assert_cmpstr(config->file, ==, usual);

    g_assert_null(daemonConfigLoad(REMOTE_INSTANCE_SESSION, fix->file));
    g_assert_nonnull(strstr(errorText(), fix->file));
}

static void
daemonConfigTestSet(daemonConfigFixture *fix, gconstpointer opaque)
{
    g_autoptr(daemonConfig)
        config = daemonConfigLoadText(fix, "  max_clients=7\nunix_sock_rw_perms  = \"600\"\n"
                                           "# max_workers = 9\nlog_filters = \"1:rpc 4:qemu\"");

    g_assert_nonnull(config);
    g_assert_cmpuint(config->maxClients, ==, 7);
    g_assert_cmpuint(config->unixSockRWPerms, ==, 0600);
    g_assert_cmpuint(config->maxWorkers, ==, 20);
    g_assert_cmpstr(config->logFilters, ==, "1:rpc 4:qemu");
}

static void
daemonConfigTestBad(daemonConfigFixture *fix, gconstpointer opaque)
{
    static const struct {
        const char *text;
        const char *key;
        const char *reason;
    } cases[] = {
        { "max_client = 5", "max_client: ", "no such setting" },
        { "max_clients[de] = 5", "max_clients[de]: ", "no such setting" },
        { "max_clients = 5\nmax_workers = 5\nmax_clients = 6", "max_clients: ", "twice" },
        { "max_clients = \"5\"", "max_clients: ", "not an unsigned number" },
        { "max_clients = 5 # five", "max_clients: ", "not an unsigned number" },
        { "max_clients =", "max_clients: ", "not a number" },
        { "max_clients = -1", "max_clients: ", "not an unsigned number" },
        { "max_clients = 0", "max_clients: ", "out of bounds [1, 65536]" },
        { "max_clients = 65537", "max_clients: ", "out of bounds" },
        { "max_clients = 99999999999999999999", "max_clients: ", "out of bounds" },
        { "keepalive_count = 0", "keepalive_count: ", "out of bounds" },
        { "log_level = 5", "log_level: ", "out of bounds [1, 4]" },
        { "unix_sock_group = libvirt", "unix_sock_group: ", "double quotes" },
        { "unix_sock_group = 'libvirt'", "unix_sock_group: ", "double quotes" },
        { "unix_sock_group = \"a\" \"b\"", "unix_sock_group: ", "double quotes" },
        { "unix_sock_group = \"", "unix_sock_group: ", "double quotes" },
        { "unix_sock_rw_perms = 0770", "unix_sock_rw_perms: ", "double quotes" },
        { "unix_sock_rw_perms = \"0778\"", "unix_sock_rw_perms: ", "not an unsigned number" },
        { "unix_sock_ro_perms = \"1777\"", "unix_sock_ro_perms: ", "out of bounds" },
        { "unix_sock_dir = \"run\"", "unix_sock_dir: ", "must begin with '/'" },
        { "[sockets]\nmax_clients = 5", "sockets: ", "no sections" },
        { "max_clients", "", "max_clients" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *where = g_strdup_printf("%s: %s", fix->file, cases[i].key);

        g_assert_null(daemonConfigLoadText(fix, cases[i].text));
        if (!strstr(errorText(), where) || !strstr(errorText(), cases[i].reason))
            g_error("'%s' gives '%s'", cases[i].text, errorText());
    }
}

int
main(int argc, char **argv)
{
#define ADD(name, func) \
    g_test_add(name, daemonConfigFixture, NULL, daemonConfigSetUp, func, daemonConfigTearDown)

    g_test_init(&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
    ADD("/daemon_config/shipped", daemonConfigTestShipped);
    ADD("/daemon_config/manual", daemonConfigTestManual);
    ADD("/daemon_config/session", daemonConfigTestSession);
    ADD("/daemon_config/missing", daemonConfigTestMissing);
    ADD("/daemon_config/set", daemonConfigTestSet);
    ADD("/daemon_config/bad", daemonConfigTestBad);
    return g_test_run();
}
