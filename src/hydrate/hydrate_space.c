/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hydrate_space.c: asks the file system */

#include "hydrate/hydrate_space.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

/* What is left to guests, and others: a share of the file system, no more than so many bytes */
#define HYDRATE_SPACE_SHARE 20
#define HYDRATE_SPACE_MAX (1ULL << 30)

int
hydrateSpaceCheck(const char *image, guint64 bytes)
{
    struct stat file;
    struct statvfs fs;
    guint64 total;
    guint64 left;

    if (!image || stat(image, &file) < 0 || !S_ISREG(file.st_mode) || statvfs(image, &fs) < 0)
        return 0;
    total = fs.f_blocks * fs.f_frsize;
    left = fs.f_bavail * fs.f_frsize;
    if (total == 0 || left >= bytes + MIN(total / HYDRATE_SPACE_SHARE, HYDRATE_SPACE_MAX))
        return 0;
    errorReport(VIR_ERR_OPERATION_FAILED, "the file system of '%s' is almost full: %llu MiB left",
                image, (unsigned long long) left >> 20);
    return -1;
}
