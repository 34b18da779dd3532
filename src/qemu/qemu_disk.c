/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_disk.c: walks the <disk> elements of a domain's XML */

#include "qemu/qemu_disk.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

/* libvirt limits a chain to 200 images; deeper XML is not from libvirt */
#define QEMU_DISK_CHAIN_MAX 1000

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

static void
qemuDiskFree(void *opaque)
{
    qemuDisk *disk = opaque;

    g_free(disk->target);
    g_free(disk->alias);
    g_free(disk->source);
    g_free(disk->format);
    g_ptr_array_unref(disk->layers);
    g_free(disk);
}

static xmlNode *
qemuDiskChild(xmlNode *node, const char *name)
{
    for (xmlNode *child = node ? node->children : NULL; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && g_str_equal(child->name, name))
            return child;
    }
    return NULL;
}

static char *
qemuDiskAttr(xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, BAD_CAST name) : NULL;
    char *copy = g_strdup((const char *) value);

    xmlFree(value);
    return copy;
}

/* <source file='...'/> or dev='...': what libvirt calls the disk's path */
static char *
qemuDiskPath(xmlNode *source)
{
    char *path = qemuDiskAttr(source, "file");

    return path ? path : qemuDiskAttr(source, "dev");
}

/* Every image below is a <backingStore> with a <source>, inside that of the one above. */
static void
qemuDiskParseLayers(qemuDisk *disk, xmlNode *node)
{
    disk->layers = g_ptr_array_new_with_free_func(g_free);
    while ((node = qemuDiskChild(node, "backingStore")) && qemuDiskChild(node, "source") &&
           disk->depth < QEMU_DISK_CHAIN_MAX) {
        g_autofree char *path = qemuDiskPath(qemuDiskChild(node, "source"));
        g_autofree char *index = qemuDiskAttr(node, "index");

        g_ptr_array_add(disk->layers, path ? g_steal_pointer(&path) : g_strdup(""));
        g_ptr_array_add(disk->layers, index ? g_strdup_printf("%s[%s]", disk->target, index)
                                            : g_strdup(""));
        disk->depth++;
    }
}

static qemuDisk *
qemuDiskParse(xmlNode *node)
{
    g_autofree char *target = qemuDiskAttr(qemuDiskChild(node, "target"), "dev");
    xmlNode *source = qemuDiskChild(node, "source");
    qemuDisk *disk;

    if (!target || !*target)
        return NULL;
    disk = g_new0(qemuDisk, 1);
    disk->target = g_steal_pointer(&target);
    disk->alias = qemuDiskAttr(qemuDiskChild(node, "alias"), "name");
    if (!disk->alias)
        disk->alias = g_strdup("");
    disk->source = qemuDiskPath(source);
    disk->format = qemuDiskAttr(qemuDiskChild(node, "driver"), "type");
    disk->empty = !source;
    disk->readonly = qemuDiskChild(node, "readonly") != NULL;
    qemuDiskParseLayers(disk, node);
    return disk;
}

GPtrArray *
qemuDiskListParse(const char *xml)
{
    g_autoptr(GPtrArray) disks = g_ptr_array_new_with_free_func(qemuDiskFree);
    g_autoptr(xmlDoc) doc = NULL;
    xmlNode *root;

    doc = xmlReadMemory(xml, (int) MIN(strlen(xml), G_MAXINT), "domain.xml", NULL,
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    root = doc ? xmlDocGetRootElement(doc) : NULL;
    /* libvirt writes no document type, whose entities could expand without end */
    if (!root || xmlGetIntSubset(doc) || !g_str_equal(root->name, "domain")) {
        errorReport(VIR_ERR_XML_ERROR, "%s", "cannot read the disks of a domain from its XML");
        return NULL;
    }

    root = qemuDiskChild(root, "devices");
    for (xmlNode *node = root ? root->children : NULL; node; node = node->next) {
        qemuDisk *disk;

        if (node->type == XML_ELEMENT_NODE && g_str_equal(node->name, "disk") &&
            (disk = qemuDiskParse(node)))
            g_ptr_array_add(disks, disk);
    }
    return g_steal_pointer(&disks);
}

const qemuDisk *
qemuDiskListFind(GPtrArray *disks, const char *name)
{
    for (guint i = 0; i < disks->len; i++) {
        const qemuDisk *disk = g_ptr_array_index(disks, i);

        if (g_str_equal(disk->target, name) || (*name == '/' && !g_strcmp0(disk->source, name)))
            return disk;
    }
    errorReport(VIR_ERR_INVALID_ARG, "disk '%s' not found in domain", name);
    return NULL;
}

guint32
qemuDiskGetLayer(const qemuDisk *disk, const char *image)
{
    for (guint i = 0; *image && i < disk->layers->len; i++) {
        if (g_str_equal(g_ptr_array_index(disk->layers, i), image))
            return i / 2 + 2;
    }
    return 0;
}

int
qemuDiskCheckStreamable(const qemuDisk *disk)
{
    if (disk->empty)
        errorReport(VIR_ERR_OPERATION_INVALID, "disk '%s' has no medium: nothing to stream",
                    disk->target);
    else if (disk->readonly)
        errorReport(VIR_ERR_OPERATION_INVALID, "disk '%s' is read-only: nothing can be "
                    "streamed into it", disk->target);
    else if (!g_strcmp0(disk->format, "raw"))
        errorReport(VIR_ERR_OPERATION_INVALID, "disk '%s' is a raw image, which has no backing "
                    "image: nothing to stream", disk->target);
    else if (disk->depth == 0)
        errorReport(VIR_ERR_OPERATION_INVALID, "disk '%s' has no backing image: nothing to "
                    "stream", disk->target);
    else if (disk->format && !g_str_equal(disk->format, "qcow2") &&
             !g_str_equal(disk->format, "qed"))
        /* its job copies everything, and fails at the end */
        errorReport(VIR_ERR_OPERATION_INVALID, "disk '%s' is a %s image, from which QEMU cannot "
                    "take the backing image away", disk->target, disk->format);
    else
        return 0;
    return -1;
}
