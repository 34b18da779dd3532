/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_disk-test.c: libvirt's XML in data/domain_disk, and XML that is not libvirt's */

#include "conf/domain_disk.h"

#include "expect.h"

#define IMAGES "/var/lib/libvirt/images/"

typedef struct {
    const char *file;
    const char *target;
    const char *alias;
    const char *source;
    const char *format;
    const char *refused; /* by domainDiskCheckStreamable, in these words; NULL: not refused */
    unsigned int depth;
    bool empty;
    bool readonly;
} testSample;

static const testSample testSamples[] = {
    { "file", "vda", "virtio-disk0", IMAGES "overlay.qcow2", "qcow2", .depth = 1 },
    { "block", "vda", "virtio-disk0", "/dev/guests/overlay", "qcow2", .depth = 1 },
    { "chain", "vdb", "ua-my-disk", IMAGES "chain.qcow2", "qcow2", .depth = 3 },
    { "mirror", "vdi", "virtio-disk8", IMAGES "mirrored.qcow2", "qcow2", .depth = 1 },
    { "nbd-chain", "vdj", "virtio-disk9", NULL, "qcow2", .depth = 1 },
    { "nbd-backing", "vdh", "virtio-disk7", IMAGES "onnbd.qcow2", "qcow2", .depth = 1 },
    { "nbd", "vdf", "virtio-disk5", NULL, "raw",
      "disk 'vdf' is a raw image, which has no backing image: nothing to stream" },
    { "raw", "vdd", "virtio-disk3", IMAGES "plain.img", "raw",
      "disk 'vdd' is a raw image, which has no backing image: nothing to stream" },
    { "no-backing", "vdc", "virtio-disk2", IMAGES "flat.qcow2", "qcow2",
      "disk 'vdc' has no backing image: nothing to stream" },
    { "readonly", "vde", "virtio-disk4", IMAGES "ro.qcow2", "qcow2",
      "disk 'vde' is read-only: nothing can be streamed into it", .depth = 1, .readonly = true },
    { "vmdk", "vdg", "virtio-disk6", IMAGES "overlay.vmdk", "vmdk",
      "disk 'vdg' is a vmdk image, from which QEMU cannot take the backing image away",
      .depth = 1 },
    { "cdrom-empty", "sda", "sata0-0-0", NULL, NULL, "disk 'sda' has no medium: nothing to stream",
      .empty = true, .readonly = true },
};

static GPtrArray *
testParseFile(const char *name)
{
    g_autofree char *file = g_strconcat(name, ".xml", NULL);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "data", "domain_disk", file,
                                                  NULL);
    g_autofree char *xml = NULL;

    g_assert_true(g_file_get_contents(path, &xml, NULL, NULL));
    return domainDiskListParse(xml);
}

static GPtrArray *
testParseDevices(const char *devices)
{
    g_autofree char *xml = g_strdup_printf("<domain><devices>%s</devices></domain>", devices);

    return domainDiskListParse(xml);
}

static void
testSampleRead(const void *opaque)
{
    const testSample *sample = opaque;
    g_autoptr(GPtrArray) disks = testParseFile(sample->file);
    const domainDisk *disk;

    g_assert_nonnull(disks);
    g_assert_cmpuint(disks->len, ==, 1);
    disk = g_ptr_array_index(disks, 0);
    g_assert_cmpstr(disk->target, ==, sample->target);
    g_assert_cmpstr(disk->alias, ==, sample->alias);
    g_assert_cmpstr(disk->source, ==, sample->source);
    g_assert_cmpstr(disk->format, ==, sample->format);
    g_assert_cmpint(disk->empty, ==, sample->empty);
    g_assert_cmpint(disk->readonly, ==, sample->readonly);
    g_assert_cmpuint(disk->depth, ==, sample->depth);

    g_assert_cmpint(domainDiskCheckStreamable(disk), ==, sample->refused ? -1 : 0);
    if (sample->refused)
        expectError(VIR_ERR_OPERATION_INVALID, sample->refused);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
}

