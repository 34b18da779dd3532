/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driver-test.c: the library as applications load it, on a connection that no driver serves */

#include "libvirt/libvirt-streamdisk.h"

#include "expect.h"

#define assertNoSupport(call) \
    do { \
        g_assert_cmpint((call), ==, -1); \
        expectError(VIR_ERR_NO_SUPPORT, "streaming of disks for connections of type 'Xen'"); \
    } while (0)

/* Stands in for libvirt's, of which only drivers that are ours can be had here. */
const char *
virConnectGetType(virConnectPtr conn)
{
    return "Xen";
}

static void
testEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
          virTypedParameterPtr params, int nparams, void *opaque)
{
}

static void
testNoSupport(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");
    virDomainPtr dom = virDomainLookupByName(conn, "test");
    virTypedParameter param = { .field = VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH,
                                .type = VIR_TYPED_PARAM_ULLONG };
    virTypedParameterPtr params = NULL;
    int nparams;

    assertNoSupport(virDomainStreamDisk(dom, "vda", 0, VIR_DOMAIN_STREAM_DISK_START));
    assertNoSupport(virDomainStreamDiskInfo(dom, NULL, 0, 0));
    assertNoSupport(virDomainStreamDiskStart(dom, "vda", NULL, NULL, 0, 0));
    assertNoSupport(virDomainStreamDiskSetParameters(dom, "vda", &param, 1, 0));
    assertNoSupport(virDomainStreamDiskGetStats(dom, "vda", &params, &nparams, 0));
    assertNoSupport(virConnectListAllStreamDisks(conn, NULL, 0));
    assertNoSupport(virConnectStreamDiskEventRegister(conn, dom, testEvent, NULL, NULL, 0));
    virDomainFree(dom);
    g_assert_cmpint(virConnectClose(conn), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/driver/no-support", testNoSupport);
    return g_test_run();
}
