/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-disk.c: the disks of a domain, by its XML
 */

#include <glib.h>
#include <libxml/parser.h>
#include <libxml/xpathInternals.h>
#include <stdlib.h>

#include "cli-disk.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathContext, xmlXPathFreeContext)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathObject, xmlXPathFreeObject)

char *
cliDiskFindTarget(virDomainPtr dom, const char *disk)
{
    static const char *const names[] = {
        "target/@dev = $disk or source/@file = $disk or source/@dev = $disk",
        "alias/@name = $disk",
    };
    char *xml = virDomainGetXMLDesc(dom, 0);
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(xmlXPathContext) context = NULL;

    if (!xml)
        return NULL;
    doc = xmlParseDoc(BAD_CAST xml);
    free(xml);
    context = doc ? xmlXPathNewContext(doc) : NULL;
    if (!context)
        return NULL;
    xmlXPathRegisterVariable(context, BAD_CAST "disk", xmlXPathNewCString(disk));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strdup_printf("string(/domain/devices/disk[%s]/target/@dev)",
                                                names[i]);
        g_autoptr(xmlXPathObject) target = xmlXPathEvalExpression(BAD_CAST path, context);

        if (target && *target->stringval)
            return g_strdup((const char *) target->stringval);
    }
    return NULL;
}
