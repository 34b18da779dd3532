/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_record-test.c: a domain by value and back */

#include "stream/stream_record.h"

#include "expect.h"
#include "util/handle.h"

static void
testDomain(void)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "test");
    g_autoptr(virDomain) again = NULL;
    g_autoptr(streamRecord) entry = streamRecordNew(dom, "vda");
    unsigned char uuid[VIR_UUID_BUFLEN];

    g_assert_cmpstr(entry->name, ==, "test");
    g_assert_cmpstr(entry->disk, ==, "vda");
    g_assert_cmpint(entry->nparams, ==, 0);
    g_assert_null(entry->params);
    g_assert_cmpint(entry->id, ==, (int) virDomainGetID(dom));

    again = streamRecordGetDomain(entry, conn);
    g_assert_nonnull(again);
    g_assert_cmpstr(virDomainGetName(again), ==, "test");
    g_assert_cmpuint(virDomainGetID(again), ==, virDomainGetID(dom));
    g_assert_cmpint(virDomainGetUUID(again, uuid), ==, 0);
    g_assert_cmpmem(uuid, sizeof(uuid), entry->uuid, sizeof(entry->uuid));
    g_assert_true(virDomainGetConnect(again) == conn);
}

static void
testSibling(void)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "test");
    g_autoptr(streamRecord) entry = streamRecordNew(dom, "vda");
    g_autoptr(streamRecord) sibling = streamRecordNewSibling(entry, "vdb");

    g_assert_cmpstr(sibling->name, ==, "test");
    g_assert_cmpmem(sibling->uuid, sizeof(sibling->uuid), entry->uuid, sizeof(entry->uuid));
    g_assert_cmpint(sibling->id, ==, entry->id);
    g_assert_cmpstr(sibling->disk, ==, "vdb");
    g_assert_null(sibling->params);
}

static void
testInactive(void)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain)
        dom = virDomainDefineXML(conn, "<domain type='test'><name>off</name>"
                                       "<memory>1024</memory><os><type>hvm</type></os>"
                                       "</domain>");
    g_autoptr(streamRecord) entry = streamRecordNew(dom, "vda");
    g_autoptr(virDomain) again = streamRecordGetDomain(entry, conn);

    g_assert_cmpint(entry->id, ==, -1);
    g_assert_cmpuint(virDomainGetID(again), ==, (unsigned int) -1);
}

static void
testNoConnect(void)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "test");
    g_autoptr(streamRecord) entry = streamRecordNew(dom, "vda");

    g_assert_null(streamRecordGetDomain(entry, NULL));
    expectError(VIR_ERR_INVALID_CONN, "conn");
}

static void
testFree(void)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "test");
    streamRecord *entry = streamRecordNew(dom, "vda");
    int room = 0;

    virTypedParamsAddString(&entry->params, &entry->nparams, &room, "reason", "none");
    streamRecordFree(entry);
    streamRecordFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream_record/domain", testDomain);
    g_test_add_func("/stream_record/sibling", testSibling);
    g_test_add_func("/stream_record/inactive", testInactive);
    g_test_add_func("/stream_record/no-connect", testNoConnect);
    g_test_add_func("/stream_record/free", testFree);
    return g_test_run();
}
