/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-start.c: stream a disk, gently until half is done, and wait for its end by events
 *
 * usage: stream-start URI DOMAIN DISK, for example: stream-start test:///default test vda
 */

#include <libvirt/libvirt-streamdisk.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *disk;
    int lifted; /* the limit is */
    int end;    /* the event that ended the stream, -1 before */
} streamStartWait;

static void
streamStartSetLimit(virTypedParameterPtr param, unsigned long long bytesPerSecond)
{
    *param = (virTypedParameter) {
        .field = VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH,
        .type = VIR_TYPED_PARAM_ULLONG,
        .value.ul = bytesPerSecond,
    };
}

static void
streamStartOnEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
                   virTypedParameterPtr params, int nparams, void *opaque)
{
    streamStartWait *wait = opaque;
    unsigned long long done = 0;
    unsigned long long total = 0;
    const char *reason = "no reason given";
    virTypedParameter limit;

    if (strcmp(disk, wait->disk) != 0)
        return;

    switch ((virDomainStreamDiskEvent) event) {
    case VIR_DOMAIN_STREAM_DISK_EVENT_STARTED: return;
    case VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS:
        virTypedParamsGetULLong(params, nparams, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED,
                                &done);
        virTypedParamsGetULLong(params, nparams, VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, &total);
        printf("%s: %llu of %llu bytes\n", disk, done, total);
        if (done > total / 2 && !wait->lifted) {
            streamStartSetLimit(&limit, 0);
            wait->lifted = virDomainStreamDiskSetParameters(dom, disk, &limit, 1, 0) == 0;
        }
        return;
    case VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED: reason = "completed"; break;
    case VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED:
    case VIR_DOMAIN_STREAM_DISK_EVENT_FAILED:
        virTypedParamsGetString(params, nparams, VIR_DOMAIN_STREAM_DISK_STATS_REASON, &reason);
        break;
    }
    printf("%s: %s\n", disk, reason);
    wait->end = event;
}

static int
streamStartRun(virConnectPtr conn, virDomainPtr dom, const char *disk)
{
    streamStartWait wait = { .disk = disk, .end = -1 };
    virTypedParameter limit;
    /* Registered before the start, so that no event is missed */
    int callback = virConnectStreamDiskEventRegister(conn, dom, streamStartOnEvent, &wait, NULL, 0);

    if (callback < 0)
        return -1;
    streamStartSetLimit(&limit, 50 << 20);
    if (virDomainStreamDiskStart(dom, disk, NULL, &limit, 1, 0) == 0) {
        while (wait.end < 0 && virEventRunDefaultImpl() == 0)
            ;
    }
    virConnectStreamDiskEventDeregister(conn, callback);
    return wait.end == VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED ? 0 : -1;
}

int
main(int argc, char **argv)
{
    virConnectPtr conn = NULL;
    virDomainPtr dom = NULL;
    int rc = -1;

    if (argc != 4) {
        fprintf(stderr, "usage: %s URI DOMAIN DISK\n", argv[0]);
        return 2;
    }

    /* The event loop must be registered before the connection is opened. libvirt prints
     * every error by itself. */
    if (virEventRegisterDefaultImpl() == 0 && (conn = virConnectOpen(argv[1])) &&
        (dom = virDomainLookupByName(conn, argv[2])))
        rc = streamStartRun(conn, dom, argv[3]);

    if (dom)
        virDomainFree(dom);
    if (conn)
        virConnectClose(conn);
    return rc == 0 ? 0 : 1;
}
