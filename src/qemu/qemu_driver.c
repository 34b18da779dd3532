/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_driver.c: the slots: check flags and parameters, call one module, shape the answer */

#include "qemu/qemu_driver.h"

#include "backend/backend_domain.h"
#include "internal.h"
#include "qemu/qemu_command.h"
#include "qemu/qemu_conn.h"
#include "qemu/qemu_reconcile.h"
#include "util/handle.h"
#include "util/lock.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

static int
qemuDriverOpen(virConnectPtr conn, void **priv)
{
    const char *type = virConnectGetType(conn);

    if (!type)
        return -1;
    if (g_strcmp0(type, "QEMU"))
        return 0;
    *priv = qemuConnOpen(conn);
    return 1;
}

static void
qemuDriverClose(void *priv)
{
    qemuConnUnref(priv);
}

static long long
qemuDriverStreamDisk(void *priv, virDomainPtr dom, const char *disk, unsigned long long offset,
                     unsigned int flags)
{
    virCheckFlags(VIR_DOMAIN_STREAM_DISK_START | VIR_DOMAIN_STREAM_DISK_STOP |
                      VIR_DOMAIN_STREAM_DISK_ONE,
                  -1);

    if (flags & VIR_DOMAIN_STREAM_DISK_ONE) {
        errorReport(VIR_ERR_NO_SUPPORT, "%s", "VIR_DOMAIN_STREAM_DISK_ONE");
        return -1;
    }
    if (flags & VIR_DOMAIN_STREAM_DISK_STOP)
        return qemuCommandStop(qemuConnGetGuests(priv), dom, disk);
    return qemuCommandStart(qemuConnGetGuests(priv), dom, disk, NULL, false,
                            &(streamSettings) { 0 });
}

/* Parameters of hydration are refused where there is none. */
static int
qemuDriverCheckHydration(qemuConn *conn, virTypedParameterPtr params, int nparams)
{
    const char *none = qemuGuestTableGetConfig(qemuConnGetGuests(conn))->noHydration;
    const char *name = streamSettingsFindHydration(params, nparams);

    if (none && name) {
        errorReport(VIR_ERR_OPERATION_UNSUPPORTED, "parameter '%s' is for hydration: %s", name,
                    none);
        return -1;
    }
    return 0;
}

static int
qemuDriverStreamDiskStart(void *priv, virDomainPtr dom, const char *disk, const char *base,
                          virTypedParameterPtr params, int nparams, unsigned int flags)
{
    streamSettings settings;
    bool relative;

    virCheckFlags(0, -1);
    if (streamSettingsParseStart(params, nparams, base, g_get_monotonic_time(), &settings,
                                 &relative) < 0 ||
        qemuDriverCheckHydration(priv, params, nparams) < 0)
        return -1;
    return qemuCommandStart(qemuConnGetGuests(priv), dom, disk, base, relative, &settings);
}

static int
qemuDriverStreamDiskSetParameters(void *priv, virDomainPtr dom, const char *disk,
                                  virTypedParameterPtr params, int nparams, unsigned int flags)
{
    streamSettings change;

    virCheckFlags(0, -1);
    if (streamSettingsParseChange(params, nparams, g_get_monotonic_time(), &change) < 0 ||
        qemuDriverCheckHydration(priv, params, nparams) < 0)
        return -1;
    return qemuCommandSet(qemuConnGetGuests(priv), dom, disk, &change);
}

/* The active streams of @guest: as last seen, if somebody follows them, else asked now. NULL if it
 * does not run. */
static GPtrArray *
qemuDriverListActive(qemuGuest *guest, virDomainPtr dom)
{
    if (qemuGuestTableIsFollowed(guest->table) ? backendDomainCheckRunning(dom) < 0
                                               : qemuReconcileDiscover(guest, false, NULL) < 0)
        return NULL;
    return qemuStreamsGetActive(guest);
}

