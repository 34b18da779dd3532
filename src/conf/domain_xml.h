/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_xml.h: reading the XML of a domain
 *
 * The one place that knows libxml2; the other files here see its nodes through it.
 */

#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/* NULL if @xml is not a domain as libvirt writes it; no error is reported. */
xmlDoc *domainXmlRead(const char *xml);

/* The first child element of that name; NULL if there is none, or no @node. */
xmlNode *domainXmlChild(xmlNode *node, const char *name);

/* A copy of the value of an attribute; NULL if there is none, or no @node. */
char *domainXmlAttr(xmlNode *node, const char *name);

/* The number that the node contains; 0 if it is none, or no @node. */
guint64 domainXmlNumber(xmlNode *node);
