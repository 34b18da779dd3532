/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_metadata.c: the walk through <metadata> */

#include "conf/domain_metadata.h"

#include <stdbool.h>

#include "conf/domain_xml.h"

static bool
domainMetadataIsOf(const xmlNode *node, const char *uri)
{
    return node->type == XML_ELEMENT_NODE && node->ns &&
           !g_strcmp0((const char *) node->ns->href, uri);
}

static domainMetadata *
domainMetadataNew(xmlNode *node, const char *uri)
{
    domainMetadata *self = g_new0(domainMetadata, 1);
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    g_autoptr(GStrvBuilder) values = g_strv_builder_new();

    self->name = g_strdup((const char *) node->name);
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
        g_autofree char *value = domainXmlAttr(node, (const char *) attr->name);

        if (!value)
            continue; /* of another namespace */
        g_strv_builder_add(names, (const char *) attr->name);
        g_strv_builder_add(values, value);
    }
    self->names = g_strv_builder_end(names);
    self->values = g_strv_builder_end(values);

    self->children = g_ptr_array_new_with_free_func((GDestroyNotify) domainMetadataFree);
    for (xmlNode *child = node->children; child; child = child->next) {
        if (domainMetadataIsOf(child, uri))
            g_ptr_array_add(self->children, domainMetadataNew(child, uri));
    }
    return self;
}

domainMetadata *
domainMetadataFind(const char *xml, const char *uri, const char *name)
{
    g_autoptr(xmlDoc) doc = domainXmlRead(xml);
    xmlNode *node = doc ? domainXmlChild(xmlDocGetRootElement(doc), "metadata") : NULL;

    for (node = node ? node->children : NULL; node; node = node->next) {
        if (domainMetadataIsOf(node, uri) && g_str_equal(node->name, name))
            return domainMetadataNew(node, uri);
    }
    return NULL;
}

const char *
domainMetadataGet(const domainMetadata *self, const char *attribute)
{
    for (guint i = 0; self->names[i]; i++) {
        if (g_str_equal(self->names[i], attribute))
            return self->values[i];
    }
    return NULL;
}

void
domainMetadataFree(domainMetadata *self)
{
    if (!self)
        return;
    g_free(self->name);
    g_strfreev(self->names);
    g_strfreev(self->values);
    g_ptr_array_unref(self->children);
    g_free(self);
}
