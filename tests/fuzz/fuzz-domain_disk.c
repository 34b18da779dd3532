/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-domain_disk.c: the bytes are a domain's XML */

#include <libvirt/libvirt.h>

#include "conf/domain_disk.h"
#include "replay.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *xml = g_strndup((const char *) data, size);
    g_autoptr(GPtrArray) disks = NULL;

    virInitialize();
    disks = domainDiskListParse(xml);
    for (guint i = 0; disks && i < disks->len; i++) {
        const domainDisk *disk = g_ptr_array_index(disks, i);

        g_assert_true(*disk->target && disk->alias);
        g_assert_nonnull(domainDiskListFind(disks, disk->target));
        if (domainDiskCheckStreamable(disk) == 0)
            g_assert_true(disk->depth > 0 || !disk->chained);
    }
    return 0;
}
