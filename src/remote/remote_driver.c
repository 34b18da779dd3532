/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remote_driver.c: the driver table whose slots encode, call virtstreamd, and decode
 *
 * What connectOpen makes of a connection is a reference to the rpcClient that all
 * connections to the same virtstreamd share.
 */

#include "remote/remote_driver.h"

#include <string.h>
#include <unistd.h>

#include "remote/remote_client.h"
#include "remote/remote_codec.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_RPC

/* Whether @text is the URI of a libvirt on this machine that has a virtstreamd beside it */
static bool
remoteDriverIsLocal(const char *text, remoteInstance *instance)
{
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
    g_autoptr(GHashTable) params = NULL;
    const char *path;

    if (!uri || (g_strcmp0(g_uri_get_scheme(uri), "qemu") != 0 &&
                 g_strcmp0(g_uri_get_scheme(uri), "qemu+unix") != 0))
        return false;
    if (g_uri_get_host(uri) && *g_uri_get_host(uri))
        return false;

    /* a libvirt of somebody's own */
    if (g_uri_get_query(uri) &&
        (!(params = g_uri_parse_params(g_uri_get_query(uri), -1, "&", G_URI_PARAMS_NONE, NULL)) ||
         g_hash_table_contains(params, "socket")))
        return false;

    path = g_uri_get_path(uri);
    /* root's session is the system's instance, as it is for libvirt */
    *instance = strcmp(path, "/session") == 0 && geteuid() != 0 ? REMOTE_INSTANCE_SESSION
                                                                : REMOTE_INSTANCE_SYSTEM;
    return strcmp(path, "/session") == 0 || strcmp(path, "/system") == 0;
}

static int
remoteDriverConnectOpen(virConnectPtr conn, void **priv)
{
    const char *type = virConnectGetType(conn);
    g_autofree char *uri = NULL;
    rpcClient *client = NULL;
    remoteInstance instance;
    int rc;

    if (!type)
        return -1;
    if (strcmp(type, "QEMU") != 0)
        return 0;
    if (!(uri = virConnectGetURI(conn)))
        return -1;
    if (!remoteDriverIsLocal(uri, &instance))
        return 0;

    if ((rc = remoteClientOpen(instance, &client)) > 0)
        *priv = client;
    return rc;
}

static void
remoteDriverConnectClose(void *priv)
{
    rpcClient *client = priv;

    rpcClientUnref(client);
}

static int
remoteDriverCall(void *priv, int proc, xdrproc_t argsFilter, const void *args, xdrproc_t retFilter,
                 void *ret)
{
    return rpcClientCall(priv, STREAMDISK_PROGRAM, STREAMDISK_PROTOCOL_VERSION, proc, argsFilter,
                         args, retFilter, ret);
}

static long long
remoteDriverDomainStreamDisk(void *priv, virDomainPtr dom, const char *disk,
                             unsigned long long offset, unsigned int flags)
{
    const xdrproc_t argsFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_args;
    streamdisk_domain_stream_disk_args args = { .offset = offset, .flags = flags };
    streamdisk_domain_stream_disk_ret ret = { 0 };
    int rc = -1;

    if (remoteCodecEncodeDomain(dom, &args.dom) == 0 &&
        remoteCodecEncodeString("disk", disk, &args.disk) == 0)
        rc = remoteDriverCall(priv, STREAMDISK_PROC_DOMAIN_STREAM_DISK, argsFilter, &args,
                              (xdrproc_t) xdr_streamdisk_domain_stream_disk_ret, &ret);
    xdr_free(argsFilter, (char *) &args);
    if (rc < 0)
        return -1;

    if (ret.offset < 0) {
        errorReport(VIR_ERR_RPC, "virtstreamd answered with offset %lld", (long long) ret.offset);
        return -1;
    }
    return ret.offset;
}

static int
remoteDriverDomainStreamDiskInfo(void *priv, virDomainPtr dom, virDomainStreamDiskStatePtr states,
                                 unsigned int nstates, unsigned int flags)
{
    const xdrproc_t argsFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_info_args;
    const xdrproc_t retFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_info_ret;
    streamdisk_domain_stream_disk_info_args args = {
        .nstates = MIN(nstates, STREAMDISK_STATES_MAX),
        .flags = flags,
    };
    streamdisk_domain_stream_disk_info_ret ret = { 0 };
    int rc = -1;

    if (remoteCodecEncodeDomain(dom, &args.dom) == 0)
        rc = remoteDriverCall(priv, STREAMDISK_PROC_DOMAIN_STREAM_DISK_INFO, argsFilter, &args,
                              retFilter, &ret);
    xdr_free(argsFilter, (char *) &args);
    if (rc < 0)
        return -1;

    if (ret.active > G_MAXINT || ret.active < ret.states.states_len) {
        errorReport(VIR_ERR_RPC, "virtstreamd answered with %u streams, %u of them filled in",
                    ret.active, ret.states.states_len);
        rc = -1;
    } else {
        rc = remoteCodecDecodeStates(ret.states.states_val, ret.states.states_len, states,
                                     args.nstates);
    }
    if (rc == 0)
        rc = ret.active;
    xdr_free(retFilter, (char *) &ret);
    return rc;
}

