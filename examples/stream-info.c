/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-info.c: statistics of all streams of a connection, or of one disk's
 *
 * usage: stream-info URI [DOMAIN DISK]
 */

#include <libvirt/libvirt-streamdisk.h>
#include <stdio.h>

static void
streamInfoPrint(virDomainPtr dom, const char *disk, virTypedParameterPtr params, int nparams)
{
    unsigned long long done = 0;
    unsigned long long total = 0;
    unsigned long long rate;

    virTypedParamsGetULLong(params, nparams, VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED, &done);
    virTypedParamsGetULLong(params, nparams, VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, &total);
    printf("%s %s: %llu of %llu bytes", virDomainGetName(dom), disk, done, total);

    /* What is not known is absent. */
    if (virTypedParamsGetULLong(params, nparams, VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS, &rate) == 1)
        printf(", %llu bytes/s", rate);
    printf("\n");
}

static int
streamInfoAll(virConnectPtr conn)
{
    virDomainStreamDiskRecordPtr *records;

    if (virConnectListAllStreamDisks(conn, &records, 0) < 0)
        return -1;
    for (size_t i = 0; records[i]; i++)
        streamInfoPrint(records[i]->dom, records[i]->disk, records[i]->params, records[i]->nparams);
    virDomainStreamDiskRecordListFree(records);
    return 0;
}

static int
streamInfoOne(virConnectPtr conn, const char *name, const char *disk)
{
    virDomainPtr dom = virDomainLookupByName(conn, name);
    virTypedParameterPtr params;
    int nparams;
    int rc;

    if (!dom)
        return -1;
    if ((rc = virDomainStreamDiskGetStats(dom, disk, &params, &nparams, 0)) == 0) {
        streamInfoPrint(dom, disk, params, nparams);
        virTypedParamsFree(params, nparams);
    }
    virDomainFree(dom);
    return rc;
}

int
main(int argc, char **argv)
{
    virConnectPtr conn;
    int rc;

    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: %s URI [DOMAIN DISK]\n", argv[0]);
        return 2;
    }

    /* libvirt prints every error by itself. */
    if (!(conn = virConnectOpenReadOnly(argv[1])))
        return 1;
    rc = argc == 4 ? streamInfoOne(conn, argv[2], argv[3]) : streamInfoAll(conn);
    virConnectClose(conn);
    return rc == 0 ? 0 : 1;
}
