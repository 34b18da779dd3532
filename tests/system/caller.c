/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * caller.c: asks for the statistics of a stream on one connection, once for each line that it reads
 *
 *   caller GUEST DISK
 *
 * "ready" comes first, then "state N" or "error: MESSAGE" for each call.
 */

#include <libvirt/libvirt-streamdisk.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>

static void
callerIgnoreError(void *opaque, virErrorPtr err)
{
}

static void
callerCall(virDomainPtr dom, const char *disk)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    int state = -1;

    if (virDomainStreamDiskGetStats(dom, disk, &params, &nparams, 0) < 0) {
        printf("error: %s\n", virGetLastErrorMessage());
        return;
    }
    virTypedParamsGetInt(params, nparams, VIR_DOMAIN_STREAM_DISK_STATS_STATE, &state);
    printf("state %d\n", state);
    virTypedParamsFree(params, nparams);
}

int
main(int argc, char **argv)
{
    virConnectPtr conn = NULL;
    virDomainPtr dom = NULL;
    char line[16];

    setlinebuf(stdout);
    virSetErrorFunc(NULL, callerIgnoreError);
    if (argc != 3 || !(conn = virConnectOpen(NULL)) ||
        !(dom = virDomainLookupByName(conn, argv[1]))) {
        fprintf(stderr, "caller: %s\n", virGetLastErrorMessage());
        return EXIT_FAILURE;
    }

    puts("ready");
    while (fgets(line, sizeof(line), stdin))
        callerCall(dom, argv[2]);

    virDomainFree(dom);
    virConnectClose(conn);
    return EXIT_SUCCESS;
}
