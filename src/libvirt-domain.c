/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt-domain.c: the public calls: check the arguments, open a driver, call one slot
 *
 * Flags that may be given are the driver's to judge.
 */

#include "driver.h"
#include "internal.h"
#include "stream/stream_event.h"
#include "util/handle.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_DOM

#define VIR_DOMAIN_STREAM_DISK_MODES \
    (VIR_DOMAIN_STREAM_DISK_START | VIR_DOMAIN_STREAM_DISK_STOP | VIR_DOMAIN_STREAM_DISK_ONE)

LOG_INIT("libvirt-domain");

/* Neither a driver nor virtstreamd sees what kind of connection the application holds, and
 * the stock library has no call that tells; but it refuses to show secrets on a read-only one. */
static int
virDomainStreamDiskCheckWrite(virDomainPtr dom)
{
    g_autofree char *xml = virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_SECURE);

    if (!xml && virGetLastErrorCode() == VIR_ERR_OPERATION_DENIED) {
        errorReport(VIR_ERR_OPERATION_DENIED, "%s",
                    "a read-only connection may not start, stop or change streams");
        return -1;
    }
    return 0;
}

/**
 * virDomainStreamDisk:
 * @dom: pointer to a running domain
 * @disk: target of the disk ("vda"), path of its top image, or its alias ("virtio-disk0")
 * @offset: 0; another only makes sense with ONE
 * @flags: one of virDomainStreamDiskFlags
 *
 * Streams a disk: copies what its backing images hold into its own image while the guest
 * runs, until it depends on none of them.
 *
 * With VIR_DOMAIN_STREAM_DISK_START the whole disk is streamed in the background, as by
 * virDomainStreamDiskStart() without base and parameters. The stream is a block job of
 * libvirt's: it goes on when this process ends, and virDomainGetBlockJobInfo() shows it.
 *
 * With VIR_DOMAIN_STREAM_DISK_STOP the stream ends. What it has copied stays, and a later
 * START goes on from there.
 *
 * VIR_DOMAIN_STREAM_DISK_ONE, for an increment, is refused with VIR_ERR_NO_SUPPORT.
 *
 * Returns 0, or -1 on error:
 * VIR_ERR_INVALID_ARG for a disk or argument that is wrong, or STOP of a disk without
 * stream; VIR_ERR_OPERATION_INVALID if the domain does not run or the disk has nothing to
 * stream; VIR_ERR_OPERATION_UNSUPPORTED or VIR_ERR_BLOCK_COPY_ACTIVE if the disk has a
 * block job already; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_NO_SUPPORT for what the hypervisor or this version cannot do.
 *
 * Example: examples/stream-simple.c
 *
 * Since: 0.1.0
 */
long long
virDomainStreamDisk(virDomainPtr dom,
                    const char *disk,
                    unsigned long long offset,
                    unsigned int flags)
{
    g_auto(driverConn) via = { 0 };
    virConnectPtr conn;
    unsigned int mode = flags & VIR_DOMAIN_STREAM_DISK_MODES;
    long long ret;

    LOG_DEBUG("dom=%p, disk=%s, offset=%llu, flags=0x%x", dom, disk, offset, flags);

    virResetLastError();

    if (!(conn = virDomainGetConnect(dom)))
        return -1;
    virCheckNonNullArgGoto(disk, error);
    if (mode == 0 || (mode & (mode - 1))) {
        errorReport(VIR_ERR_INVALID_ARG, "flags (0x%x) in %s must have exactly one of "
                    "START, STOP and ONE", flags, __func__);
        goto error;
    }
    if (offset != 0 && !(flags & VIR_DOMAIN_STREAM_DISK_ONE)) {
        errorReport(VIR_ERR_INVALID_ARG, "%s", "offset must be 0 for continuous streaming");
        goto error;
    }

    if (virDomainStreamDiskCheckWrite(dom) < 0 || driverConnOpen(conn, &via) < 0)
        goto error;
    ret = via.driver->domainStreamDisk(via.priv, dom, disk, offset, flags);
    if (ret < 0)
        goto error;
    return ret;

 error:
    errorDispatch(conn);
    return -1;
}

/**
 * virDomainStreamDiskInfo:
 * @dom: pointer to a running domain
 * @states: array of @nstates states to fill in, or NULL if @nstates is 0
 * @nstates: size of the array
 * @flags: extra flags: there are none, callers pass 0
 *
 * Reports the active streams of a domain, the oldest first. A stream that has ended is not
 * active any more; its end is known from events and virDomainStreamDiskGetStats().
 *
 * Returns the number of active streams, of which at most @nstates are filled in, so that
 * a call with 0 states only counts; -1 on error: VIR_ERR_INVALID_ARG,
 * VIR_ERR_OPERATION_INVALID if the domain does not run, VIR_ERR_NO_SUPPORT.
 *
 * Example: examples/stream-simple.c
 *
 * Since: 0.1.0
 */
