/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_plan.c: the attributes, each with its type and its place in the plan */

#include "test/test_plan.h"

#include <stddef.h>

#include "conf/domain_metadata.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_TEST

#define TEST_PLAN_URI "urn:libvirt-streamdisk:test"

/* A day of each is enough, and keeps sums of them far from overflow. */
#define TEST_PLAN_SECONDS_MAX (24 * 60 * 60)

typedef enum {
    TEST_PLAN_BYTES,
    TEST_PLAN_SECONDS,
    TEST_PLAN_BOOLEAN,
    TEST_PLAN_END,
    TEST_PLAN_TEXT,
} testPlanType;

static const struct {
    const char *name;
    testPlanType type;
    size_t offset; /* in testPlan */
} testPlanAttributes[] = {
    { "size", TEST_PLAN_BYTES, offsetof(testPlan, size) },
    { "speed", TEST_PLAN_BYTES, offsetof(testPlan, speed) },
    { "starting", TEST_PLAN_SECONDS, offsetof(testPlan, starting) },
    { "waiting", TEST_PLAN_SECONDS, offsetof(testPlan, waiting) },
    { "finishing", TEST_PLAN_SECONDS, offsetof(testPlan, finishing) },
    { "stopping", TEST_PLAN_SECONDS, offsetof(testPlan, stopping) },
    { "end", TEST_PLAN_END, offsetof(testPlan, end) },
    { "at", TEST_PLAN_BYTES, offsetof(testPlan, at) },
    { "reason", TEST_PLAN_TEXT, offsetof(testPlan, reason) },
    { "relative", TEST_PLAN_BOOLEAN, offsetof(testPlan, relative) },
    { "refuse", TEST_PLAN_TEXT, offsetof(testPlan, refuse) },
};

static int
testPlanReport(const domainMetadata *element, const char *name, const char *expected)
{
    const char *target = domainMetadataGet(element, "target");

    errorReport(VIR_ERR_XML_ERROR, "metadata of the test driver: attribute '%s' of element '%s'"
                "%s%s%s %s", name, element->name, target ? " of disk '" : "",
                target ? target : "", target ? "'" : "", expected);
    return -1;
}

static bool
testPlanReadNumber(const char *text, guint64 max, guint64 *number)
{
    return g_ascii_string_to_unsigned(text, 10, 0, max, number, NULL);
}

static bool
testPlanReadBoolean(const char *text, bool *yes)
{
    *yes = g_str_equal(text, "yes");
    return *yes || g_str_equal(text, "no");
}

static bool
testPlanReadEnd(const char *text, virDomainStreamDiskStatus *end)
{
    if (g_str_equal(text, "completed"))
        *end = VIR_DOMAIN_STREAM_DISK_COMPLETED;
    else if (g_str_equal(text, "stopped"))
        *end = VIR_DOMAIN_STREAM_DISK_STOPPED;
    else if (g_str_equal(text, "failed"))
        *end = VIR_DOMAIN_STREAM_DISK_FAILED;
    else
        return false;
    return true;
}

/* One attribute of a <disk> */
static int
testPlanRead(const domainMetadata *element, const char *name, const char *text, testPlan *plan)
{
    for (size_t i = 0; i < G_N_ELEMENTS(testPlanAttributes); i++) {
        void *place = (char *) plan + testPlanAttributes[i].offset;
        guint64 *number = place;

        if (!g_str_equal(testPlanAttributes[i].name, name))
            continue;
        switch (testPlanAttributes[i].type) {
        case TEST_PLAN_BYTES:
            if (!testPlanReadNumber(text, G_MAXINT64, number))
                return testPlanReport(element, name, "is not a number of bytes");
            return 0;
        case TEST_PLAN_SECONDS:
            if (!testPlanReadNumber(text, TEST_PLAN_SECONDS_MAX, number))
                return testPlanReport(element, name, "is not a number of seconds, of a day at "
                                      "most");
            *number *= G_USEC_PER_SEC;
            return 0;
        case TEST_PLAN_BOOLEAN:
            if (!testPlanReadBoolean(text, place))
                return testPlanReport(element, name, "is not 'yes' or 'no'");
            return 0;
        case TEST_PLAN_END:
            if (!testPlanReadEnd(text, place))
                return testPlanReport(element, name, "is not 'completed', 'stopped' or "
                                      "'failed'");
            return 0;
        case TEST_PLAN_TEXT:
            g_free(*(char **) place);
            *(char **) place = g_strdup(text);
            return 0;
        }
    }
    return g_str_equal(name, "target") ? 0 : testPlanReport(element, name, "is not known");
}

static int
testPlanReadDisk(const domainMetadata *element, testPlan *plan)
{
    for (char **name = element->names; *name; name++) {
        if (testPlanRead(element, *name, domainMetadataGet(element, *name), plan) < 0)
            return -1;
    }
    return 0;
}

static int
testPlanReadClock(const domainMetadata *element, testPlan *plan)
{
    for (char **name = element->names; *name; name++) {
        const char *text = domainMetadataGet(element, *name);

        if (!g_str_equal(*name, "clock"))
            return testPlanReport(element, *name, "is not known");
        if (!g_str_equal(text, "real") && !g_str_equal(text, "step"))
            return testPlanReport(element, *name, "is not 'real' or 'step'");
        plan->stepped = g_str_equal(text, "step");
    }
    return 0;
}

/* What follows from the rest, where it is not said */
static void
testPlanComplete(testPlan *plan)
{
    plan->at = MIN(plan->at, plan->size);
    if (plan->end == VIR_DOMAIN_STREAM_DISK_COMPLETED) {
        g_clear_pointer(&plan->reason, g_free);
        return;
    }
    plan->finishing = 0;
    if (!plan->reason)
        plan->reason = g_strdup(plan->end == VIR_DOMAIN_STREAM_DISK_FAILED
                                ? "Input/output error" : "the block job was aborted");
}

int
testPlanParse(const char *xml, const char *target, testPlan *plan)
{
    g_autoptr(domainMetadata) element = domainMetadataFind(xml, TEST_PLAN_URI, "test");
    g_auto(testPlan) result = {
        .size = 1 << 30,
        .speed = 100 << 20,
        .end = VIR_DOMAIN_STREAM_DISK_COMPLETED,
        .at = G_MAXUINT64,
    };

    if (element && testPlanReadClock(element, &result) < 0)
        return -1;
    for (guint i = 0; element && i < element->children->len; i++) {
        const domainMetadata *child = g_ptr_array_index(element->children, i);
        const char *disk = domainMetadataGet(child, "target");

        if (!g_str_equal(child->name, "disk")) {
            errorReport(VIR_ERR_XML_ERROR, "metadata of the test driver: element '%s' is not "
                        "known", child->name);
            return -1;
        }
        if (!disk)
            return testPlanReport(child, "target", "is missing");
        if (g_str_equal(disk, target) && testPlanReadDisk(child, &result) < 0)
            return -1;
    }
    testPlanComplete(&result);
    *plan = result;
    result = (testPlan) { 0 };
    return 0;
}

void
testPlanClear(testPlan *plan)
{
    g_free(plan->reason);
    g_free(plan->refuse);
    *plan = (testPlan) { 0 };
}
