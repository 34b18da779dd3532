/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_backup-test.c: status files as libvirt writes them, in a directory of the test's */

#include "backend/backend_backup.h"

#include <glib.h>
#include <glib/gstdio.h>

#define STATUS(job) "<domstatus state='running'>\n  " job "\n  <domain/>\n</domstatus>\n"
#define IDLE STATUS("")
#define BACKUP STATUS("<job type='none' async='backup' flags='0x0' asyncStarted='1'/>")
#define DUMP STATUS("<job type='none' async='dump' phase='none' flags='0x0'/>")

typedef struct {
    char *dir;
    GString *told; /* "+a" has begun, "-a" has ended */
    backendBackup *backup;
} testFixture;

static void
testBegun(const char *domain, void *opaque)
{
    g_string_append_printf(opaque, "+%s ", domain);
}

static void
testEnded(const char *domain, void *opaque)
{
    g_string_append_printf(opaque, "-%s ", domain);
}

static void
testSetUp(testFixture *fix, const void *opaque)
{
    static const backendBackupHandlers handlers = { testBegun, testEnded };

    fix->dir = g_dir_make_tmp("backup.XXXXXX", NULL);
    fix->told = g_string_new(NULL);
    fix->backup = backendBackupNew(fix->dir, &handlers, fix->told);
}

/* As libvirt does: into a file beside it, which is renamed. */
static void
testWrite(testFixture *fix, const char *name, const char *status)
{
    g_autofree char *path = g_strconcat(fix->dir, "/", name, NULL);
    g_autofree char *beside = g_strconcat(path, ".new", NULL);

    g_assert_true(g_file_set_contents(beside, status, -1, NULL));
    g_assert_no_errno(g_rename(beside, path));
}

/* Writes a last one, which is told in any case, and waits for it. */
static void
testAssertTold(testFixture *fix, const char *expected)
{
    testWrite(fix, "end.xml", BACKUP);
    while (!g_str_has_suffix(fix->told->str, "+end "))
        g_main_context_iteration(NULL, TRUE);
    testWrite(fix, "end.xml", IDLE);
    while (!g_str_has_suffix(fix->told->str, "-end "))
        g_main_context_iteration(NULL, TRUE);
    g_string_truncate(fix->told, fix->told->len - strlen("+end -end "));
    g_assert_cmpstr(fix->told->str, ==, expected);
    g_string_truncate(fix->told, 0);
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    g_autoptr(GDir) dir = g_dir_open(fix->dir, 0, NULL);
    const char *name;

    backendBackupFree(fix->backup);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(fix->dir, name, NULL);

        g_remove(path);
    }
    g_rmdir(fix->dir);
    g_free(fix->dir);
    g_string_free(fix->told, TRUE);
}

static void
testBackup(testFixture *fix, const void *opaque)
{
    testWrite(fix, "a.xml", IDLE);
    testWrite(fix, "a.xml", BACKUP);
    testAssertTold(fix, "+a ");
    testWrite(fix, "a.xml", BACKUP); /* libvirt writes it again and again meanwhile */
    testWrite(fix, "b.c.xml", BACKUP);
    testAssertTold(fix, "+b.c ");
    testWrite(fix, "a.xml", IDLE);
    testAssertTold(fix, "-a ");
    testWrite(fix, "b.c.xml", DUMP);
    testAssertTold(fix, "-b.c ");
}

static void
testOthers(testFixture *fix, const void *opaque)
{
    testWrite(fix, "a.xml", DUMP);
    testWrite(fix, "a.pid", BACKUP);
    testWrite(fix, "xml", BACKUP);
    testWrite(fix, "a.xml", "");
    testAssertTold(fix, "");
}

/* There may be no such directory yet, or it may not be read. */
static void
testNowhere(void)
{
    static const backendBackupHandlers handlers = { testBegun, testEnded };

    backendBackupFree(backendBackupNew("/nowhere/at/all", &handlers, NULL));
    backendBackupFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/backend_backup/backup", testFixture, NULL, testSetUp, testBackup, testTearDown);
    g_test_add("/backend_backup/others", testFixture, NULL, testSetUp, testOthers, testTearDown);
    g_test_add_func("/backend_backup/nowhere", testNowhere);
    return g_test_run();
}
