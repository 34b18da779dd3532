/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay.c: runs a fuzzer on every file of a folder: replay DIR */

#include "replay.h"

#include <glib.h>

static void
replayFile(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize len;

    if (!g_file_get_contents(path, &data, &len, &error))
        g_error("%s", error->message);
    LLVMFuzzerTestOneInput((const uint8_t *) data, len);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(argc == 2 ? argv[1] : "", 0, &error);
    const char *name;
    int count = 0;

    if (!dir)
        g_error("%s DIR: %s", argv[0], error->message);
    while ((name = g_dir_read_name(dir))) {
        replayFile(argv[1], name);
        count++;
    }
    g_print("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
