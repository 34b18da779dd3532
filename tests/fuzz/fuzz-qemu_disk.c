/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-qemu_disk.c: the bytes are a domain's XML */

#include <libvirt/libvirt.h>

#include "qemu/qemu_disk.h"
#include "replay.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *xml = g_strndup((const char *) data, size);
    g_autoptr(GPtrArray) disks = NULL;

    virInitialize();
    disks = qemuDiskListParse(xml);
    for (guint i = 0; disks && i < disks->len; i++) {
        const qemuDisk *disk = g_ptr_array_index(disks, i);

        g_assert_true(*disk->target && disk->alias);
        g_assert_nonnull(qemuDiskListFind(disks, disk->target));
        if (qemuDiskCheckStreamable(disk) == 0)
            g_assert_cmpuint(disk->depth, >, 0);
    }
    return 0;
}