static int
qemuDriverStreamDiskInfo(void *priv, virDomainPtr dom, virDomainStreamDiskStatePtr states,
                         unsigned int nstates, unsigned int flags)
{
    g_autoptr(qemuGuest) guest = NULL;
    g_autoptr(GPtrArray) active = NULL;

    virCheckFlags(0, -1);
    guest = qemuGuestGet(qemuConnGetGuests(priv), dom);
    if (!(active = qemuDriverListActive(guest, dom)))
        return -1;
    LOCK_SCOPE(&guest->lock);

    for (guint i = 0; i < MIN(active->len, nstates); i++) {
        if (qemuStreamGetState(g_ptr_array_index(active, i), &states[i]) < 0)
            return -1;
    }
    return (int) active->len;
}

/* The statistics of this moment; *active: whether the stream has not ended */
static streamRecord *
qemuDriverGetRecord(qemuStream *stream, bool *active)
{
    LOCK_SCOPE(&stream->guest->lock);

    *active = qemuStreamIsActive(stream);
    return qemuStreamGetRecord(stream, g_get_monotonic_time());
}

static int
qemuDriverStreamDiskGetStats(void *priv, virDomainPtr dom, const char *disk,
                             virTypedParameterPtr *params, int *nparams, unsigned int flags)
{
    g_autoptr(qemuStream) stream = NULL;
    g_autoptr(streamRecord) record = NULL;
    bool active;

    virCheckFlags(0, -1);
    stream = qemuStreamsFind(qemuConnGetGuests(priv), dom, disk);
    if (!stream && !(stream = qemuCommandFind(qemuConnGetGuests(priv), dom, disk)))
        return -1;
    record = qemuDriverGetRecord(stream, &active);
    if (active && backendDomainCheckRunning(dom) < 0)
        return -1;
    *params = g_steal_pointer(&record->params);
    *nparams = record->nparams;
    record->nparams = 0;
    return 0;
}

static GPtrArray *
qemuDriverListAll(void *priv, unsigned int flags)
{
    qemuGuestTable *guests = qemuConnGetGuests(priv);
    g_autoptr(GPtrArray) active = NULL;
    g_autoptr(GPtrArray)
        records = g_ptr_array_new_with_free_func((GDestroyNotify) streamRecordFree);
    bool unused;

    virCheckFlags(0, NULL);
    if (!qemuGuestTableIsFollowed(guests)) {
        g_autoptr(virConnect) conn = qemuConnGetConnect(priv);

        if (!conn || qemuReconcileDiscoverAll(guests, conn) < 0)
            return NULL;
    }
    active = qemuStreamsListAllActive(guests);
    for (guint i = 0; i < active->len; i++)
        g_ptr_array_add(records, qemuDriverGetRecord(g_ptr_array_index(active, i), &unused));
    return g_steal_pointer(&records);
}

static int
qemuDriverEventsSubscribe(void *priv)
{
    return qemuConnSubscribe(priv);
}

static void
qemuDriverEventsUnsubscribe(void *priv)
{
    qemuConnUnsubscribe(priv);
}

const driverTable qemuDriver = {
    .name = "qemu",
    .connectOpen = qemuDriverOpen,                                      /* 0.1.0 */
    .connectClose = qemuDriverClose,                                    /* 0.1.0 */
    .domainStreamDisk = qemuDriverStreamDisk,                           /* 0.1.0 */
    .domainStreamDiskInfo = qemuDriverStreamDiskInfo,                   /* 0.1.0 */
    .domainStreamDiskStart = qemuDriverStreamDiskStart,                 /* 0.1.0 */
    .domainStreamDiskSetParameters = qemuDriverStreamDiskSetParameters, /* 0.1.0 */
    .domainStreamDiskGetStats = qemuDriverStreamDiskGetStats,           /* 0.1.0 */
    .connectListAllStreamDisks = qemuDriverListAll,                     /* 0.1.0 */
    .connectEventsSubscribe = qemuDriverEventsSubscribe,                /* 0.1.0 */
    .connectEventsUnsubscribe = qemuDriverEventsUnsubscribe,            /* 0.1.0 */
};
