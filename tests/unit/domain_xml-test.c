/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_xml-test.c: what is a domain, and what is in it */

#include "conf/domain_xml.h"

static void
testRead(void)
{
    static const char *const others[] = {
        "",
        "no XML",
        "<domain>",
        "<network/>",
        "<!DOCTYPE domain [<!ENTITY a 'b'>]><domain>&a;</domain>",
    };
    g_autoptr(xmlDoc) doc = domainXmlRead("<domain type='test'/>");

    g_assert_nonnull(doc);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_null(domainXmlRead(others[i]));
}

static void
testWalk(void)
{
    g_autoptr(xmlDoc)
        doc = domainXmlRead("<domain><a n='1' x:m='3' xmlns:x='urn:x'/>text<a n='2'/><b/>"
                            "<number>18446744073709551615</number></domain>");
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlNode *first = domainXmlChild(root, "a");
    g_autofree char *value = domainXmlAttr(first, "n");

    g_assert_cmpstr(value, ==, "1");
    g_assert_null(domainXmlAttr(first, "m")); /* of another namespace */
    g_assert_null(domainXmlAttr(NULL, "n"));
    g_assert_nonnull(domainXmlChild(root, "b"));
    g_assert_null(domainXmlChild(root, "c"));
    g_assert_cmpuint(domainXmlNumber(domainXmlChild(root, "number")), ==, G_MAXUINT64);
    g_assert_cmpuint(domainXmlNumber(domainXmlChild(root, "b")), ==, 0);
    g_assert_cmpuint(domainXmlNumber(root), ==, 0);
    g_assert_cmpuint(domainXmlNumber(NULL), ==, 0);
    g_assert_null(domainXmlChild(NULL, "a"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain_xml/read", testRead);
    g_test_add_func("/domain_xml/walk", testWalk);
    return g_test_run();
}
