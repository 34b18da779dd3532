/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-qemu_qmp.c: the bytes are the data of an event, or a reply, as libvirt hands them on */

#include "qemu/qemu_qmp.h"
#include "replay.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "JOB_STATUS_CHANGE", "BLOCK_JOB_COMPLETED" };
    g_autofree char *details = g_strndup((const char *) data, size);
    g_auto(qemuQmpImage) image = { 0 };
    guint32 deepest;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(qemuQmpEvent) event = qemuQmpEventParse(names[i], details);

        if (event)
            g_assert_true(event->target && !event->error == !i);
    }
    g_free(qemuQmpReplyError(details));
    g_free(qemuQmpReplyPullNode(details, "vda", &deepest));
    qemuQmpReplyImage(details, "virtio-disk0", &image);
    g_free(qemuQmpReplyPullId(details, "vda"));
    g_free(qemuQmpReplyVersion(details));
    g_free(qemuQmpReplyComplaint(details));
    g_strfreev(qemuQmpReplyExports(details));
    return 0;
}
