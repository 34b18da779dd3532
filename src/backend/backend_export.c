/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_export.c: adding and removing one export on the guest's server */

#include "backend/backend_export.h"

#include "backend/backend_monitor.h"
#include "backend/backend_qmp.h"
#include "util/error.h"
#include "util/handle.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

struct _backendExport {
    virDomainPtr dom;
    backendNbdServer *server;
    char *id;
    guint32 deepest;
};

static int
backendExportAdd(backendExport *self, const char *target)
{
    g_autofree char *query = backendQmpQueryBlockGraph();
    g_autofree char *graph = NULL;
    g_autofree char *node = NULL;
    g_autofree char *add = NULL;

    if (backendMonitorSend(self->dom, query, -1, &graph) < 0)
        return -1;
    if (!(node = backendQmpReplyPullNode(graph, target, &self->deepest))) {
        errorReport(VIR_ERR_OPERATION_FAILED, "QEMU has no pull of disk '%s'", target);
        return -1;
    }
    if (self->deepest == 0) {
        errorReport(VIR_ERR_OPERATION_FAILED, "the base of the pull of disk '%s' is not known",
                    target);
        return -1;
    }
    add = backendQmpExportAdd(self->id, node);
    return backendMonitorSend(self->dom, add, -1, NULL);
}

static void
backendExportDrop(backendExport *self)
{
    handleFreeDomain(self->dom);
    g_free(self->id);
    g_free(self);
}

backendExport *
backendExportNew(backendNbdServer *server, virDomainPtr dom, const char *target)
{
    backendExport *self = g_new0(backendExport, 1);

    virDomainRef(dom);
    self->dom = dom;
    self->id = g_strconcat(BACKEND_NBD_SERVER_PREFIX, target, NULL);
    self->server = server;
    if (backendNbdServerAcquire(server, dom, self->id) == 0) {
        virErrorPtr kept;

        if (backendExportAdd(self, target) == 0)
            return self;
        kept = errorKeep();
        backendNbdServerRelease(self->server, dom, self->id);
        errorRestore(kept);
    }
    backendExportDrop(self);
    return NULL;
}

int
backendExportConnect(backendExport *self)
{
    return backendNbdServerConnect(self->server);
}

guint32
backendExportGetDeepest(const backendExport *self)
{
    return self->deepest;
}

const char *
backendExportGetName(const backendExport *self)
{
    return self->id;
}

void
backendExportFree(backendExport *self)
{
    if (!self)
        return;
    backendNbdServerRelease(self->server, self->dom, self->id);
    backendExportDrop(self);
}
