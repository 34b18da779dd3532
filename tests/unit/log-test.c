/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log-test.c: line format, levels, filters, outputs and what the environment asks for */

#include "util/log.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"

LOG_INIT("unit.log");

#define LINE "^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\+0000: \\d+: %s : %s:\\d+ : %s$"

typedef struct {
    char *dir;
    char *path;
} logFixture;

static void
logSetUp(logFixture *fix, gconstpointer opaque)
{
    g_autofree char *output = NULL;

    fix->dir = g_dir_make_tmp("log-test-XXXXXX", NULL);
    fix->path = g_build_filename(fix->dir, "log", NULL);
    output = g_strdup_printf("1:file:%s", fix->path);
    g_assert_cmpint(logSetOutputs(output), ==, 0);
    g_assert_cmpint(logSetFilters(""), ==, 0);
    g_assert_cmpint(logSetLevel(LOG_LEVEL_DEBUG), ==, 0);
}

static void
logTearDown(logFixture *fix, gconstpointer opaque)
{
    g_assert_cmpint(logSetOutputs("1:stderr"), ==, 0);
    g_remove(fix->path);
    g_rmdir(fix->dir);
    g_free(fix->path);
    g_free(fix->dir);
}

/* The lines written so far, without the empty one behind the last newline */
static GStrv
logLines(const logFixture *fix)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(fix->path, &text, NULL, NULL));
    g_strchomp(text);
    return g_strsplit(text, "\n", -1);
}

static void
logAssertLine(const char *line, const char *level, const char *text)
{
    g_autofree char *pattern = g_strdup_printf(LINE, level, "\\w+", text);

    if (!g_regex_match_simple(pattern, line, 0, 0))
        g_error("'%s' does not match '%s'", line, pattern);
}

static void
logTestFormat(logFixture *fix, gconstpointer opaque)
{
    g_auto(GStrv) lines = NULL;

    LOG_DEBUG("number %d", 1);
    LOG_INFO("number %d", 2);
    LOG_WARNING("number %d", 3);
    LOG_ERROR("number %d", 4);
    LOG_DEBUG("two\r\nlines");

    lines = logLines(fix);
    g_assert_cmpuint(g_strv_length(lines), ==, 5);
    logAssertLine(lines[0], "debug", "number 1");
    logAssertLine(lines[1], "info", "number 2");
    logAssertLine(lines[2], "warning", "number 3");
    logAssertLine(lines[3], "error", "number 4");
    logAssertLine(lines[4], "debug", "two  lines");
    g_assert_nonnull(strstr(lines[0], ": logTestFormat:"));
}

static void
logTestLevel(logFixture *fix, gconstpointer opaque)
{
    g_auto(GStrv) lines = NULL;

    g_assert_cmpint(logSetLevel(LOG_LEVEL_WARNING), ==, 0);
    LOG_DEBUG("no");
    LOG_INFO("no");
    LOG_WARNING("yes");
    LOG_ERROR("yes");
    g_assert_cmpint(logSetLevel(0), ==, -1);
    g_assert_cmpint(logSetLevel(5), ==, -1);
    g_assert_cmpstr(errorText(), ==, "invalid argument: log level 5 is not between 1 and 4");

    lines = logLines(fix);
    g_assert_cmpuint(g_strv_length(lines), ==, 2);
}

static void
logTestFilters(logFixture *fix, gconstpointer opaque)
{
    static const char *const bad[] = { "log", "0:log", "5:log", "1:", "1log", "12:log" };
    g_auto(GStrv) lines = NULL;

    g_assert_cmpint(logSetLevel(LOG_LEVEL_ERROR), ==, 0);
    g_assert_cmpint(logSetFilters("4:other  1:unit"), ==, 0);
    LOG_DEBUG("by the second filter");
    g_assert_cmpint(logSetFilters("4:log 1:unit"), ==, 0);
    LOG_DEBUG("not by the first filter that fits");
    g_assert_cmpint(logSetFilters("1:u*t.l[o]g"), ==, 0);
    LOG_DEBUG("by a pattern");
    g_assert_cmpint(logSetFilters("1:unit?other 1:other"), ==, 0);
    LOG_DEBUG("no filter, the level decides");

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *filters = g_strdup_printf("1:good %s", bad[i]);
        g_autofree char
            *expected = g_strdup_printf("invalid argument: log filter '%s' is not of the "
                                        "form LEVEL:NAME, with a level from 1 to 4",
                                        bad[i]);

        g_assert_cmpint(logSetFilters(filters), ==, -1);
        g_assert_cmpstr(errorText(), ==, expected);
    }
    lines = logLines(fix);
    g_assert_cmpuint(g_strv_length(lines), ==, 2);
    logAssertLine(lines[1], "debug", "by a pattern");
    logAssertLine(lines[0], "debug", "by the second filter");
}

