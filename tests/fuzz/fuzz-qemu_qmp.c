/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-qemu_qmp.c: the bytes are the data of an event, or a reply, as libvirt hands them on */

#include "qemu/qemu_qmp.h"
#include "replay.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "JOB_STATUS_CHANGE", "BLOCK_JOB_COMPLETED" };
    g_autofree char *details = g_strndup((const char *) data, size);
    guint32 deepest;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(qemuQmpEvent) event = qemuQmpEventParse(names[i], details);

        if (event)
            g_assert_true((event->type == QEMU_QMP_CREATING) == !event->target &&
                          !event->error == !i);
    }
    g_free(qemuQmpReplyError(details));
    g_free(qemuQmpReplyPullNode(details, "vda", &deepest));
    qemuQmpReplyExtendedL2(details, "virtio-disk0");
    g_strfreev(qemuQmpReplyExports(details));
    return 0;
}
