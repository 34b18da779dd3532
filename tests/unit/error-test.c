/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* error-test.c: errors as libvirt's own, in every field that an application sees */

#include "util/error.h"

#include <errno.h>

#include "expect.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

static void
testReport(void)
{
    virErrorPtr err;

    errorReport(VIR_ERR_INVALID_ARG, "disk '%s' of %d", "vda", 3);
    err = virGetLastError();
    g_assert_cmpint(err->code, ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(err->domain, ==, VIR_FROM_QEMU);
    g_assert_cmpint(err->level, ==, VIR_ERR_ERROR);
    g_assert_nonnull(g_strrstr(err->message, "disk 'vda' of 3"));

    errorReport(VIR_ERR_NO_SUPPORT, "%s", "another");
    expectError(VIR_ERR_NO_SUPPORT, "another");
}

static void
testSystem(void)
{
    errorReportSystem(ENOENT, "cannot open '%s'", "/x");
    expectError(VIR_ERR_SYSTEM_ERROR, "cannot open '/x': No such file or directory");
    errorReportSystem(EACCES, "100%%");
    expectError(VIR_ERR_SYSTEM_ERROR, "100%: Permission denied");
}

/* The text of another process is taken as it is. */
static void
testRaise(void)
{
    virErrorPtr err;

    errorRaise(VIR_FROM_STORAGE, VIR_ERR_NO_DOMAIN, VIR_ERR_WARNING, "no %s %n here", "one", NULL,
               "three", 4, 5);
    err = virGetLastError();
    g_assert_cmpint(err->domain, ==, VIR_FROM_STORAGE);
    g_assert_cmpint(err->code, ==, VIR_ERR_NO_DOMAIN);
    g_assert_cmpint(err->level, ==, VIR_ERR_WARNING);
    g_assert_cmpstr(err->message, ==, "no %s %n here");
    g_assert_cmpstr(err->str1, ==, "one");
    g_assert_null(err->str2);
    g_assert_cmpstr(err->str3, ==, "three");
    g_assert_cmpint(err->int1, ==, 4);
    g_assert_cmpint(err->int2, ==, 5);
    virResetLastError();
}

static void
testText(void)
{
    virResetLastError();
    g_assert_cmpstr(errorText(), ==, "no error");
    errorReport(VIR_ERR_INVALID_ARG, "%s", "some error");
    g_assert_nonnull(g_strrstr(errorText(), "some error"));
    virResetLastError();
}

static void
testKeep(void)
{
    virErrorPtr kept;

    virResetLastError();
    g_assert_null(errorKeep());
    errorRestore(NULL);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);

    errorReport(VIR_ERR_INVALID_ARG, "%s", "the first");
    kept = errorKeep();
    errorReport(VIR_ERR_NO_DOMAIN, "%s", "the second");
    errorRestore(kept);
    expectError(VIR_ERR_INVALID_ARG, "the first");
}

static void
testHandler(void *opaque, virErrorPtr err)
{
    int *codes = opaque;

    *codes = err->code;
}

static void
testDispatch(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");
    int of_conn = 0;
    int of_all = 0;

    virSetErrorFunc(&of_all, testHandler);
    virConnSetErrorFunc(conn, &of_conn, testHandler);
    errorReport(VIR_ERR_INVALID_ARG, "%s", "x");
    g_assert_cmpint(of_conn, ==, 0);
    errorDispatch(conn);
    g_assert_cmpint(of_conn, ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(of_all, ==, 0);
    errorReport(VIR_ERR_NO_DOMAIN, "%s", "x");
    errorDispatch(NULL);
    g_assert_cmpint(of_conn, ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(of_all, ==, VIR_ERR_NO_DOMAIN);
    virSetErrorFunc(NULL, NULL);
    virConnectClose(conn);
}

static void
testCount(void *opaque, virErrorPtr err)
{
    ++*(int *) opaque;
}

/* What a call of libvirt's has told the handler is not told again. */
static void
testDispatchOnce(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");
    virErrorPtr kept;
    int told = 0;

    virSetErrorFunc(&told, testCount);
    errorReport(VIR_ERR_NO_DOMAIN, "%s", "ours");
    g_assert_null(virDomainLookupByName(conn, "nobody"));
    g_assert_cmpint(told, ==, 1);
    errorDispatch(conn);
    g_assert_cmpint(told, ==, 1);

    errorReportSystem(ENOENT, "ours");
    kept = errorKeep();
    g_assert_null(virDomainLookupByName(conn, "nobody"));
    errorRestore(kept);
    errorDispatch(conn);
    g_assert_cmpint(told, ==, 3);
    errorRaise(VIR_FROM_NONE, VIR_ERR_NO_DOMAIN, VIR_ERR_ERROR, "ours", NULL, NULL, NULL, 0, 0);
    errorDispatch(conn);
    g_assert_cmpint(told, ==, 4);
    virSetErrorFunc(NULL, NULL);
    virConnectClose(conn);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/report", testReport);
    g_test_add_func("/error/system", testSystem);
    g_test_add_func("/error/raise", testRaise);
    g_test_add_func("/error/text", testText);
    g_test_add_func("/error/keep", testKeep);
    g_test_add_func("/error/dispatch", testDispatch);
    g_test_add_func("/error/dispatch-once", testDispatchOnce);
    return g_test_run();
}
