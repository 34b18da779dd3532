/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_entry-test.c: a domain by value and back */

#include "stream_entry.h"

#include "expect.h"
#include "util/handle.h"

static void
testDomain(void)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "test");
    g_autoptr(virDomain) again = NULL;
    g_autoptr(streamEntry) entry = streamEntryNew(dom, "vda");
    unsigned char uuid[VIR_UUID_BUFLEN];

    g_assert_cmpstr(entry->name, ==, "test");
    g_assert_cmpstr(entry->disk, ==, "vda");
    g_assert_cmpint(entry->nparams, ==, 0);
    g_assert_null(entry->params);
    g_assert_cmpint(entry->id, ==, (int) virDomainGetID(dom));

    again = streamEntryGetDomain(entry, conn);
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
    g_autoptr(streamEntry) entry = streamEntryNew(dom, "vda");
    g_autoptr(streamEntry) sibling = streamEntryNewSibling(entry, "vdb");

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
    g_autoptr(virDomain) dom = virDomainDefineXML(conn, "<domain type='test'><name>off</name>"
                                                  "<memory>1024</memory><os><type>hvm</type></os>"
                                                  "</domain>");
    g_autoptr(streamEntry) entry = streamEntryNew(dom, "vda");
    g_autoptr(virDomain) again = streamEntryGetDomain(entry, conn);

    g_assert_cmpint(entry->id, ==, -1);
    g_assert_cmpuint(virDomainGetID(again), ==, (unsigned int) -1);
}

static void
testNoConnect(void)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "test");
    g_autoptr(streamEntry) entry = streamEntryNew(dom, "vda");

    g_assert_null(streamEntryGetDomain(entry, NULL));
    expectError(VIR_ERR_INVALID_CONN, "conn");
}

static void
testFree(void)
{
    g_autoptr(virConnect) conn = virConnectOpen("test:///default");
    g_autoptr(virDomain) dom = virDomainLookupByName(conn, "test");
    streamEntry *entry = streamEntryNew(dom, "vda");
    int room = 0;

    virTypedParamsAddString(&entry->params, &entry->nparams, &room, "reason", "none");
    streamEntryFree(entry);
    streamEntryFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream_entry/domain", testDomain);
    g_test_add_func("/stream_entry/sibling", testSibling);
    g_test_add_func("/stream_entry/inactive", testInactive);
    g_test_add_func("/stream_entry/no-connect", testNoConnect);
    g_test_add_func("/stream_entry/free", testFree);
    return g_test_run();
}
