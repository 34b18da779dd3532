/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_image.c: asks QEMU for its block devices, and commands them */

#include "backend/backend_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "backend/backend_monitor.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

int
backendImageGet(virDomainPtr dom, const char *target, const char *alias, backendQmpImage *image)
{
    g_autofree char *query = backendQmpQueryBlock();
    g_autofree char *blocks = NULL;

    if (backendMonitorSend(dom, query, -1, &blocks) < 0)
        return -1;
    if (backendQmpReplyImage(blocks, alias, image))
        return 0;
    errorReport(VIR_ERR_OPERATION_FAILED, "QEMU does not tell of the image of disk '%s'", target);
    return -1;
}

char *
backendImageGetVersion(virDomainPtr dom)
{
    g_autofree char *query = backendQmpQueryVersion();
    g_autofree char *reply = NULL;
    char *version;

    if (backendMonitorSend(dom, query, -1, &reply) < 0)
        return NULL;
    if (!(version = backendQmpReplyVersion(reply)))
        errorReport(VIR_ERR_OPERATION_FAILED, "%s", "QEMU does not tell its version");
    return version;
}

guint64
backendImageGetTail(const backendQmpImage *image)
{
    return image->backing > 0 && image->backing < image->size ? image->size - image->backing : 0;
}

static int
backendImageSend(virDomainPtr dom, const char *qdev, const char *command)
{
    g_autofree char *text = backendQmpQemuIo(qdev, command);
    g_autofree char *reply = NULL;
    g_autofree char *complaint = NULL;

    if (backendMonitorSend(dom, text, -1, &reply) < 0)
        return -1;
    if (!(complaint = backendQmpReplyComplaint(reply)))
        return 0;
    errorReport(VIR_ERR_OPERATION_FAILED, "QEMU refused '%s': %s", command, complaint);
    return -1;
}

/* Writes down what the host's kernel has of the file. 0 also if it cannot be opened here. */
static int
backendImageSync(const char *path)
{
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    int rc;

    if (fd < 0)
        return 0;
    rc = fdatasync(fd) < 0 && errno != EINVAL && errno != EROFS ? -1 : 0;
    if (rc < 0)
        errorReportSystem(errno, "cannot flush '%s'", path);
    close(fd);
    return rc;
}

int
backendImageFlush(virDomainPtr dom, const char *target, const char *alias, const char *path)
{
    g_auto(backendQmpImage) image = { 0 };

    if (backendImageGet(dom, target, alias, &image) < 0 || backendImageSync(path) < 0 ||
        backendImageSend(dom, image.qdev, "flush") < 0)
        return -1;
    return backendImageSync(path); /* QEMU does not tell of failures */
}

int
backendImageZero(virDomainPtr dom, const backendQmpImage *image, guint64 offset, guint64 len)
{
    g_autofree char *command = g_strdup_printf("write -z %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                                               offset, len);

    return backendImageSend(dom, image->qdev, command);
}
