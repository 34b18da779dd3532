/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-backend_qmp.c: the bytes are the data of an event, or a reply, as libvirt hands them on */

#include "backend/backend_qmp.h"
#include "replay.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "JOB_STATUS_CHANGE", "BLOCK_JOB_COMPLETED" };
    g_autofree char *details = g_strndup((const char *) data, size);
    g_auto(backendQmpImage) image = { 0 };
    guint32 deepest;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(backendQmpEvent) event = backendQmpEventParse(names[i], details);

        if (event)
            g_assert_true(event->target && !event->error == !i);
    }
    g_free(backendQmpReplyError(details));
    g_free(backendQmpReplyPullNode(details, "vda", &deepest));
    backendQmpReplyImage(details, "virtio-disk0", &image);
    g_free(backendQmpReplyPullId(details, "vda"));
    g_free(backendQmpReplyVersion(details));
    g_free(backendQmpReplyComplaint(details));
    g_strfreev(backendQmpReplyExports(details));
    return 0;
}
