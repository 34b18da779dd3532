/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_image.c: asks QEMU for its block devices, and commands them */

#include "qemu/qemu_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "qemu/qemu_monitor.h"
#include "qemu/qemu_safety.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

int
qemuImageGet(virDomainPtr dom, const char *target, const char *alias, qemuQmpImage *image)
{
    g_autofree char *query = qemuQmpQueryBlock();
    g_autofree char *blocks = NULL;

    if (qemuMonitorSend(dom, query, -1, &blocks) < 0)
        return -1;
    if (qemuQmpReplyImage(blocks, alias, image))
        return 0;
    errorReport(VIR_ERR_OPERATION_FAILED, "QEMU does not tell of the image of disk '%s'", target);
    return -1;
}

char *
qemuImageGetVersion(virDomainPtr dom)
{
    g_autofree char *query = qemuQmpQueryVersion();
    g_autofree char *reply = NULL;
    char *version;

    if (qemuMonitorSend(dom, query, -1, &reply) < 0)
        return NULL;
    if (!(version = qemuQmpReplyVersion(reply)))
        errorReport(VIR_ERR_OPERATION_FAILED, "%s", "QEMU does not tell its version");
    return version;
}

int
qemuImageCheckStreamable(virDomainPtr dom, const char *target, const qemuQmpImage *image)
{
    static const char *const features[] = { QEMU_SAFETY_EXTENDED_L2, NULL };
    g_autofree char *version = NULL;
    g_autofree char *unsafe = NULL;

    if (image->backing == 0) {
        errorReport(VIR_ERR_OPERATION_INVALID, "disk '%s' has no backing image: nothing to stream",
                    target);
        return -1;
    }
    if (!image->extendedL2)
        return 0;
    if (!(version = qemuImageGetVersion(dom)))
        return -1;
    if (!(unsafe = qemuSafetyCheck(version, features, false, false)))
        return 0;
    errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "the image of disk '%s' has extended L2 entries: "
                "streaming into it can crash QEMU: %s", target, unsafe);
    return -1;
}

guint64
qemuImageGetTail(const qemuQmpImage *image)
{
    return image->backing > 0 && image->backing < image->size ? image->size - image->backing : 0;
}

static int
qemuImageSend(virDomainPtr dom, const char *qdev, const char *command)
{
    g_autofree char *text = qemuQmpQemuIo(qdev, command);
    g_autofree char *reply = NULL;
    g_autofree char *complaint = NULL;

    if (qemuMonitorSend(dom, text, -1, &reply) < 0)
        return -1;
    if (!(complaint = qemuQmpReplyComplaint(reply)))
        return 0;
    errorReport(VIR_ERR_OPERATION_FAILED, "QEMU refused '%s': %s", command, complaint);
    return -1;
}

/* Writes down what the host's kernel has of the file. 0 also if it cannot be opened here. */
static int
qemuImageSync(const char *path)
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
qemuImageFlush(virDomainPtr dom, const char *target, const char *alias, const char *path)
{
    g_auto(qemuQmpImage) image = { 0 };

    if (qemuImageGet(dom, target, alias, &image) < 0 || qemuImageSync(path) < 0 ||
        qemuImageSend(dom, image.qdev, "flush") < 0)
        return -1;
    return qemuImageSync(path); /* QEMU does not tell of failures */
}

int
qemuImageZero(virDomainPtr dom, const qemuQmpImage *image, guint64 offset, guint64 len)
{
    g_autofree char *command = g_strdup_printf("write -z %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                                               offset, len);

    return qemuImageSend(dom, image->qdev, command);
}
