/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_export.c: adding and removing one export on the guest's server */

#include "qemu/qemu_export.h"

#include <glib.h>

#include "qemu/qemu_monitor.h"
#include "qemu/qemu_qmp.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

LOG_INIT("qemu.export");

struct _qemuExport {
    qemuExports *exports;
    virDomainPtr dom;
    char *id;
};

static int
qemuExportAdd(qemuExport *self, const char *alias)
{
    g_autofree char *query = qemuQmpQueryBlock();
    g_autofree char *blocks = NULL;
    g_autofree char *node = NULL;
    g_autofree char *add = NULL;

    if (qemuMonitorSend(self->dom, query, -1, &blocks) < 0)
        return -1;
    if (!(node = qemuQmpReplyNode(blocks, alias))) {
        errorReport(VIR_ERR_OPERATION_FAILED, "QEMU has no node for device '%s'", alias);
        return -1;
    }
    add = qemuQmpExportAdd(self->id, node);
    return qemuMonitorSend(self->dom, add, -1, NULL);
}

/* Gives back what it has, and keeps the thread's error. */
static void
qemuExportDrop(qemuExport *self, gboolean acquired)
{
    virErrorPtr kept = errorKeep();

    if (acquired)
        qemuExportsRelease(self->exports, self->dom);
    handleFreeDomain(self->dom);
    g_free(self->id);
    g_free(self);
    errorRestore(kept);
}

qemuExport *
qemuExportNew(qemuExports *exports, virDomainPtr dom, const char *target, const char *alias)
{
    qemuExport *self = g_new0(qemuExport, 1);
    gboolean acquired;

    virDomainRef(dom);
    self->exports = exports;
    self->dom = dom;
    self->id = g_strconcat(QEMU_EXPORTS_PREFIX, target, NULL);
    acquired = qemuExportsAcquire(exports, dom) == 0;
    if (acquired && qemuExportAdd(self, alias) == 0)
        return self;
    qemuExportDrop(self, acquired);
    return NULL;
}

int
qemuExportConnect(qemuExport *self)
{
    return qemuExportsConnect(self->exports, self->dom);
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
    if (qemuMonitorSend(self->dom, del, -1, NULL) < 0)
        LOG_DEBUG("removing export %s: %s", self->id, errorText());
    qemuExportDrop(self, TRUE);
}