static int
remoteDriverDomainStreamDiskStart(void *priv, virDomainPtr dom, const char *disk, const char *base,
                                  virTypedParameterPtr params, int nparams, unsigned int flags)
{
    const xdrproc_t argsFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_start_args;
    streamdisk_domain_stream_disk_start_args args = { .flags = flags };
    int rc = -1;

    if (remoteCodecEncodeDomain(dom, &args.dom) == 0 &&
        remoteCodecEncodeString("disk", disk, &args.disk) == 0 &&
        remoteCodecEncodeOptional("base", base, &args.base) == 0 &&
        remoteCodecEncodeParams(params, nparams, &args.params.params_val,
                                &args.params.params_len) == 0)
        rc = remoteDriverCall(priv, STREAMDISK_PROC_DOMAIN_STREAM_DISK_START, argsFilter, &args,
                              NULL, NULL);
    xdr_free(argsFilter, (char *) &args);
    return rc;
}

static int
remoteDriverDomainStreamDiskSetParameters(void *priv, virDomainPtr dom, const char *disk,
                                          virTypedParameterPtr params, int nparams,
                                          unsigned int flags)
{
    const xdrproc_t argsFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_set_parameters_args;
    streamdisk_domain_stream_disk_set_parameters_args args = { .flags = flags };
    int rc = -1;

    if (remoteCodecEncodeDomain(dom, &args.dom) == 0 &&
        remoteCodecEncodeString("disk", disk, &args.disk) == 0 &&
        remoteCodecEncodeParams(params, nparams, &args.params.params_val,
                                &args.params.params_len) == 0)
        rc = remoteDriverCall(priv, STREAMDISK_PROC_DOMAIN_STREAM_DISK_SET_PARAMETERS, argsFilter,
                              &args, NULL, NULL);
    xdr_free(argsFilter, (char *) &args);
    return rc;
}

static int
remoteDriverDomainStreamDiskGetStats(void *priv, virDomainPtr dom, const char *disk,
                                     virTypedParameterPtr *params, int *nparams, unsigned int flags)
{
    const xdrproc_t argsFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_get_stats_args;
    const xdrproc_t retFilter = (xdrproc_t) xdr_streamdisk_domain_stream_disk_get_stats_ret;
    streamdisk_domain_stream_disk_get_stats_args args = { .flags = flags };
    streamdisk_domain_stream_disk_get_stats_ret ret = { 0 };
    int rc = -1;

    if (remoteCodecEncodeDomain(dom, &args.dom) == 0 &&
        remoteCodecEncodeString("disk", disk, &args.disk) == 0)
        rc = remoteDriverCall(priv, STREAMDISK_PROC_DOMAIN_STREAM_DISK_GET_STATS, argsFilter, &args,
                              retFilter, &ret);
    xdr_free(argsFilter, (char *) &args);
    if (rc < 0)
        return -1;

    rc = remoteCodecDecodeParams(ret.params.params_val, ret.params.params_len, params, nparams);
    xdr_free(retFilter, (char *) &ret);
    return rc;
}

static GPtrArray *
remoteDriverConnectListAllStreamDisks(void *priv, unsigned int flags)
{
    const xdrproc_t retFilter = (xdrproc_t) xdr_streamdisk_connect_list_all_stream_disks_ret;
    streamdisk_connect_list_all_stream_disks_args args = { .flags = flags };
    streamdisk_connect_list_all_stream_disks_ret ret = { 0 };
    GPtrArray *entries;

    if (remoteDriverCall(priv, STREAMDISK_PROC_CONNECT_LIST_ALL_STREAM_DISKS,
                         (xdrproc_t) xdr_streamdisk_connect_list_all_stream_disks_args, &args,
                         retFilter, &ret) < 0)
        return NULL;
    entries = remoteCodecDecodeEntries(ret.records.records_val, ret.records.records_len);
    xdr_free(retFilter, (char *) &ret);
    return entries;
}

static int
remoteDriverConnectEventsSubscribe(void *priv)
{
    return remoteDriverCall(priv, STREAMDISK_PROC_CONNECT_EVENTS_SUBSCRIBE, NULL, NULL, NULL, NULL);
}

/* A failure means that the connection has ended, and the subscription with it. */
static void
remoteDriverConnectEventsUnsubscribe(void *priv)
{
    (void) remoteDriverCall(priv, STREAMDISK_PROC_CONNECT_EVENTS_UNSUBSCRIBE, NULL, NULL, NULL,
                            NULL);
}

const driverTable remoteDriver = {
    .name = "remote",
    .connectOpen = remoteDriverConnectOpen,
    .connectClose = remoteDriverConnectClose,
    .domainStreamDisk = remoteDriverDomainStreamDisk,
    .domainStreamDiskInfo = remoteDriverDomainStreamDiskInfo,
    .domainStreamDiskStart = remoteDriverDomainStreamDiskStart,
    .domainStreamDiskSetParameters = remoteDriverDomainStreamDiskSetParameters,
    .domainStreamDiskGetStats = remoteDriverDomainStreamDiskGetStats,
    .connectListAllStreamDisks = remoteDriverConnectListAllStreamDisks,
    .connectEventsSubscribe = remoteDriverConnectEventsSubscribe,
    .connectEventsUnsubscribe = remoteDriverConnectEventsUnsubscribe,
};