int
virDomainStreamDiskInfo(virDomainPtr dom,
                        virDomainStreamDiskStatePtr states,
                        unsigned int nstates,
                        unsigned int flags)
{
    g_auto(driverConn) via = { 0 };
    virConnectPtr conn;
    int ret;

    LOG_DEBUG("dom=%p, states=%p, nstates=%u, flags=0x%x", dom, states, nstates, flags);

    virResetLastError();

    if (!(conn = virDomainGetConnect(dom)))
        return -1;
    if (nstates > 0)
        virCheckNonNullArgGoto(states, error);

    if (driverConnOpen(conn, &via) < 0)
        goto error;
    ret = via.driver->domainStreamDiskInfo(via.priv, dom, states, nstates, flags);
    if (ret < 0)
        goto error;
    return ret;

 error:
    errorDispatch(conn);
    return -1;
}

/**
 * virDomainStreamDiskStart:
 * @dom: pointer to a running domain
 * @disk: target of the disk ("vda"), path of its top image, or its alias ("virtio-disk0")
 * @base: image of the disk's chain that stays as its backing, by path or as "vda[2]";
 *        NULL for none
 * @params: VIR_DOMAIN_STREAM_DISK_PARAM_* parameters, or NULL if @nparams is 0
 * @nparams: how many
 * @flags: extra flags: there are none, callers pass 0
 *
 * Begins to stream a disk in the background, as virDomainStreamDisk() does with START,
 * down to @base, with a limit of bandwidth if one is given, and hydrated as is said.
 *
 * Of several disks of a guest one at a time is streamed at full speed, the others wait
 * (VIR_DOMAIN_STREAM_DISK_PHASE_WAIT), because QEMU does not survive jobs that end
 * together. Only virtstreamd can arrange that: without it, a second stream of the same
 * guest is refused.
 *
 * Returns 0, or -1 on error: the codes of virDomainStreamDisk() with START;
 * VIR_ERR_INVALID_ARG also for a @base that is not below the disk's image, and for
 * parameters that are unknown, doubled, of the wrong type, too small, or contradict each
 * other; VIR_ERR_OVERFLOW for what is too large, such as a bandwidth beyond LLONG_MAX;
 * VIR_ERR_OPERATION_UNSUPPORTED for those of hydration where there is none.
 *
 * Example: examples/stream-start.c
 *
 * Since: 0.1.0
 */
int
virDomainStreamDiskStart(virDomainPtr dom,
                         const char *disk,
                         const char *base,
                         virTypedParameterPtr params,
                         int nparams,
                         unsigned int flags)
{
    g_auto(driverConn) via = { 0 };
    virConnectPtr conn;

    LOG_DEBUG("dom=%p, disk=%s, base=%s, params=%p, nparams=%d, flags=0x%x",
              dom, disk, base, params, nparams, flags);

    virResetLastError();

    if (!(conn = virDomainGetConnect(dom)))
        return -1;
    virCheckNonNullArgGoto(disk, error);
    virCheckParamsGoto(params, nparams, error);

    if (virDomainStreamDiskCheckWrite(dom) < 0 || driverConnOpen(conn, &via) < 0)
        goto error;
    if (via.driver->domainStreamDiskStart(via.priv, dom, disk, base, params, nparams, flags) < 0)
        goto error;
    return 0;

 error:
    errorDispatch(conn);
    return -1;
}

/**
 * virDomainStreamDiskSetParameters:
 * @dom: pointer to a running domain
 * @disk: target of the disk ("vda"), path of its top image, or its alias ("virtio-disk0")
 * @params: VIR_DOMAIN_STREAM_DISK_PARAM_* parameters
 * @nparams: how many
 * @flags: extra flags: there are none, callers pass 0
 *
 * Changes parameters of a stream while it runs: those that are named, the others stay. With
 * VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE false, what hydration holds of QEMU's is given back
 * before the call returns; all else takes effect within a second or two.
 *
 * Returns 0, or -1 on error, with nothing changed: VIR_ERR_INVALID_ARG for a disk without
 * stream, and for parameters that are wrong or only for the start; VIR_ERR_OVERFLOW,
 * VIR_ERR_OPERATION_DENIED, VIR_ERR_OPERATION_INVALID, VIR_ERR_OPERATION_UNSUPPORTED,
 * VIR_ERR_NO_SUPPORT as for virDomainStreamDiskStart().
 *
 * Example: examples/stream-start.c
 *
 * Since: 0.1.0
 */
