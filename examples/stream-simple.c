/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-simple.c: start, stop and look at streams with the two simple calls
 *
 * usage: stream-simple URI DOMAIN [start|stop DISK]
 */

#include <libvirt/libvirt-streamdisk.h>
#include <stdio.h>
#include <string.h>

#define STREAM_SIMPLE_MAX 16

/* Prints the active streams of a domain. */
static int
streamSimpleInfo(virDomainPtr dom)
{
    virDomainStreamDiskState states[STREAM_SIMPLE_MAX];
    int active = virDomainStreamDiskInfo(dom, states, STREAM_SIMPLE_MAX, 0);

    for (int i = 0; i < active && i < STREAM_SIMPLE_MAX; i++)
        printf("%s (%s): %llu of %llu bytes\n", states[i].target, states[i].alias, states[i].offset,
               states[i].size);
    if (active == 0)
        printf("No active stream\n");
    return active < 0 ? -1 : 0;
}

static int
streamSimpleRun(virDomainPtr dom, const char *verb, const char *disk)
{
    if (!verb)
        return streamSimpleInfo(dom);
    if (strcmp(verb, "start") == 0)
        return (int) virDomainStreamDisk(dom, disk, 0, VIR_DOMAIN_STREAM_DISK_START);
    return (int) virDomainStreamDisk(dom, disk, 0, VIR_DOMAIN_STREAM_DISK_STOP);
}

int
main(int argc, char **argv)
{
    virConnectPtr conn = NULL;
    virDomainPtr dom = NULL;
    int rc = -1;

    if (argc != 3 &&
        !(argc == 5 && (strcmp(argv[3], "start") == 0 || strcmp(argv[3], "stop") == 0))) {
        fprintf(stderr, "usage: %s URI DOMAIN [start|stop DISK]\n", argv[0]);
        return 2;
    }

    /* libvirt prints every error by itself. */
    if ((conn = virConnectOpen(argv[1])) && (dom = virDomainLookupByName(conn, argv[2])))
        rc = streamSimpleRun(dom, argv[3], argc == 5 ? argv[4] : NULL);

    if (dom)
        virDomainFree(dom);
    if (conn)
        virConnectClose(conn);
    return rc == 0 ? 0 : 1;
}
