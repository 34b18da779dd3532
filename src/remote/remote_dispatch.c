/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_dispatch.c: one function for each procedure, and their table */

#include "remote/remote_dispatch.h"

#include "internal.h"
#include "remote/remote_codec.h"
#include "util/handle.h"

#define VIR_FROM_THIS VIR_FROM_RPC

/* By uuid, on the daemon's own connection: the rest is only what the client says. */
static virDomainPtr
remoteDispatchGetDomain(const remoteDispatch *self, const streamdisk_domain *dom)
{
    g_autoptr(virConnect) conn = self->getConnect(self->opaque);

    return conn ? virDomainLookupByUUID(conn, (const unsigned char *) dom->uuid) : NULL;
}

static int
remoteDispatchConnectOpen(rpcSession *session, void *opaqueArgs, void *opaqueRet, void *opaque)
{
    const streamdisk_connect_open_args *args = opaqueArgs;
    unsigned int flags = args->flags;

    virCheckFlags(STREAMDISK_CONNECT_READONLY, -1);

    if (flags & STREAMDISK_CONNECT_READONLY)
        rpcSessionSetReadonly(session);
    rpcSessionSetOpen(session);
    return 0;
}

static int
remoteDispatchDomainStreamDisk(rpcSession *session, void *opaqueArgs, void *opaqueRet, void *opaque)
{
    const remoteDispatch *self = opaque;
    const streamdisk_domain_stream_disk_args *args = opaqueArgs;
    streamdisk_domain_stream_disk_ret *ret = opaqueRet;
    g_autoptr(virDomain) dom = remoteDispatchGetDomain(self, &args->dom);

    if (!dom)
        return -1;
    ret->offset = self->via.driver->domainStreamDisk(self->via.priv, dom, args->disk, args->offset,
                                                     args->flags);
    return ret->offset < 0 ? -1 : 0;
}

static int
remoteDispatchDomainStreamDiskInfo(rpcSession *session, void *opaqueArgs, void *opaqueRet,
                                   void *opaque)
{
    const remoteDispatch *self = opaque;
    const streamdisk_domain_stream_disk_info_args *args = opaqueArgs;
    streamdisk_domain_stream_disk_info_ret *ret = opaqueRet;
    unsigned int nstates = MIN(args->nstates, STREAMDISK_STATES_MAX);
    g_autofree virDomainStreamDiskStatePtr states = g_new0(virDomainStreamDiskState, nstates);
    g_autoptr(virDomain) dom = remoteDispatchGetDomain(self, &args->dom);
    int active;

    if (!dom)
        return -1;
    active = self->via.driver->domainStreamDiskInfo(self->via.priv, dom, states, nstates,
                                                    args->flags);
    if (active < 0)
        return -1;
    ret->active = active;
    return remoteCodecEncodeStates(states, MIN((unsigned int) active, nstates),
                                   &ret->states.states_val, &ret->states.states_len);
}

static int
remoteDispatchDomainStreamDiskStart(rpcSession *session, void *opaqueArgs, void *opaqueRet,
                                    void *opaque)
{
    const remoteDispatch *self = opaque;
    const streamdisk_domain_stream_disk_start_args *args = opaqueArgs;
    g_autoptr(virDomain) dom = remoteDispatchGetDomain(self, &args->dom);
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    int rc;

    if (!dom || remoteCodecDecodeParams(args->params.params_val, args->params.params_len, &params,
                                        &nparams) < 0)
        return -1;
    rc = self->via.driver->domainStreamDiskStart(self->via.priv, dom, args->disk,
                                                 args->base ? *args->base : NULL, params, nparams,
                                                 args->flags);
    virTypedParamsFree(params, nparams);
    return rc;
}

static int
remoteDispatchDomainStreamDiskSetParameters(rpcSession *session, void *opaqueArgs, void *opaqueRet,
                                            void *opaque)
{
    const remoteDispatch *self = opaque;
    const streamdisk_domain_stream_disk_set_parameters_args *args = opaqueArgs;
    g_autoptr(virDomain) dom = remoteDispatchGetDomain(self, &args->dom);
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    int rc;

    if (!dom || remoteCodecDecodeParams(args->params.params_val, args->params.params_len, &params,
                                        &nparams) < 0)
        return -1;
    rc = self->via.driver->domainStreamDiskSetParameters(self->via.priv, dom, args->disk, params,
                                                         nparams, args->flags);
    virTypedParamsFree(params, nparams);
    return rc;
}

static int
remoteDispatchDomainStreamDiskGetStats(rpcSession *session, void *opaqueArgs, void *opaqueRet,
                                       void *opaque)
{
    const remoteDispatch *self = opaque;
    const streamdisk_domain_stream_disk_get_stats_args *args = opaqueArgs;
    streamdisk_domain_stream_disk_get_stats_ret *ret = opaqueRet;
    g_autoptr(virDomain) dom = remoteDispatchGetDomain(self, &args->dom);
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    int rc;

    if (!dom || self->via.driver->domainStreamDiskGetStats(self->via.priv, dom, args->disk, &params,
                                                           &nparams, args->flags) < 0)
        return -1;
    rc = remoteCodecEncodeParams(params, nparams, &ret->params.params_val, &ret->params.params_len);
    virTypedParamsFree(params, nparams);
    return rc;
}

