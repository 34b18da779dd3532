/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * info-call.c: what one question for the state of a disk costs: prints microseconds
 *
 * usage: info-call job|stream DOMAIN DISK COUNT
 */

#include <glib.h>
#include <libvirt/libvirt-streamdisk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
infoCallJob(virDomainPtr dom, const char *disk)
{
    virDomainBlockJobInfo info;

    return virDomainGetBlockJobInfo(dom, disk, &info, 0);
}

static int
infoCallStream(virDomainPtr dom, const char *disk)
{
    virDomainStreamDiskState state;

    return virDomainStreamDiskInfo(dom, &state, 1, 0);
}

int
main(int argc, char **argv)
{
    int (*call)(virDomainPtr, const char *);
    long count = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
    virConnectPtr conn;
    virDomainPtr dom;
    gint64 began;

    if (count <= 0) {
        fprintf(stderr, "usage: %s job|stream DOMAIN DISK COUNT\n", argv[0]);
        return 2;
    }
    call = strcmp(argv[1], "job") == 0 ? infoCallJob : infoCallStream;
    if (!(conn = virConnectOpen(NULL)) || !(dom = virDomainLookupByName(conn, argv[2])))
        return EXIT_FAILURE;

    call(dom, argv[3]); /* what only the first one does */
    began = g_get_monotonic_time();
    for (long i = 0; i < count; i++) {
        if (call(dom, argv[3]) != 1)
            return EXIT_FAILURE;
    }
    printf("%.1f\n", (double) (g_get_monotonic_time() - began) / (double) count);
    virDomainFree(dom);
    virConnectClose(conn);
    return EXIT_SUCCESS;
}