int
virDomainStreamDiskSetParameters(virDomainPtr dom,
                                 const char *disk,
                                 virTypedParameterPtr params,
                                 int nparams,
                                 unsigned int flags)
{
    g_auto(driverConn) via = { 0 };
    virConnectPtr conn;

    LOG_DEBUG("dom=%p, disk=%s, params=%p, nparams=%d, flags=0x%x",
              dom, disk, params, nparams, flags);

    virResetLastError();

    if (!(conn = virDomainGetConnect(dom)))
        return -1;
    virCheckNonNullArgGoto(disk, error);
    virCheckNonNullArgGoto(params, error);
    virCheckParamsGoto(params, nparams, error);

    if (virDomainStreamDiskCheckWrite(dom) < 0 || driverConnOpen(conn, &via) < 0)
        goto error;
    if (via.driver->domainStreamDiskSetParameters(via.priv, dom, disk, params, nparams,
                                                  flags) < 0)
        goto error;
    return 0;

 error:
    errorDispatch(conn);
    return -1;
}

/**
 * virDomainStreamDiskGetStats:
 * @dom: pointer to a domain
 * @disk: target of the disk ("vda"), path of its top image, or its alias ("virtio-disk0")
 * @params: where to store the array of VIR_DOMAIN_STREAM_DISK_STATS_* parameters;
 *          the caller frees it with virTypedParamsFree()
 * @nparams: where to store how many
 * @flags: extra flags: there are none, callers pass 0
 *
 * Tells all that is known of a stream. What is not known is left out: rates want two
 * measurements, and so virtstreamd, or a process that listens to the stream's events.
 * These also remember how a stream ended, until the domain ends or the next stream of the
 * disk begins; otherwise only an active stream has statistics.
 *
 * Returns 0, or -1 on error: VIR_ERR_INVALID_ARG for an unknown disk or one without stream;
 * VIR_ERR_OPERATION_INVALID if the domain does not run; VIR_ERR_NO_SUPPORT.
 *
 * Example: examples/stream-info.c
 *
 * Since: 0.1.0
 */
int
virDomainStreamDiskGetStats(virDomainPtr dom,
                            const char *disk,
                            virTypedParameterPtr *params,
                            int *nparams,
                            unsigned int flags)
{
    g_auto(driverConn) via = { 0 };
    virConnectPtr conn;

    LOG_DEBUG("dom=%p, disk=%s, params=%p, nparams=%p, flags=0x%x",
              dom, disk, params, nparams, flags);

    virResetLastError();

    if (!(conn = virDomainGetConnect(dom)))
        return -1;
    virCheckNonNullArgGoto(disk, error);
    virCheckNonNullArgGoto(params, error);
    virCheckNonNullArgGoto(nparams, error);

    if (driverConnOpen(conn, &via) < 0)
        goto error;
    if (via.driver->domainStreamDiskGetStats(via.priv, dom, disk, params, nparams, flags) < 0)
        goto error;
    return 0;

 error:
    errorDispatch(conn);
    return -1;
}

/* Turns entries into records that own what the entries held; NULL on error. */
static virDomainStreamDiskRecordPtr *
virDomainStreamDiskRecordListNew(virConnectPtr conn, GPtrArray *entries)
{
    virDomainStreamDiskRecordPtr *records = g_new0(virDomainStreamDiskRecordPtr, entries->len + 1);

    for (guint i = 0; i < entries->len; i++) {
        streamRecord *entry = g_ptr_array_index(entries, i);
        virDomainPtr dom = streamRecordGetDomain(entry, conn);

        if (!dom) {
            virDomainStreamDiskRecordListFree(records);
            return NULL;
        }
        records[i] = g_new0(virDomainStreamDiskRecord, 1);
        records[i]->dom = dom;
        records[i]->disk = g_steal_pointer(&entry->disk);
        records[i]->params = g_steal_pointer(&entry->params);
        records[i]->nparams = entry->nparams;
        entry->nparams = 0;
    }
    return records;
}

/**
 * virConnectListAllStreamDisks:
 * @conn: pointer to a connection
 * @records: where to store a NULL-terminated array of the streams, or NULL to count them;
 *           the caller frees it with virDomainStreamDiskRecordListFree()
 * @flags: extra flags: there are none, callers pass 0
 *
 * Lists the active streams of all domains of a connection, with their statistics.
 *
 * Returns how many there are, or -1 on error: VIR_ERR_INVALID_ARG, VIR_ERR_NO_SUPPORT.
 *
 * Example: examples/stream-info.c
 *
 * Since: 0.1.0
 */
