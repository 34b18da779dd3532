/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_domain.c: a domain of libvirt's test driver, in whose XML chains are rarely told */

#include "test/test_domain.h"

#include <stdlib.h>
#include <string.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_TEST

/* libvirt finds out about chains by looking at images, of which there are none here. */
static void
testDomainAssumeChain(domainDisk *disk)
{
    const char *const layers[] = { "", NULL };

    if (disk->chained || disk->empty)
        return;
    g_strfreev(disk->layers);
    disk->layers = g_strdupv((char **) layers);
    disk->depth = 1;
    disk->chained = true;
}

static void
testDomainShortenChain(domainDisk *disk, unsigned int gone)
{
    unsigned int cut = MIN(gone, disk->depth);
    char **left = g_strdupv(disk->layers + cut);

    g_strfreev(disk->layers);
    disk->layers = left;
    disk->depth -= cut;
}

static int
testDomainGetXml(virDomainPtr dom, testDomain *domain)
{
    switch (virDomainIsActive(dom)) {
    case 0:
        errorReport(VIR_ERR_OPERATION_INVALID, "domain '%s' is not running", virDomainGetName(dom));
        return -1;
    case 1: domain->xml = virDomainGetXMLDesc(dom, 0); return domain->xml ? 0 : -1;
    default: return -1;
    }
}

int
testDomainLoad(virDomainPtr dom, testDomain *domain)
{
    g_auto(testDomain) result = { 0 };

    if (testDomainGetXml(dom, &result) < 0 || !(result.disks = domainDiskListParse(result.xml)))
        return -1;
    result.guest = testRunsFind(dom, result.xml);
    for (guint i = 0; i < result.disks->len; i++) {
        domainDisk *disk = g_ptr_array_index(result.disks, i);

        testDomainAssumeChain(disk);
        testDomainShortenChain(disk, testGuestGetLayersGone(result.guest, disk->target));
    }
    *domain = result;
    result = (testDomain) { 0 };
    return 0;
}

void
testDomainClear(testDomain *domain)
{
    free(domain->xml);
    g_clear_pointer(&domain->disks, g_ptr_array_unref);
    testGuestUnref(domain->guest);
    *domain = (testDomain) { 0 };
}

/* "vda[2]" of disk vda; 0 if @base is no such name, -1 and an error if it is of none of these. */
static int
testDomainFindIndex(const domainDisk *disk, const char *base, unsigned int *layers)
{
    const char *bracket = strchr(base, '[');
    g_autofree char *target = bracket ? g_strndup(base, (gsize) (bracket - base)) : NULL;
    g_autofree char *index = NULL;
    guint64 n;

    if (!bracket || *base == '/' || !g_str_has_suffix(bracket, "]"))
        return 0;
    index = g_strndup(bracket + 1, strlen(bracket) - 2);
    if (!g_str_equal(target, disk->target)) {
        errorReport(VIR_ERR_INVALID_ARG, "requested target '%s' does not match target '%s'", target,
                    disk->target);
        return -1;
    }
    if (!g_ascii_string_to_unsigned(index, 10, 1, disk->depth, &n, NULL)) {
        errorReport(VIR_ERR_INVALID_ARG,
                    "could not find backing store index '%s' in chain "
                    "for '%s'",
                    index, disk->target);
        return -1;
    }
    *layers = (unsigned int) n - 1;
    return 1;
}

int
testDomainFindBase(const domainDisk *disk, const char *base, unsigned int *layers)
{
    int rc;

    if (!base) {
        *layers = disk->depth;
        return 0;
    }
    if ((rc = testDomainFindIndex(disk, base, layers)) != 0)
        return rc < 0 ? -1 : 0;
    for (unsigned int i = 0; *base && i < disk->depth; i++) {
        if (g_str_equal(disk->layers[i], base)) {
            *layers = i;
            return 0;
        }
    }
    errorReport(VIR_ERR_INVALID_ARG, "could not find image '%s' beneath '%s' in chain for '%s'",
                base, disk->source ? disk->source : "", disk->target);
    return -1;
}
