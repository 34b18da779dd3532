/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_image.c: asks QEMU for its block devices */

#include "qemu/qemu_image.h"

#include <glib.h>

#include "qemu/qemu_monitor.h"
#include "qemu/qemu_qmp.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

int
qemuImageCheckStreamable(virDomainPtr dom, const char *target, const char *alias)
{
    g_autofree char *query = qemuQmpQueryBlock();
    g_autofree char *blocks = NULL;

    if (qemuMonitorSend(dom, query, -1, &blocks) < 0)
        return -1;
    if (!qemuQmpReplyExtendedL2(blocks, alias))
        return 0;
    /* seen with QEMU 7.2: copying into a cluster that the guest has written parts of */
    errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "the image of disk '%s' has extended L2 entries: "
                "streaming into it can crash QEMU", target);
    return -1;
}
