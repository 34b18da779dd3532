/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_metadata-test.c: an element among others, its attributes and what is in it */

#include "conf/domain_metadata.h"

#define TEST_XML \
    "<domain><name>a</name><metadata>" \
    "<other:plan xmlns:other='urn:other' clock='wrong'/>" \
    "<plan clock='of no namespace'/>" \
    "<my:else xmlns:my='urn:my'/>" \
    "<my:plan xmlns:my='urn:my' clock='step' day='1'>" \
    "text<my:disk target='vda'/><my:disk target='vdb'><my:deep/></my:disk>" \
    "<other:disk xmlns:other='urn:other'/>" \
    "</my:plan></metadata></domain>"

static void
testFind(void)
{
    g_autoptr(domainMetadata) plan = domainMetadataFind(TEST_XML, "urn:my", "plan");
    const domainMetadata *disk;

    g_assert_nonnull(plan);
    g_assert_cmpstr(plan->name, ==, "plan");
    g_assert_cmpstr(plan->names[0], ==, "clock");
    g_assert_cmpstr(plan->names[1], ==, "day");
    g_assert_null(plan->names[2]);
    g_assert_cmpstr(domainMetadataGet(plan, "clock"), ==, "step");
    g_assert_null(domainMetadataGet(plan, "target"));

    g_assert_cmpuint(plan->children->len, ==, 2);
    disk = g_ptr_array_index(plan->children, 1);
    g_assert_cmpstr(disk->name, ==, "disk");
    g_assert_cmpstr(domainMetadataGet(disk, "target"), ==, "vdb");
    g_assert_cmpuint(disk->children->len, ==, 1);
}

static void
testAbsent(void)
{
    g_assert_null(domainMetadataFind(TEST_XML, "urn:my", "disk"));
    g_assert_null(domainMetadataFind(TEST_XML, "urn:nobody's", "plan"));
    g_assert_null(domainMetadataFind("<domain><metadata/></domain>", "urn:my", "plan"));
    g_assert_null(domainMetadataFind("<domain/>", "urn:my", "plan"));
    g_assert_null(domainMetadataFind("no XML", "urn:my", "plan"));
    domainMetadataFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain_metadata/find", testFind);
    g_test_add_func("/domain_metadata/absent", testAbsent);
    return g_test_run();
}
