/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_disk.c: walks the <disk> elements of a domain's XML */

#include "conf/domain_disk.h"

#include "conf/domain_xml.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_DOMAIN

/* libvirt limits a chain to 200 images; deeper XML is not from libvirt */
#define DOMAIN_DISK_CHAIN_MAX 1000

#define DOMAIN_DISK_CLUSTER (64 * 1024)

static void
domainDiskFree(void *opaque)
{
    domainDisk *disk = opaque;

    g_free(disk->target);
    g_free(disk->alias);
    g_free(disk->source);
    g_free(disk->format);
    g_strfreev(disk->layers);
    g_strfreev(disk->features);
    g_free(disk);
}

/* <source file='...'/> or dev='...': what libvirt calls the disk's path */
static char *
domainDiskPath(xmlNode *source)
{
    char *path = domainXmlAttr(source, "file");

    return path ? path : domainXmlAttr(source, "dev");
}

/* The image below: a <backingStore> with a <source>, inside that of the one above. */
static xmlNode *
domainDiskLayer(xmlNode *node)
{
    xmlNode *below = domainXmlChild(node, "backingStore");

    return domainXmlChild(below, "source") ? below : NULL;
}

static void
domainDiskParseLayers(domainDisk *disk, xmlNode *node)
{
    g_autoptr(GStrvBuilder) layers = g_strv_builder_new();

    disk->chained = domainXmlChild(node, "backingStore") != NULL;
    while ((node = domainDiskLayer(node)) && disk->depth < DOMAIN_DISK_CHAIN_MAX) {
        g_autofree char *path = domainDiskPath(domainXmlChild(node, "source"));
        g_autofree char *index = domainXmlAttr(node, "index");
        g_autofree char *name = index ? g_strdup_printf("%s[%s]", disk->target, index) : NULL;

        g_strv_builder_add(layers, path ? path : name ? name : "");
        disk->depth++;
    }
    disk->layers = g_strv_builder_end(layers);
}

/* The lowest of the lasting limits; bursts are the guest's. An operation that copies is counted
 * as one of the guest's on as many bytes as a cluster usually has. */
static guint64
domainDiskParseIotune(xmlNode *iotune)
{
    static const struct {
        const char *name;
        guint64 bytes;
    } limits[] = {
        { "total_bytes_sec", 1 }, { "total_iops_sec", DOMAIN_DISK_CLUSTER },
        { "read_bytes_sec", 1 },  { "read_iops_sec", DOMAIN_DISK_CLUSTER },
        { "write_bytes_sec", 1 }, { "write_iops_sec", DOMAIN_DISK_CLUSTER },
    };
    guint64 lowest = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(limits); i++) {
        guint64 limit = domainXmlNumber(domainXmlChild(iotune, limits[i].name));

        limit = MIN(limit, G_MAXUINT64 / limits[i].bytes) * limits[i].bytes;
        if (limit > 0 && (lowest == 0 || limit < lowest))
            lowest = limit;
    }
    return lowest;
}

/* Adds "WORD VALUE", or nothing if there is no value. */
static void
domainDiskAddValue(GStrvBuilder *features, const char *word, char *value)
{
    g_autofree char *taken G_GNUC_UNUSED = value;
    g_autofree char *feature = value ? g_strconcat(word, " ", value, NULL) : NULL;

    if (feature)
        g_strv_builder_add(features, feature);
}

static void
domainDiskAddFlag(GStrvBuilder *features, const char *word, bool is)
{
    if (is)
        g_strv_builder_add(features, word);
}

static bool
domainDiskHasIothread(xmlNode *driver)
{
    g_autofree char *iothread = domainXmlAttr(driver, "iothread");

    return iothread || domainXmlChild(driver, "iothreads");
}

/* The SCSI controller that the disk is attached to; NULL if it is attached otherwise. */
static xmlNode *
domainDiskFindController(xmlNode *devices, xmlNode *disk)
{
    g_autofree char *wanted = domainXmlAttr(domainXmlChild(disk, "address"), "controller");
    g_autofree char *bus = domainXmlAttr(domainXmlChild(disk, "target"), "bus");

    for (xmlNode *node = devices->children; wanted && node; node = node->next) {
        g_autofree char *type = domainXmlAttr(node, "type");
        g_autofree char *index = domainXmlAttr(node, "index");

        if (node->type == XML_ELEMENT_NODE && g_str_equal(node->name, "controller") &&
            !g_strcmp0(bus, "scsi") && !g_strcmp0(type, bus) && !g_strcmp0(index, wanted))
            return node;
    }
    return NULL;
}

/* Of a <disk>, or of a <backingStore> */
static char *
domainDiskStorage(xmlNode *node)
{
    g_autofree char *type = domainXmlAttr(node, "type");
    g_autofree char *protocol = domainXmlAttr(domainXmlChild(node, "source"), "protocol");

    return protocol ? g_strconcat(type, " ", protocol, NULL) : g_steal_pointer(&type);
}

static void
domainDiskAddLayers(GStrvBuilder *features, xmlNode *node)
{
    unsigned int depth = 0;

    while ((node = domainDiskLayer(node)) && depth++ < DOMAIN_DISK_CHAIN_MAX)
        domainDiskAddValue(features, DOMAIN_DISK_LAYER, domainDiskStorage(node));
}