/* By target, by path, else by alias: that of vda is the target of another disk. */
static void
testFind(void)
{
    g_autoptr(GPtrArray)
        disks = testParseDevices("<disk><source file='/images/a'/><target dev='vda'/>"
                                 "<alias name='vdb'/></disk>"
                                 "<disk><source dev='/dev/b'/><target dev='vdb'/></disk>"
                                 "<disk><source file='relative'/><target dev='vdc'/>"
                                 "<alias name='virtio-disk2'/></disk>"
                                 "<disk><target dev='sda'/></disk>");

    g_assert_true(domainDiskListFind(disks, "vdb") == g_ptr_array_index(disks, 1));
    g_assert_true(domainDiskListFind(disks, "sda") == g_ptr_array_index(disks, 3));
    g_assert_true(domainDiskListFind(disks, "/images/a") == g_ptr_array_index(disks, 0));
    g_assert_true(domainDiskListFind(disks, "/dev/b") == g_ptr_array_index(disks, 1));

    g_assert_true(domainDiskListFind(disks, "virtio-disk2") == g_ptr_array_index(disks, 2));

    g_assert_null(domainDiskListFind(disks, "vdz"));
    expectError(VIR_ERR_INVALID_ARG, "disk 'vdz' not found in domain");
    g_assert_null(domainDiskListFind(disks, "relative"));
    expectError(VIR_ERR_INVALID_ARG, "disk 'relative' not found in domain");
    g_assert_null(domainDiskListFind(disks, "/images/b"));
    expectError(VIR_ERR_INVALID_ARG, "disk '/images/b' not found in domain");
    g_assert_null(domainDiskListFind(disks, ""));
    expectError(VIR_ERR_INVALID_ARG, "disk '' not found in domain");
}

static void
testAssertLayers(GPtrArray *disks, const char *expected)
{
    const domainDisk *disk = g_ptr_array_index(disks, 0);
    g_autofree char *layers = g_strjoinv(" ", disk->layers);

    g_assert_cmpstr(layers, ==, expected);
    g_assert_cmpuint(disk->depth, ==, g_strv_length(disk->layers));
}

/* The images below, by path, else by the name that libvirt gives them, else without any */
static void
testLayers(void)
{
    g_autoptr(GPtrArray) chain = testParseFile("chain");
    g_autoptr(GPtrArray) remote = testParseDevices(
        "<disk><target dev='vda'/><source/><backingStore index='2'><source name='x'/>"
        "<backingStore><source name='y'/></backingStore></backingStore></disk>");
    g_autoptr(GPtrArray) none = testParseDevices("<disk><target dev='vda'/><source/></disk>");

    testAssertLayers(chain, IMAGES "layer2.qcow2 " IMAGES "layer1.qcow2 " IMAGES "template.qcow2");
    testAssertLayers(remote, "vda[2] ");
    testAssertLayers(none, "");
}

static void
testAssertIotune(const char *iotune, guint64 expected)
{
    g_autofree char *xml = g_strdup_printf("<disk><target dev='vda'/>%s</disk>", iotune);
    g_autoptr(GPtrArray) disks = testParseDevices(xml);

    g_assert_cmpuint(((domainDisk *) g_ptr_array_index(disks, 0))->iotune, ==, expected);
}

/* The lowest limit counts, of bytes or of operations on clusters; bursts do not. */
static void
testIotune(void)
{
    testAssertIotune("", 0);
    testAssertIotune("<iotune/>", 0);
    testAssertIotune("<iotune><total_bytes_sec>5</total_bytes_sec></iotune>", 5);
    testAssertIotune("<iotune><write_bytes_sec>70000</write_bytes_sec>"
                     "<read_iops_sec>1</read_iops_sec><total_bytes_sec_max>3</total_bytes_sec_max>"
                     "</iotune>",
                     65536);
    testAssertIotune("<iotune><read_bytes_sec>0</read_bytes_sec>"
                     "<write_bytes_sec>-1</write_bytes_sec></iotune>",
                     0);
    testAssertIotune("<iotune><total_iops_sec>18446744073709551615</total_iops_sec></iotune>",
                     G_MAXUINT64 / 65536 * 65536);
}

