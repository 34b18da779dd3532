/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_safety.c: the table */

#include "qemu/qemu_safety.h"

#include <string.h>

#include "conf/domain_disk.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

#define SAFE ""
#define IOTHREAD "QEMU aborts when hydration of a disk with an iothread ends"
#define CURL "QEMU may leave requests to a web server unanswered that end together"
#define LOST "a guest with an iothread may hang when it is suspended"

/* Each column is a series: the changes within one are fixes. A new one begins empty, and is filled
 * by what tests/system/matrix.sh has shown there. */
static const char *const qemuSafetySeries[] = { "7.2", "10.0" };

/* SAFE; or why not; NULL: not tried */
typedef struct _qemuSafetyRow qemuSafetyRow;
struct _qemuSafetyRow {
    const char *feature;
    const char *verdicts[G_N_ELEMENTS(qemuSafetySeries)];
};

static const qemuSafetyRow qemuSafetyRows[] = {
    { "bus virtio", { SAFE, SAFE } },
    { "bus scsi", { SAFE, SAFE } },
    { "bus sata", { SAFE, SAFE } },
    { "bus ide", { SAFE, SAFE } },
    { "bus usb", { SAFE, SAFE } },
    { "iothread", { IOTHREAD, SAFE } },
    { "iothread suspended", { SAFE, SAFE } }, /* the disk is in the main thread then */
    { "iothread suspending", { SAFE, LOST } },
    { "controller iothread", { IOTHREAD, SAFE } },
    { "controller iothread suspending", { IOTHREAD, LOST } },
    { QEMU_SAFETY_EXTENDED_L2, { "QEMU's own pulls abort", SAFE } },
    { "storage file", { SAFE, SAFE } },
    { "storage block", { SAFE, NULL } },
    { "storage network nbd", { SAFE, SAFE } },
    { "layer file", { SAFE, SAFE } },
    { "layer block", { SAFE, NULL } },
    { "layer network nbd", { SAFE, SAFE } },
    { "layer network http", { CURL, CURL } },
    { "layer network https", { CURL, CURL } },
    { "layer network ftp", { CURL, CURL } },
    { "layer network ftps", { CURL, CURL } },
    { "format qcow2", { SAFE, SAFE } },
    { "format qed", { SAFE, SAFE } },
    { "encryption luks", { SAFE, SAFE } },
    { "cache none", { SAFE, SAFE } },
    { "cache writeback", { SAFE, SAFE } },
    { "cache writethrough", { SAFE, SAFE } },
    { "cache directsync", { SAFE, SAFE } },
    { "cache unsafe", { SAFE, SAFE } },
    { "io threads", { SAFE, SAFE } },
    { "io native", { SAFE, SAFE } },
    { "io io_uring", { SAFE, SAFE } },
    { "discard ignore", { SAFE, SAFE } },
    { "discard unmap", { SAFE, SAFE } },
    { "detect_zeroes off", { SAFE, SAFE } },
    { "detect_zeroes on", { SAFE, SAFE } },
    { "detect_zeroes unmap", { SAFE, SAFE } },
    { "copy_on_read off", { SAFE, SAFE } },
    { "copy_on_read on", { SAFE, SAFE } },
    { "iotune", { SAFE, SAFE } },
};

static bool
qemuSafetyIsOfSeries(const char *version, const char *series)
{
    size_t len = strlen(series);

    return g_str_has_prefix(version, series) && !g_ascii_isdigit(version[len]);
}

static const qemuSafetyRow *
qemuSafetyFind(const char *feature)
{
    for (gsize i = 0; i < G_N_ELEMENTS(qemuSafetyRows); i++) {
        if (g_str_equal(qemuSafetyRows[i].feature, feature))
            return &qemuSafetyRows[i];
    }
    return NULL;
}

/* SAFE; or why not; NULL: not tried. A tail, which has its moments, is filled without the layers. */
static const char *
qemuSafetyJudge(const char *feature, gsize series, const char *moment)
{
    g_autofree char *special = g_strjoin(" ", feature, moment, NULL);
    const qemuSafetyRow *row = qemuSafetyFind(special);

    if (moment && g_str_has_prefix(feature, DOMAIN_DISK_LAYER " "))
        return SAFE;
    if (!row)
        row = qemuSafetyFind(feature);
    return row ? row->verdicts[series] : NULL;
}

char *
qemuSafetyCheck(const char *version, const char *const *features, const char *moment, bool untried)
{
    gsize series = 0;

    while (series < G_N_ELEMENTS(qemuSafetySeries) &&
           !qemuSafetyIsOfSeries(version, qemuSafetySeries[series]))
        series++;
    if (series == G_N_ELEMENTS(qemuSafetySeries))
        return untried ? NULL
                       : g_strdup_printf("hydration has not been tried with QEMU %s", version);
    for (; *features; features++) {
        const char *verdict = qemuSafetyJudge(*features, series, moment);

        if (verdict && *verdict)
            return g_strdup_printf("%s (QEMU %s)", verdict, version);
        if (!verdict && !untried)
            return g_strdup_printf("hydration of a disk with '%s' has not been tried with QEMU %s",
                                   *features, version);
    }
    return NULL;
}

int
qemuSafetyCheckStreamable(virDomainPtr dom, const char *target, const backendQmpImage *image)
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
    if (!(version = backendImageGetVersion(dom)))
        return -1;
    if (!(unsafe = qemuSafetyCheck(version, features, NULL, false)))
        return 0;
    errorReport(VIR_ERR_OPERATION_UNSUPPORTED,
                "the image of disk '%s' has extended L2 entries: "
                "streaming into it can crash QEMU: %s",
                target, unsafe);
    return -1;
}
