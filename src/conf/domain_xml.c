/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_xml.c: libxml2, as far as it is needed */

#include "conf/domain_xml.h"

#include <libxml/parser.h>
#include <string.h>

xmlDoc *
domainXmlRead(const char *xml)
{
    g_autoptr(xmlDoc)
        doc = xmlReadMemory(xml, (int) MIN(strlen(xml), G_MAXINT), "domain.xml", NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

    /* libvirt writes no document type, whose entities could expand without end */
    if (!root || xmlGetIntSubset(doc) || !g_str_equal(root->name, "domain"))
        return NULL;
    return g_steal_pointer(&doc);
}

xmlNode *
domainXmlChild(xmlNode *node, const char *name)
{
    for (xmlNode *child = node ? node->children : NULL; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && g_str_equal(child->name, name))
            return child;
    }
    return NULL;
}

char *
domainXmlAttr(xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, BAD_CAST name) : NULL;
    char *copy = g_strdup((const char *) value);

    xmlFree(value);
    return copy;
}

guint64
domainXmlNumber(xmlNode *node)
{
    xmlChar *content = node ? xmlNodeGetContent(node) : NULL;
    guint64 number = 0;

    if (content)
        g_ascii_string_to_unsigned((const char *) content, 10, 0, G_MAXUINT64, &number, NULL);
    xmlFree(content);
    return number;
}
