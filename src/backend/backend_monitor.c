/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_monitor.c: the passthrough call and the check of its answer */

#include "backend/backend_monitor.h"

#include <glib.h>
#include <libvirt/libvirt-qemu.h>

#include "backend/backend_qmp.h"
#include "util/error.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

LOG_INIT("backend.monitor");

int
backendMonitorSend(virDomainPtr dom, const char *command, int fd, char **reply)
{
    g_autofree char *text = NULL;
    g_autofree char *refusal = NULL;
    int fds[] = { fd };

    LOG_DEBUG("domain %s: %s", virDomainGetName(dom), command);
    if (virDomainQemuMonitorCommandWithFiles(dom, command, fd >= 0, fds, NULL, NULL, &text, 0) < 0)
        return -1;
    if ((refusal = backendQmpReplyError(text))) {
        errorReport(VIR_ERR_OPERATION_FAILED, "QEMU refused %s: %s", command, refusal);
        return -1;
    }
    if (reply)
        *reply = g_steal_pointer(&text);
    return 0;
}