static void
logTestOutput(logFixture *fix, gconstpointer opaque)
{
    static const char *const bad[] = {
        "stderr",   "0:stderr",      "5:stderr",  "1",         "1:",       "1:stderr:x",
        "1:stdout", "1:stderr more", "1:file",    "1:file:",   "1:file:x", "1:syslog",
        "13:file",  "file:/tmp/log", "1:syslog:", "1:journal",
    };
    g_auto(GStrv) lines = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *outputs = g_strdup_printf(" 1:journald  %s ", bad[i]);
        g_autofree char *expected = g_strdup_printf("log output '%s' is not one of", bad[i]);

        g_assert_cmpint(logSetOutputs(bad[i]), ==, -1);
        g_assert_nonnull(strstr(errorText(), expected));
        if (g_regex_match_simple("^\\d+:", bad[i], 0, 0)) { /* else it is part of the one before */
            g_assert_cmpint(logSetOutputs(outputs), ==, -1);
            g_assert_nonnull(strstr(errorText(), expected));
        }
    }
    g_assert_cmpint(logSetOutputs(" "), ==, -1);
    g_assert_cmpstr(errorText(), ==, "invalid argument: there is no log output in ' '");
    g_assert_cmpint(logSetOutputs("1:stderr 1:file:/nowhere/at/all"), ==, -1);
    g_assert_nonnull(strstr(errorText(), "cannot open log file '/nowhere/at/all'"));
    LOG_DEBUG("a bad output changes nothing");
    g_assert_cmpint(logSetOutputs("1:syslog:log-test"), ==, 0);
    LOG_DEBUG("to syslog, if there is one");
    g_assert_cmpint(logSetOutputs("1:journald"), ==, 0);
    LOG_DEBUG("to the journal, if there is one");

    lines = logLines(fix);
    g_assert_cmpuint(g_strv_length(lines), ==, 1);
}

/* Each has the lines of its level; a path may have spaces in it. */
static void
logTestOutputs(logFixture *fix, gconstpointer opaque)
{
    g_autofree char *path = g_strconcat(fix->path, " of errors", NULL);
    g_autofree char *outputs = g_strdup_printf("3:file:%s\t4:file:%s 4:syslog:log-test", fix->path,
                                               path);
    g_autofree char *errors = NULL;
    g_auto(GStrv) lines = NULL;

    g_assert_cmpint(logSetOutputs(outputs), ==, 0);
    LOG_INFO("to none");
    LOG_WARNING("to the first");
    LOG_ERROR("to all");

    lines = logLines(fix);
    g_assert_cmpuint(g_strv_length(lines), ==, 2);
    logAssertLine(lines[0], "warning", "to the first");
    logAssertLine(lines[1], "error", "to all");
    g_assert_true(g_file_get_contents(path, &errors, NULL, NULL));
    logAssertLine(g_strchomp(errors), "error", "to all");
    g_remove(path);
}

/* What the daemon does after logrotate has moved the file away */
static void
logTestReopen(logFixture *fix, gconstpointer opaque)
{
    g_autofree char *output = g_strdup_printf("1:file:%s", fix->path);
    g_auto(GStrv) lines = NULL;

    LOG_DEBUG("old file");
    g_assert_cmpint(g_remove(fix->path), ==, 0);
    g_assert_cmpint(logSetOutputs(output), ==, 0);
    LOG_DEBUG("new file");

    lines = logLines(fix);
    g_assert_cmpuint(g_strv_length(lines), ==, 1);
    logAssertLine(lines[0], "debug", "new file");
}

static gpointer
logThread(gpointer opaque)
{
    for (int i = 0; i < 200; i++)
        LOG_DEBUG("from a thread");
    return NULL;
}

static void
logTestThreads(logFixture *fix, gconstpointer opaque)
{
    g_autofree char *output = g_strdup_printf("1:file:%s", fix->path);
    g_auto(GStrv) lines = NULL;
    GThread *threads[8];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("log", logThread, NULL);
    for (int i = 0; i < 50; i++)
        g_assert_cmpint(logSetOutputs(output), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);

    lines = logLines(fix);
    g_assert_cmpuint(g_strv_length(lines), ==, 200 * G_N_ELEMENTS(threads));
    for (char **line = lines; *line; line++)
        logAssertLine(*line, "debug", "from a thread");
}

/* Each case is a new process: the environment is read once. */
static void
logTestEnvironment(const char *name, const char *value, const char *expected)
{
    if (g_test_subprocess()) {
        g_unsetenv("LIBVIRT_DEBUG");
        g_unsetenv("LIBVIRT_LOG_FILTERS");
        if (value)
            g_setenv(name, value, TRUE);
        LOG_DEBUG("text");
        LOG_ERROR("text");
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr(expected);
}

static void
logTestSilent(void)
{
    logTestEnvironment("LIBVIRT_DEBUG", NULL, "");
}

static void
logTestDebug(void)
{
    logTestEnvironment("LIBVIRT_DEBUG", "1", "*: debug : *: text\n*: error : *: text\n");
}

static void
logTestNonsense(void)
{
    logTestEnvironment("LIBVIRT_DEBUG", "11", "");
}

static void
logTestEnvFilters(void)
{
    logTestEnvironment("LIBVIRT_LOG_FILTERS", "3:unit.log", "*: error : *: text\n");
}

int
main(int argc, char **argv)
{
#define ADD(name, func) g_test_add(name, logFixture, NULL, logSetUp, func, logTearDown)

    g_test_init(&argc, &argv, NULL);
    ADD("/log/format", logTestFormat);
    ADD("/log/level", logTestLevel);
    ADD("/log/filters", logTestFilters);
    ADD("/log/output", logTestOutput);
    ADD("/log/outputs", logTestOutputs);
    ADD("/log/reopen", logTestReopen);
    ADD("/log/threads", logTestThreads);
    g_test_add_func("/log/environment/silent", logTestSilent);
    g_test_add_func("/log/environment/debug", logTestDebug);
    g_test_add_func("/log/environment/nonsense", logTestNonsense);
    g_test_add_func("/log/environment/filters", logTestEnvFilters);
    return g_test_run();
}