static int
remoteDispatchConnectListAllStreamDisks(rpcSession *session, void *opaqueArgs, void *opaqueRet,
                                        void *opaque)
{
    const remoteDispatch *self = opaque;
    const streamdisk_connect_list_all_stream_disks_args *args = opaqueArgs;
    streamdisk_connect_list_all_stream_disks_ret *ret = opaqueRet;
    g_autoptr(GPtrArray)
        entries = self->via.driver->connectListAllStreamDisks(self->via.priv, args->flags);

    if (!entries)
        return -1;
    return remoteCodecEncodeEntries(entries, &ret->records.records_val, &ret->records.records_len);
}

static int
remoteDispatchConnectEventsSubscribe(rpcSession *session, void *opaqueArgs, void *opaqueRet,
                                     void *opaque)
{
    const remoteDispatch *self = opaque;

    remoteDispatchEventSubscribe(self->events, session);
    return 0;
}

static int
remoteDispatchConnectEventsUnsubscribe(rpcSession *session, void *opaqueArgs, void *opaqueRet,
                                       void *opaque)
{
    const remoteDispatch *self = opaque;

    return remoteDispatchEventUnsubscribe(self->events, session);
}

/* What a procedure takes and gives: its XDR struct, or nothing */
#define REMOTE_DISPATCH_ARGS(type) \
    .argsFilter = (xdrproc_t) xdr_streamdisk_##type##_args, \
    .argsLen = sizeof(streamdisk_##type##_args)
#define REMOTE_DISPATCH_RET(type) \
    .retFilter = (xdrproc_t) xdr_streamdisk_##type##_ret, .retLen = sizeof(streamdisk_##type##_ret)

static const rpcProcedure remoteDispatchProcedures[] = {
    {
        .number = STREAMDISK_PROC_CONNECT_OPEN,
        .name = "connect open",
        .flags = RPC_PROCEDURE_READONLY | RPC_PROCEDURE_UNOPENED,
        .func = remoteDispatchConnectOpen,
        REMOTE_DISPATCH_ARGS(connect_open),
    },
    {
        .number = STREAMDISK_PROC_DOMAIN_STREAM_DISK,
        .name = "virDomainStreamDisk",
        .func = remoteDispatchDomainStreamDisk,
        REMOTE_DISPATCH_ARGS(domain_stream_disk),
        REMOTE_DISPATCH_RET(domain_stream_disk),
    },
    {
        .number = STREAMDISK_PROC_DOMAIN_STREAM_DISK_INFO,
        .name = "virDomainStreamDiskInfo",
        .flags = RPC_PROCEDURE_READONLY,
        .func = remoteDispatchDomainStreamDiskInfo,
        REMOTE_DISPATCH_ARGS(domain_stream_disk_info),
        REMOTE_DISPATCH_RET(domain_stream_disk_info),
    },
    {
        .number = STREAMDISK_PROC_DOMAIN_STREAM_DISK_START,
        .name = "virDomainStreamDiskStart",
        .func = remoteDispatchDomainStreamDiskStart,
        REMOTE_DISPATCH_ARGS(domain_stream_disk_start),
    },
    {
        .number = STREAMDISK_PROC_DOMAIN_STREAM_DISK_SET_PARAMETERS,
        .name = "virDomainStreamDiskSetParameters",
        .func = remoteDispatchDomainStreamDiskSetParameters,
        REMOTE_DISPATCH_ARGS(domain_stream_disk_set_parameters),
    },
    {
        .number = STREAMDISK_PROC_DOMAIN_STREAM_DISK_GET_STATS,
        .name = "virDomainStreamDiskGetStats",
        .flags = RPC_PROCEDURE_READONLY,
        .func = remoteDispatchDomainStreamDiskGetStats,
        REMOTE_DISPATCH_ARGS(domain_stream_disk_get_stats),
        REMOTE_DISPATCH_RET(domain_stream_disk_get_stats),
    },
    {
        .number = STREAMDISK_PROC_CONNECT_LIST_ALL_STREAM_DISKS,
        .name = "virConnectListAllStreamDisks",
        .flags = RPC_PROCEDURE_READONLY,
        .func = remoteDispatchConnectListAllStreamDisks,
        REMOTE_DISPATCH_ARGS(connect_list_all_stream_disks),
        REMOTE_DISPATCH_RET(connect_list_all_stream_disks),
    },
    {
        .number = STREAMDISK_PROC_CONNECT_EVENTS_SUBSCRIBE,
        .name = "virConnectStreamDiskEventRegister",
        .flags = RPC_PROCEDURE_READONLY,
        .func = remoteDispatchConnectEventsSubscribe,
    },
    {
        .number = STREAMDISK_PROC_CONNECT_EVENTS_UNSUBSCRIBE,
        .name = "virConnectStreamDiskEventDeregister",
        .flags = RPC_PROCEDURE_READONLY,
        .func = remoteDispatchConnectEventsUnsubscribe,
    },
};

rpcProgram
remoteDispatchProgram(remoteDispatch *dispatch)
{
    return (rpcProgram) {
        .number = STREAMDISK_PROGRAM,
        .version = STREAMDISK_PROTOCOL_VERSION,
        .procedures = remoteDispatchProcedures,
        .nprocedures = G_N_ELEMENTS(remoteDispatchProcedures),
        .opaque = dispatch,
    };
}
