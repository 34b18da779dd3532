/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_image.c: stands in for backend/backend_image.c */

#include "backend/backend_image.h"

#include "fake_call.h"
#include "fake_disk.h"
#include "util/error.h"
#include "util/lock.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

int
backendImageGet(virDomainPtr dom, const char *target, const char *alias, backendQmpImage *image)
{
    const fakeDisk *disk;

    if (fakeCallAsk("image_get %s/%s", virDomainGetName(dom), target) < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);

    if (!(disk = fakeDiskFind(dom, target)) || !g_str_equal(disk->alias, alias)) {
        errorReport(VIR_ERR_OPERATION_FAILED, "QEMU does not tell of the image of disk '%s'",
                    target);
        return -1;
    }
    *image = (backendQmpImage) {
        .qdev = g_strdup(disk->name),
        .size = disk->size,
        .backing = disk->depth > 0 ? disk->backing : 0,
        .extendedL2 = disk->extendedL2,
    };
    return 0;
}

char *
backendImageGetVersion(virDomainPtr dom)
{
    if (fakeCallAsk("version %s", virDomainGetName(dom)) < 0)
        return NULL;
    LOCK_SCOPE(&fakeGuestLock);

    return g_strdup(fakeGuestFind(dom)->version);
}

guint64
backendImageGetTail(const backendQmpImage *image)
{
    return image->backing > 0 && image->backing < image->size ? image->size - image->backing : 0;
}

int
backendImageFlush(virDomainPtr dom, const char *target, const char *alias, const char *path)
{
    return fakeCallMake("image_flush %s/%s", virDomainGetName(dom), target);
}

int
backendImageZero(virDomainPtr dom, const backendQmpImage *image, guint64 offset, guint64 len)
{
    fakeDisk *disk;

    if (fakeCallMake("image_zero %s %lu %lu", image->qdev, (unsigned long) offset,
                     (unsigned long) len) < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);

    disk = fakeDiskFindByName(image->qdev);
    disk->filled = !disk->zeroFails;
    return 0;
}