static void
testAssertFeatures(const char *devices, const char *expected)
{
    g_autoptr(GPtrArray) disks = testParseDevices(devices);
    g_autofree char *features = g_strjoinv(", ", ((domainDisk *) disks->pdata[0])->features);

    g_assert_cmpstr(features, ==, expected);
}

#define SCSI \
    "<disk type='file'><target dev='sda' bus='scsi'/>" \
    "<address type='drive' controller='1'/></disk>" \
    "<controller type='scsi' index='0'><driver iothread='1'/></controller>"

/* What QEMU may mind: the disk's own iothread, or that of its SCSI controller */
static void
testFeatures(void)
{
    testAssertFeatures("<disk><target dev='vda'/></disk>", "");
    testAssertFeatures("<disk type='file'><driver type='qcow2' cache='none' io='native' "
                       "discard='unmap' detect_zeroes='unmap' copy_on_read='on' iothread='2'/>"
                       "<target dev='vda' bus='virtio'/><shareable/><iotune/><transient/></disk>",
                       "bus virtio, storage file, format qcow2, cache none, io native, "
                       "discard unmap, detect_zeroes unmap, copy_on_read on, iothread, iotune, "
                       "shareable, transient");
    testAssertFeatures("<disk type='network'><driver><iothreads><iothread id='1'/></iothreads>"
                       "</driver><source protocol='nbd'><encryption format='luks'/><dataStore/>"
                       "</source><target dev='vda'/></disk>",
                       "storage network nbd, encryption luks, iothread, data file");
    testAssertFeatures("<disk><encryption format='luks'/><target dev='vda'/></disk>",
                       "encryption luks");
    testAssertFeatures("<disk type='file'><target dev='vda'/><backingStore type='network'>"
                       "<source protocol='https'/><backingStore type='block'><source/>"
                       "<backingStore/></backingStore></backingStore></disk>",
                       "storage file, layer network https, layer block");
    testAssertFeatures(SCSI, "bus scsi, storage file");
    testAssertFeatures(SCSI "<controller type='ide' index='1'><driver iothread='1'/></controller>",
                       "bus scsi, storage file");
    testAssertFeatures(SCSI "<controller type='scsi' index='1'><driver iothread='1'/></controller>",
                       "bus scsi, storage file, controller iothread");
}

/* What has no target cannot be named and is left out; what is not a <disk> is none. */
static void
testLeftOut(void)
{
    g_autoptr(GPtrArray)
        disks = testParseDevices("text<!-- <disk/> --><interface><target dev='vnet0'/></interface>"
                                 "<disk/><disk><target/></disk><disk><target dev=''/></disk>"
                                 "<disk><target dev='vda'/></disk>"
                                 "<hub><disk><target dev='vdb'/></disk></hub>");
    const domainDisk *disk;

    g_assert_cmpuint(disks->len, ==, 1);
    disk = g_ptr_array_index(disks, 0);
    g_assert_cmpstr(disk->target, ==, "vda");
    g_assert_cmpstr(disk->alias, ==, "");
}

static void
testNoDisks(void)
{
    g_autoptr(GPtrArray) none = domainDiskListParse("<domain><devices/></domain>");
    g_autoptr(GPtrArray) no_devices = domainDiskListParse("<domain/>");

    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpuint(no_devices->len, ==, 0);
}

static void
testRefused(const void *opaque)
{
    g_assert_null(domainDiskListParse(opaque));
    expectError(VIR_ERR_XML_ERROR, "cannot read the disks of a domain from its XML");
}

