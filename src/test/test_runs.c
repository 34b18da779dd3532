/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_runs.c: the table, and the mark */

#include "test/test_runs.h"

#include <stdlib.h>

#include "conf/domain_metadata.h"
#include "util/error.h"
#include "util/lock.h"

#define VIR_FROM_THIS VIR_FROM_TEST

#define TEST_RUNS_URI "urn:libvirt-streamdisk:test:run"

static struct {
    GMutex marking;    /* held over calls to libvirt while a run is being marked */
    GMutex lock;       /* protects the table */
    GHashTable *table; /* run -> testGuest */
} testRuns;

static testGuest *
testRunsLookup(const char *xml)
{
    g_autoptr(domainMetadata) mark = domainMetadataFind(xml, TEST_RUNS_URI, "run");
    const char *run = mark ? domainMetadataGet(mark, "id") : NULL;
    testGuest *guest;
    LOCK_SCOPE(&testRuns.lock);

    guest = run && testRuns.table ? g_hash_table_lookup(testRuns.table, run) : NULL;
    return guest ? testGuestRef(guest) : NULL;
}

testGuest *
testRunsFind(virDomainPtr dom, const char *xml)
{
    testGuest *guest = testRunsLookup(xml);

    return guest ? guest : testGuestNew(dom, NULL);
}

static testGuest *
testRunsAdd(virDomainPtr dom, const char *run)
{
    testGuest *guest = testGuestNew(dom, run);
    LOCK_SCOPE(&testRuns.lock);

    if (!testRuns.table)
        testRuns.table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                               (GDestroyNotify) testGuestUnref);
    g_hash_table_insert(testRuns.table, (char *) testGuestGetRun(guest), testGuestRef(guest));
    return guest;
}

testGuest *
testRunsBegin(virDomainPtr dom)
{
    LOCK_SCOPE(&testRuns.marking);
    g_autofree char *run = g_uuid_string_random();
    g_autofree char *mark = g_strdup_printf("<run id='%s'/>", run);
    char *xml = virDomainGetXMLDesc(dom, 0);
    testGuest *guest;

    if (!xml)
        return NULL;
    guest = testRunsLookup(xml);
    free(xml);
    if (guest)
        return guest;
    if (virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, mark, "streamdisk", TEST_RUNS_URI,
                             VIR_DOMAIN_AFFECT_LIVE) < 0)
        return NULL;
    return testRunsAdd(dom, run);
}

void
testRunsForget(const testGuest *guest)
{
    LOCK_SCOPE(&testRuns.lock);

    if (testRuns.table && testGuestGetRun(guest))
        g_hash_table_remove(testRuns.table, testGuestGetRun(guest));
}
