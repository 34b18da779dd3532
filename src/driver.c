/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driver.c: the list of the library's drivers; the first that serves a connection gets it */

#include "driver.h"

#include "qemu/qemu_driver.h"
#include "remote/remote_driver.h"
#include "test/test_driver.h"
#include "util/error.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_NONE

LOG_INIT("driver");

static const driverTable *const driverTables[] = {
    &remoteDriver,
    &qemuDriver,
    &testDriver,
};

int
driverConnOpen(virConnectPtr conn, driverConn *via)
{
    const char *type = virConnectGetType(conn);

    for (size_t i = 0; i < G_N_ELEMENTS(driverTables); i++) {
        const driverTable *driver = driverTables[i];
        void *priv = NULL;
        int rc = driver->connectOpen(conn, &priv);

        if (rc < 0)
            return -1;
        if (rc > 0) {
            LOG_DEBUG("driver=%s", driver->name);
            *via = (driverConn) { .driver = driver, .priv = priv };
            return 0;
        }
    }
    errorReport(VIR_ERR_NO_SUPPORT, "streaming of disks for connections of type '%s'",
                type ? type : "unknown");
    return -1;
}