/* Every beginning of a sample, and the sample with every byte changed, ends well. */
static void
testDamaged(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "data", "domain_disk",
                                                  "chain.xml", NULL);
    g_autofree char *xml = NULL;
    gsize len;

    g_assert_true(g_file_get_contents(path, &xml, &len, NULL));
    for (gsize i = 0; i < len; i++) {
        char kept = xml[i];
        g_autoptr(GPtrArray) cut = NULL;
        g_autoptr(GPtrArray) changed = NULL;

        xml[i] = '\0';
        cut = domainDiskListParse(xml);
        g_assert_true(!cut || g_strrstr(xml, "</domain"));
        xml[i] = '<';
        changed = domainDiskListParse(xml);
        g_assert_true(!changed || kept == '<');
        xml[i] = kept;
    }
}

static char *
testNest(const char *before, const char *open, const char *close, int depth, const char *after)
{
    GString *xml = g_string_new(before);

    for (int i = 0; i < depth; i++)
        g_string_append(xml, open);
    for (int i = 0; i < depth; i++)
        g_string_append(xml, close);
    return g_string_free(g_string_append(xml, after), FALSE);
}

#define BACKING "<backingStore><source file='/b'/>"

/* The longest chain that libvirt allows is read, endless ones are refused. */
static void
testNested(void)
{
    static const char before[] = "<domain><devices><disk><source file='/a'/><target dev='vda'/>";
    static const char after[] = "</disk></devices></domain>";
    g_autofree char *longest = testNest(before, BACKING, "</backingStore>", 200, after);
    g_autofree char *endless = testNest(before, BACKING, "</backingStore>", 1000000, after);
    g_autoptr(GPtrArray) disks = domainDiskListParse(longest);

    g_assert_nonnull(disks);
    g_assert_cmpuint(((domainDisk *) g_ptr_array_index(disks, 0))->depth, ==, 200);
    testRefused(endless);
}

/* A document type of any kind is not from libvirt: entities could expand without end, or read
 * files. */
static void
testEntities(void)
{
    GString *bomb = g_string_new("<!DOCTYPE domain [<!ENTITY e0 'vdavdavdavda'>");
    gint64 began = g_get_monotonic_time();

    for (int i = 1; i < 12; i++)
        g_string_append_printf(bomb, "<!ENTITY e%d '&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;'>", i,
                               i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    g_string_append(bomb, "]><domain><devices><disk><target dev='&e11;'/></disk>&e11;"
                          "</devices></domain>");
    testRefused(bomb->str);
    g_string_free(bomb, TRUE);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 2 * G_USEC_PER_SEC);

    testRefused("<!DOCTYPE domain [<!ENTITY file SYSTEM 'file:///etc/hostname'>]>"
                "<domain><devices><disk><target dev='vda'/><alias name='&file;'/></disk>"
                "</devices></domain>");
    testRefused("<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/domain.dtd'><domain/>");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(testSamples); i++) {
        g_autofree char *path = g_strconcat("/domain_disk/sample/", testSamples[i].file, NULL);

        g_test_add_data_func(path, &testSamples[i], testSampleRead);
    }
    g_test_add_func("/domain_disk/find", testFind);
    g_test_add_func("/domain_disk/layers", testLayers);
    g_test_add_func("/domain_disk/iotune", testIotune);
    g_test_add_func("/domain_disk/features", testFeatures);
    g_test_add_func("/domain_disk/left-out", testLeftOut);
    g_test_add_func("/domain_disk/no-disks", testNoDisks);
    g_test_add_data_func("/domain_disk/refused/empty", "", testRefused);
    g_test_add_data_func("/domain_disk/refused/blank", " \n", testRefused);
    g_test_add_data_func("/domain_disk/refused/text", "domain", testRefused);
    g_test_add_data_func("/domain_disk/refused/malformed", "<domain><devices></domain>",
                         testRefused);
    g_test_add_data_func("/domain_disk/refused/root", "<network/>", testRefused);
    g_test_add_data_func("/domain_disk/refused/two-roots", "<domain/><domain/>", testRefused);
    g_test_add_data_func("/domain_disk/refused/encoding", "<domain a='\xff\xfe'/>", testRefused);
    g_test_add_func("/domain_disk/damaged", testDamaged);
    g_test_add_func("/domain_disk/nested", testNested);
    g_test_add_func("/domain_disk/entities", testEntities);
    return g_test_run();
}
