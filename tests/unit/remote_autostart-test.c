/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_autostart-test.c: programs that are started in the daemon's place */

#include "remote/remote_autostart.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    char *dir;
    char *program;
    char *result; /* what the program writes */
} fixture;

static void
setUp(fixture *fix, gconstpointer opaque)
{
    fix->dir = g_dir_make_tmp("streamdisk-XXXXXX", NULL);
    fix->program = g_build_filename(fix->dir, "virtstreamd", NULL);
    fix->result = g_build_filename(fix->dir, "result", NULL);
    g_setenv("VIRTSTREAMD_PATH", fix->program, TRUE);
}

static void
tearDown(fixture *fix, gconstpointer opaque)
{
    g_unlink(fix->program);
    g_unlink(fix->result);
    g_assert_no_errno(g_rmdir(fix->dir));
    g_free(fix->program);
    g_free(fix->result);
    g_free(fix->dir);
}

/* A shell script in whose text RESULT stands for the file */
static void
makeProgram(fixture *fix, const char *text)
{
    g_autoptr(GString) script = g_string_new("#!/bin/sh\n");

    g_string_append(script, text);
    g_string_replace(script, "RESULT", fix->result, 0);
    g_assert_true(g_file_set_contents(fix->program, script->str, -1, NULL));
    g_assert_no_errno(g_chmod(fix->program, 0700));
}

static char *
getResult(fixture *fix)
{
    char *text = NULL;

    g_assert_true(g_file_get_contents(fix->result, &text, NULL, NULL));
    return text;
}

static void
testWanted(fixture *fix, gconstpointer opaque)
{
    g_unsetenv("LIBVIRT_AUTOSTART");
    g_assert_true(remoteAutostartIsWanted(REMOTE_INSTANCE_SESSION));
    g_assert_false(remoteAutostartIsWanted(REMOTE_INSTANCE_SYSTEM));
    g_setenv("LIBVIRT_AUTOSTART", "1", TRUE);
    g_assert_true(remoteAutostartIsWanted(REMOTE_INSTANCE_SESSION));
    g_setenv("LIBVIRT_AUTOSTART", "0", TRUE);
    g_assert_false(remoteAutostartIsWanted(REMOTE_INSTANCE_SESSION));
}

/* The command ends at once; what it leaves behind is waited for. */
static void
testWaits(fixture *fix, gconstpointer opaque)
{
    g_autofree char *result = NULL;

    makeProgram(fix, "(sleep 0.3; echo ready > RESULT; exec 2> /dev/null; sleep 1) &\n");
    g_assert_true(remoteAutostart());
    result = getResult(fix);
    g_assert_cmpstr(result, ==, "ready\n");
}

static void
testArguments(fixture *fix, gconstpointer opaque)
{
    g_autofree char *result = NULL;

    makeProgram(fix, "(echo \"$@\"; pwd; readlink /proc/self/fd/0 /proc/self/fd/1) > RESULT\n");
    g_assert_true(remoteAutostart());
    result = getResult(fix);
    g_assert_true(g_str_has_prefix(result, "--daemon --timeout 120\n/\n/dev/null\n"));
}

/* Neither what is the application's own business, nor its descriptors, nor a child */
static void
testInherits(fixture *fix, gconstpointer opaque)
{
    int fd = open("/dev/zero", O_RDONLY); /* not closed by exec */
    g_autofree char *result = NULL;

    g_assert_cmpint(fd, >=, 0);
    g_setenv("NOTIFY_SOCKET", "/the/application's", TRUE);
    g_setenv("XDG_CACHE_HOME", "/the/user's", TRUE);
    makeProgram(fix, "(env; ls -l /proc/$$/fd) > RESULT\n");
    g_assert_true(remoteAutostart());
    result = getResult(fix);
    g_assert_null(strstr(result, "NOTIFY_SOCKET"));
    g_assert_nonnull(strstr(result, "XDG_CACHE_HOME=/the/user's\n"));
    g_assert_null(strstr(result, "/dev/zero"));
    close(fd);
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
    g_assert_cmpint(errno, ==, ECHILD);
}

/* However much it complains: it is read, or the program would wait for ever. */
static void
testComplains(fixture *fix, gconstpointer opaque)
{
    makeProgram(fix, "seq 100000 >&2; exit 1\n");
    g_assert_true(remoteAutostart());
}

static void
testMissing(fixture *fix, gconstpointer opaque)
{
    g_assert_false(remoteAutostart());
    g_assert_true(g_file_set_contents(fix->program, "no program", -1, NULL));
    g_assert_false(remoteAutostart());
}

int
main(int argc, char **argv)
{
#define ADD(name, func) g_test_add("/remote_autostart/" name, fixture, NULL, setUp, func, tearDown)

    g_test_init(&argc, &argv, NULL);
    ADD("wanted", testWanted);
    ADD("waits", testWaits);
    ADD("arguments", testArguments);
    ADD("inherits", testInherits);
    ADD("complains", testComplains);
    ADD("n_missing", testMissing);
    return g_test_run();
}