static char **
domainDiskParseFeatures(xmlNode *devices, xmlNode *node)
{
    static const char *const options[] = { "cache", "io", "discard", "detect_zeroes",
                                           "copy_on_read" };
    g_autoptr(GStrvBuilder) features = g_strv_builder_new();
    xmlNode *driver = domainXmlChild(node, "driver");
    xmlNode *controller = domainDiskFindController(devices, node);
    xmlNode *source = domainXmlChild(node, "source");
    xmlNode *encryption = domainXmlChild(source, "encryption");

    domainDiskAddValue(features, "bus", domainXmlAttr(domainXmlChild(node, "target"), "bus"));
    domainDiskAddValue(features, "storage", domainDiskStorage(node));
    domainDiskAddValue(features, "format", domainXmlAttr(driver, "type"));
    domainDiskAddValue(features, "encryption",
                       domainXmlAttr(encryption ? encryption : domainXmlChild(node, "encryption"),
                                     "format"));
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
        domainDiskAddValue(features, options[i], domainXmlAttr(driver, options[i]));
    domainDiskAddFlag(features, "iothread", domainDiskHasIothread(driver));
    domainDiskAddFlag(features, "controller iothread",
                      domainDiskHasIothread(domainXmlChild(controller, "driver")));
    domainDiskAddFlag(features, "data file", domainXmlChild(source, "dataStore"));
    domainDiskAddFlag(features, "iotune", domainXmlChild(node, "iotune"));
    domainDiskAddFlag(features, "shareable", domainXmlChild(node, "shareable"));
    domainDiskAddFlag(features, "transient", domainXmlChild(node, "transient"));
    domainDiskAddLayers(features, node);
    return g_strv_builder_end(features);
}

static domainDisk *
domainDiskParse(xmlNode *devices, xmlNode *node)
{
    g_autofree char *target = domainXmlAttr(domainXmlChild(node, "target"), "dev");
    xmlNode *source = domainXmlChild(node, "source");
    domainDisk *disk;

    if (!target || !*target)
        return NULL;
    disk = g_new0(domainDisk, 1);
    disk->target = g_steal_pointer(&target);
    disk->alias = domainXmlAttr(domainXmlChild(node, "alias"), "name");
    if (!disk->alias)
        disk->alias = g_strdup("");
    disk->source = domainDiskPath(source);
    disk->format = domainXmlAttr(domainXmlChild(node, "driver"), "type");
    disk->empty = !source;
    disk->readonly = domainXmlChild(node, "readonly") != NULL;
    disk->iotune = domainDiskParseIotune(domainXmlChild(node, "iotune"));
    disk->features = domainDiskParseFeatures(devices, node);
    domainDiskParseLayers(disk, node);
    return disk;
}

GPtrArray *
domainDiskListParse(const char *xml)
{
    g_autoptr(GPtrArray) disks = g_ptr_array_new_with_free_func(domainDiskFree);
    g_autoptr(xmlDoc) doc = domainXmlRead(xml);
    xmlNode *root;

    if (!doc) {
        errorReport(VIR_ERR_XML_ERROR, "%s", "cannot read the disks of a domain from its XML");
        return NULL;
    }

    root = domainXmlChild(xmlDocGetRootElement(doc), "devices");
    for (xmlNode *node = root ? root->children : NULL; node; node = node->next) {
        domainDisk *disk;

        if (node->type == XML_ELEMENT_NODE && g_str_equal(node->name, "disk") &&
            (disk = domainDiskParse(root, node)))
            g_ptr_array_add(disks, disk);
    }
    return g_steal_pointer(&disks);
}

const domainDisk *
domainDiskListFind(GPtrArray *disks, const char *name)
{
    const domainDisk *byAlias = NULL;

    for (guint i = 0; i < disks->len; i++) {
        const domainDisk *disk = g_ptr_array_index(disks, i);

        if (g_str_equal(disk->target, name) || (*name == '/' && !g_strcmp0(disk->source, name)))
            return disk;
        if (!byAlias && *name && g_str_equal(disk->alias, name))
            byAlias = disk;
    }
    if (byAlias)
        return byAlias;
    errorReport(VIR_ERR_INVALID_ARG, "disk '%s' not found in domain", name);
    return NULL;
}

int
domainDiskCheckStreamable(const domainDisk *disk)
{
    if (disk->empty)
        errorReport(VIR_ERR_OPERATION_INVALID, "disk '%s' has no medium: nothing to stream",
                    disk->target);
    else if (disk->readonly)
        errorReport(VIR_ERR_OPERATION_INVALID,
                    "disk '%s' is read-only: nothing can be "
                    "streamed into it",
                    disk->target);
    else if (!g_strcmp0(disk->format, "raw"))
        errorReport(VIR_ERR_OPERATION_INVALID,
                    "disk '%s' is a raw image, which has no backing "
                    "image: nothing to stream",
                    disk->target);
    else if (disk->depth == 0 && disk->chained)
        errorReport(VIR_ERR_OPERATION_INVALID,
                    "disk '%s' has no backing image: nothing to "
                    "stream",
                    disk->target);
    else if (disk->format && !g_str_equal(disk->format, "qcow2") &&
             !g_str_equal(disk->format, "qed"))
        /* its job copies everything, and fails at the end */
        errorReport(VIR_ERR_OPERATION_INVALID,
                    "disk '%s' is a %s image, from which QEMU cannot "
                    "take the backing image away",
                    disk->target, disk->format);
    else
        return 0;
    return -1;
}
