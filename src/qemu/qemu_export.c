/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_export.c: adding and removing one export on the guest's server */

#include "qemu/qemu_export.h"

#include "qemu/qemu_monitor.h"
#include "qemu/qemu_qmp.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

LOG_INIT("qemu.export");

struct _qemuExport {
    virDomainPtr dom;
    qemuExportsServer *server;
    char *id;
    guint32 deepest;
};

static int
qemuExportAdd(qemuExport *self, const char *target)
{
    g_autofree char *query = qemuQmpQueryBlockGraph();
    g_autofree char *graph = NULL;
    g_autofree char *node = NULL;
    g_autofree char *add = NULL;

    if (qemuMonitorSend(self->dom, query, -1, &graph) < 0)
        return -1;
    if (!(node = qemuQmpReplyPullNode(graph, target, &self->deepest))) {
        errorReport(VIR_ERR_OPERATION_FAILED, "QEMU has no pull of disk '%s'", target);
        return -1;
    }
    if (self->deepest == 0) {
        errorReport(VIR_ERR_OPERATION_FAILED, "the base of the pull of disk '%s' is not known",
                    target);
        return -1;
    }
    add = qemuQmpExportAdd(self->id, node);
    return qemuMonitorSend(self->dom, add, -1, NULL);
}

static void
qemuExportDrop(qemuExport *self)
{
    handleFreeDomain(self->dom);
    g_free(self->id);
    g_free(self);
}

qemuExport *
qemuExportNew(qemuExports *exports, virDomainPtr dom, const char *target)
{
    qemuExport *self = g_new0(qemuExport, 1);

    virDomainRef(dom);
    self->dom = dom;
    self->id = g_strconcat(QEMU_EXPORTS_PREFIX, target, NULL);
    if ((self->server = qemuExportsAcquire(exports, dom))) {
        virErrorPtr kept;

        if (qemuExportAdd(self, target) == 0)
            return self;
        kept = errorKeep();
        qemuExportsRelease(self->server, dom);
        errorRestore(kept);
    }
    qemuExportDrop(self);
    return NULL;
}

int
qemuExportConnect(qemuExport *self)
{
    return qemuExportsConnect(self->server);
}

guint32
qemuExportGetDeepest(const qemuExport *self)
{
    return self->deepest;
}

const char *
qemuExportGetName(const qemuExport *self)
{
    return self->id;
}

void
qemuExportFree(qemuExport *self)
{
    g_autofree char *del = NULL;

    if (!self)
        return;
    del = qemuQmpExportDel(self->id);
    /* the fewer commands, the less likely that somebody's next call comes between them */
    if (!qemuExportsRelease(self->server, self->dom) &&
        qemuMonitorSend(self->dom, del, -1, NULL) < 0)
        LOG_DEBUG("removing export %s: %s", self->id, errorText());
    qemuExportDrop(self);
}