int
virConnectListAllStreamDisks(virConnectPtr conn,
                             virDomainStreamDiskRecordPtr **records,
                             unsigned int flags)
{
    g_auto(driverConn) via = { 0 };
    g_autoptr(GPtrArray) entries = NULL;
    virDomainStreamDiskRecordPtr *list = NULL;

    LOG_DEBUG("conn=%p, records=%p, flags=0x%x", conn, records, flags);

    virResetLastError();

    if (!virConnectGetType(conn))
        return -1;

    if (driverConnOpen(conn, &via) < 0)
        goto error;
    if (!(entries = via.driver->connectListAllStreamDisks(via.priv, flags)))
        goto error;
    if (records) {
        if (!(list = virDomainStreamDiskRecordListNew(conn, entries)))
            goto error;
        *records = list;
    }
    return (int) entries->len;

 error:
    errorDispatch(conn);
    return -1;
}

/**
 * virDomainStreamDiskRecordListFree:
 * @records: array from virConnectListAllStreamDisks(), or NULL
 *
 * Frees the array and all in it.
 *
 * Since: 0.1.0
 */
void
virDomainStreamDiskRecordListFree(virDomainStreamDiskRecordPtr *records)
{
    for (size_t i = 0; records && records[i]; i++) {
        handleFreeDomain(records[i]->dom);
        g_free(records[i]->disk);
        virTypedParamsFree(records[i]->params, records[i]->nparams);
        g_free(records[i]);
    }
    g_free(records);
}

/**
 * virConnectStreamDiskEventRegister:
 * @conn: pointer to a connection
 * @dom: a domain of the connection, or NULL for all its domains
 * @cb: callback
 * @opaque: passed to @cb
 * @freecb: called on @opaque once the callback is deregistered, or NULL
 * @flags: extra flags: there are none, callers pass 0
 *
 * Registers a callback for the events of streams: of those started by this library and of
 * block pulls that anybody else started, alike. It is called from the libvirt event loop
 * that the application runs, which must be registered before. As with libvirt's own
 * events, a reference on @conn and @dom is held until the callback is deregistered.
 *
 * Returns the callback's id, or -1 on error: VIR_ERR_INVALID_ARG,
 * VIR_ERR_OPERATION_INVALID without event loop, VIR_ERR_NO_SUPPORT.
 *
 * Example: examples/stream-start.c
 *
 * Since: 0.1.0
 */
int
virConnectStreamDiskEventRegister(virConnectPtr conn,
                                  virDomainPtr dom,
                                  virConnectStreamDiskEventCallback cb,
                                  void *opaque,
                                  virFreeCallback freecb,
                                  unsigned int flags)
{
    g_auto(driverConn) via = { 0 };
    int ret;

    LOG_DEBUG("conn=%p, dom=%p, cb=%p, opaque=%p, freecb=%p, flags=0x%x",
              conn, dom, cb, opaque, freecb, flags);

    virResetLastError();

    if (!virConnectGetType(conn))
        return -1;
    virCheckNonNullArgGoto(cb, error);
    if (dom && virDomainGetConnect(dom) != conn) {
        errorReport(VIR_ERR_INVALID_ARG, "dom in %s must belong to conn", __func__);
        goto error;
    }
    if (flags) {
        errorReport(VIR_ERR_INVALID_ARG, "unsupported flags (0x%x) in function %s",
                    flags, __func__);
        goto error;
    }

    if (driverConnOpen(conn, &via) < 0)
        goto error;
    if ((ret = streamEventRegister(&via, driverConnOpen, conn, dom, cb, opaque,
                                   freecb)) < 0)
        goto error;
    return ret;

 error:
    errorDispatch(conn);
    return -1;
}

/**
 * virConnectStreamDiskEventDeregister:
 * @conn: pointer to a connection
 * @callbackID: id from virConnectStreamDiskEventRegister()
 *
 * Removes a callback; a callback may do so to itself.
 *
 * Returns 0, or -1 with VIR_ERR_INVALID_ARG if the connection has no such callback.
 *
 * Example: examples/stream-start.c
 *
 * Since: 0.1.0
 */
int
virConnectStreamDiskEventDeregister(virConnectPtr conn,
                                    int callbackID)
{
    LOG_DEBUG("conn=%p, callbackID=%d", conn, callbackID);

    virResetLastError();

    if (!virConnectGetType(conn))
        return -1;

    if (streamEventDeregister(conn, callbackID) < 0)
        goto error;
    return 0;

 error:
    errorDispatch(conn);
    return -1;
}
