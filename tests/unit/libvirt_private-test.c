/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stock-test.c: the libvirt of this machine has what is looked for */

#include "util/libvirt_private.h"

#include <glib.h>

static void *
testGet(void *opaque)
{
    return (void *) libvirtPrivateGet();
}

/* Many threads at once get the same table, complete. */
static void
testComplete(void)
{
    GThread *threads[8];
    const libvirtPrivateFunctions *stock;

    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("get", testGet, NULL);
    stock = libvirtPrivateGet();
    g_assert_nonnull(stock->reportError);
    g_assert_nonnull(stock->raiseError);
    g_assert_nonnull(stock->dispatchError);
    g_assert_nonnull(stock->setError);
    g_assert_nonnull(stock->getDomain);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_true(g_thread_join(threads[i]) == stock);
}

/* The one that nothing else calls like this: a domain that no hypervisor has */
static void
testGetDomain(void)
{
    static const unsigned char uuid[VIR_UUID_BUFLEN] = { 1, 2, 3 };
    virConnectPtr conn = virConnectOpen("test:///default");
    virDomainPtr dom = libvirtPrivateGet()->getDomain(conn, "nobody", uuid, 7);
    unsigned char found[VIR_UUID_BUFLEN];

    g_assert_nonnull(dom);
    g_assert_cmpstr(virDomainGetName(dom), ==, "nobody");
    g_assert_cmpuint(virDomainGetID(dom), ==, 7);
    g_assert_cmpint(virDomainGetUUID(dom, found), ==, 0);
    g_assert_cmpmem(found, sizeof(found), uuid, sizeof(uuid));
    virDomainFree(dom);
    virConnectClose(conn);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stock/complete", testComplete);
    g_test_add_func("/stock/get-domain", testGetDomain);
    return g_test_run();
}
