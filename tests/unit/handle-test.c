/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* handle-test.c: what is freed is freed, and the error stays */

#include "util/handle.h"

#include "expect.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_NONE

static void
testNothing(void)
{
    handleFreeDomain(NULL);
    handleCloseConnect(NULL);
}

/* Fails, and cleans up */
static void
testFail(virConnectPtr conn)
{
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "test");
    g_autoptr(virConnect) another = NULL;

    g_assert_nonnull(dom);
    virConnectRef(conn);
    another = conn;
    errorReport(VIR_ERR_NO_DOMAIN, "the error of %s", virDomainGetName(dom));
}

static void
testErrorStays(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");

    testFail(conn);
    expectError(VIR_ERR_NO_DOMAIN, "the error of test");
    g_assert_cmpint(virConnectClose(conn), ==, 0); /* testFail() gave up all it held */
}

static void
testNoErrorStays(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");
    virDomainPtr dom = virDomainLookupByName(conn, "test");

    handleFreeDomain(dom);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
    handleCloseConnect(conn);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/handle/nothing", testNothing);
    g_test_add_func("/handle/error-stays", testErrorStays);
    g_test_add_func("/handle/no-error-stays", testNoErrorStays);
    return g_test_run();
}
