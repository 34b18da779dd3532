/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_export.c: stands in for backend/backend_export.c */

#include "backend/backend_export.h"

#include <fcntl.h>

#include "fake_call.h"
#include "fake_disk.h"
#include "util/error.h"
#include "util/lock.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

struct _backendExport {
    char *name; /* the disk's, "a/vda" */
    guint32 deepest;
};

backendExport *
backendExportNew(backendNbdServer *server, virDomainPtr dom, const char *target)
{
    backendExport *self;
    const fakeDisk *disk;

    if (fakeCallMake("export_new %s/%s", virDomainGetName(dom), target) < 0)
        return NULL;
    LOCK_SCOPE(&fakeGuestLock);

    if (!(disk = fakeDiskFind(dom, target)) || disk->job == 0) {
        errorReport(VIR_ERR_OPERATION_FAILED, "disk '%s' is not being streamed", target);
        return NULL;
    }
    self = g_new(backendExport, 1);
    *self = (backendExport) { .name = g_strdup(disk->name), .deepest = disk->depth + 1 };
    return self;
}

guint32
backendExportGetDeepest(const backendExport *self)
{
    return self->deepest;
}

int
backendExportConnect(backendExport *self)
{
    if (fakeCallAsk("export_connect %s", self->name) < 0)
        return -1;
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

const char *
backendExportGetName(const backendExport *self)
{
    return self->name;
}

void
backendExportFree(backendExport *self)
{
    if (!self)
        return;
    fakeCallMake("export_free %s", self->name);
    g_free(self->name);
    g_free(self);
}
