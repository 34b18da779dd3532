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

static bool
testPlanReadBytes(const char *text, void *place)
{
    return g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, place, NULL);
}

static bool
testPlanReadSeconds(const char *text, void *place)
{
    guint64 *us = place;

    if (!g_ascii_string_to_unsigned(text, 10, 0, TEST_PLAN_SECONDS_MAX, us, NULL))
        return false;
    *us *= G_USEC_PER_SEC;
    return true;
}

static bool
testPlanReadBoolean(const char *text, void *place)
{
    bool *yes = place;

    *yes = g_str_equal(text, "yes");
    return *yes || g_str_equal(text, "no");
}

static bool
testPlanReadEnd(const char *text, void *place)
{
    virDomainStreamDiskStateType *end = place;

    if (g_str_equal(text, "completed"))
        *end = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED;
    else if (g_str_equal(text, "stopped"))
        *end = VIR_DOMAIN_STREAM_DISK_STATE_STOPPED;
    else if (g_str_equal(text, "failed"))
        *end = VIR_DOMAIN_STREAM_DISK_STATE_FAILED;
    else
        return false;
    return true;
}

static bool
testPlanReadText(const char *text, void *place)
{
    char **copy = place;

    g_free(*copy);
    *copy = g_strdup(text);
    return true;
}

typedef struct _testPlanType testPlanType;
struct _testPlanType {
    bool (*read)(const char *text, void *place);
    const char *otherwise; /* what is to be said if it returns false */
};

static const testPlanType testPlanBytes = { testPlanReadBytes, "is not a number of bytes" };
static const testPlanType testPlanSeconds = { testPlanReadSeconds,
                                              "is not a number of seconds, of a day at most" };
static const testPlanType testPlanBoolean = { testPlanReadBoolean, "is not 'yes' or 'no'" };
static const testPlanType testPlanEnd = { testPlanReadEnd,
                                          "is not 'completed', 'stopped' or 'failed'" };
static const testPlanType testPlanText = { testPlanReadText, NULL };

static const struct {
    const char *name;
    const testPlanType *type;
    size_t offset; /* in testPlan */
} testPlanAttributes[] = {
    { "size", &testPlanBytes, offsetof(testPlan, size) },
    { "speed", &testPlanBytes, offsetof(testPlan, speed) },
    { "starting", &testPlanSeconds, offsetof(testPlan, starting) },
    { "wait", &testPlanSeconds, offsetof(testPlan, wait) },
    { "finish", &testPlanSeconds, offsetof(testPlan, finish) },
    { "stopping", &testPlanSeconds, offsetof(testPlan, stopping) },
    { "end", &testPlanEnd, offsetof(testPlan, end) },
    { "at", &testPlanBytes, offsetof(testPlan, at) },
    { "reason", &testPlanText, offsetof(testPlan, reason) },
    { "relative", &testPlanBoolean, offsetof(testPlan, relative) },
    { "refuse", &testPlanText, offsetof(testPlan, refuse) },
};

static int
testPlanReport(const domainMetadata *element, const char *name, const char *wrong)
{
    const char *target = domainMetadataGet(element, "target");
    g_autofree char *disk = target ? g_strdup_printf(" of disk '%s'", target) : NULL;

    errorReport(VIR_ERR_XML_ERROR,
                "metadata of the test driver: attribute '%s' of element '%s'"
                "%s %s",
                name, element->name, disk ? disk : "", wrong);
    return -1;
}

/* One attribute of a <disk> */
static int
testPlanRead(const domainMetadata *element, const char *name, const char *text, testPlan *plan)
{
    for (size_t i = 0; i < G_N_ELEMENTS(testPlanAttributes); i++) {
        const testPlanType *type = testPlanAttributes[i].type;

        if (!g_str_equal(testPlanAttributes[i].name, name))
            continue;
        if (!type->read(text, (char *) plan + testPlanAttributes[i].offset))
            return testPlanReport(element, name, type->otherwise);
        return 0;
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
    if (plan->end == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED) {
        g_clear_pointer(&plan->reason, g_free);
        return;
    }
    plan->finish = 0;
    if (!plan->reason)
        plan->reason = g_strdup(plan->end == VIR_DOMAIN_STREAM_DISK_STATE_FAILED
                                    ? "Input/output error"
                                    : "the block job was aborted");
}

int
testPlanParse(const char *xml, const char *target, testPlan *plan)
{
    g_autoptr(domainMetadata) element = domainMetadataFind(xml, TEST_PLAN_URI, "test");
    g_auto(testPlan) result = {
        .size = 1 << 30,
        .speed = 100 << 20,
        .end = VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED,
        .at = G_MAXUINT64,
    };

    if (element && testPlanReadClock(element, &result) < 0)
        return -1;
    for (guint i = 0; element && i < element->children->len; i++) {
        const domainMetadata *child = g_ptr_array_index(element->children, i);
        const char *disk = domainMetadataGet(child, "target");

        if (!g_str_equal(child->name, "disk")) {
            errorReport(VIR_ERR_XML_ERROR,
                        "metadata of the test driver: element '%s' is not "
                        "known",
                        child->name);
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
