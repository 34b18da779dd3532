/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_plan-test.c: what metadata says, what it leaves out, and what is wrong with it */

#include "test/test_plan.h"

#include "expect.h"

#define OF(content) \
    "<domain><metadata><streamdisk:test xmlns:streamdisk='urn:libvirt-streamdisk:test'" content \
    "</streamdisk:test></metadata></domain>"
#define SECONDS(n) ((n) * (guint64) G_USEC_PER_SEC)

static void
testDefaults(void)
{
    static const char *const xmls[] = {
        "<domain/>",
        OF("/><streamdisk:test xmlns:streamdisk='urn:other'>"),
        OF(" clock='real'>"),
        OF("><streamdisk:disk target='vdb' size='1'/>"),
        OF("><streamdisk:disk target='vda' xmlns:o='urn:o' o:size='1'/>"),
    };

    for (size_t i = 0; i < G_N_ELEMENTS(xmls); i++) {
        g_auto(testPlan) plan = { 0 };

        g_assert_cmpint(testPlanParse(xmls[i], "vda", &plan), ==, 0);
        g_assert_false(plan.stepped);
        g_assert_cmpuint(plan.size, ==, 1 << 30);
        g_assert_cmpuint(plan.at, ==, 1 << 30);
        g_assert_cmpuint(plan.speed, ==, 100 << 20);
        g_assert_cmpuint(plan.starting + plan.wait + plan.finish + plan.stopping, ==, 0);
        g_assert_cmpint(plan.end, ==, VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED);
        g_assert_null(plan.reason);
        g_assert_null(plan.refuse);
    }
}

static void
testAll(void)
{
    g_auto(testPlan) plan = { 0 };

    g_assert_cmpint(testPlanParse(OF(" clock='step'>"
                                     "<streamdisk:disk target='vdb' size='7'/>"
                                     "<streamdisk:disk target='vda' size='1000' speed='10' "
                                     "starting='1' wait='2' stopping='3' at='500' "
                                     "end='failed' reason='no more' refuse='not today' "
                                     "relative='yes'/>"),
                                  "vda", &plan),
                    ==, 0);
    g_assert_true(plan.stepped);
    g_assert_cmpuint(plan.size, ==, 1000);
    g_assert_cmpuint(plan.speed, ==, 10);
    g_assert_cmpuint(plan.starting, ==, SECONDS(1));
    g_assert_cmpuint(plan.wait, ==, SECONDS(2));
    g_assert_cmpuint(plan.stopping, ==, SECONDS(3));
    g_assert_cmpuint(plan.at, ==, 500);
    g_assert_cmpint(plan.end, ==, VIR_DOMAIN_STREAM_DISK_STATE_FAILED);
    g_assert_cmpstr(plan.reason, ==, "no more");
    g_assert_cmpstr(plan.refuse, ==, "not today");
    g_assert_true(plan.relative);
}

static void
testReasons(void)
{
    g_auto(testPlan) failed = { 0 };
    g_auto(testPlan) stopped = { 0 };
    g_auto(testPlan) completed = { 0 };

    g_assert_cmpint(testPlanParse(OF("><streamdisk:disk target='a' end='failed' finish='1'/>"), "a",
                                  &failed),
                    ==, 0);
    g_assert_cmpstr(failed.reason, ==, "Input/output error");
    g_assert_cmpuint(failed.finish, ==, 0);
    g_assert_cmpint(testPlanParse(OF("><streamdisk:disk target='a' end='stopped'/>"), "a",
                                  &stopped),
                    ==, 0);
    g_assert_cmpstr(stopped.reason, ==, "the block job was aborted");
    g_assert_cmpint(testPlanParse(OF("><streamdisk:disk target='a' end='completed' finish='1' "
                                     "reason='none'/>"),
                                  "a", &completed),
                    ==, 0);
    g_assert_null(completed.reason);
    g_assert_cmpuint(completed.finish, ==, SECONDS(1));
}

static void
testWrong(void)
{
    static const struct {
        const char *xml;
        const char *error;
    } cases[] = {
        { OF(" clock='none'>"), "attribute 'clock' of element 'test' is not 'real' or 'step'" },
        { OF(" speed='1'>"), "attribute 'speed' of element 'test' is not known" },
        { OF("><streamdisk:disc target='a'/>"), "element 'disc' is not known" },
        { OF("><streamdisk:disk size='1'/>"), "attribute 'target' of element 'disk' is missing" },
        { OF("><streamdisk:disk target='a' sice='1'/>"),
          "attribute 'sice' of element 'disk' of disk 'a' is not known" },
        { OF("><streamdisk:disk target='a' size='-1'/>"), "'size' of element 'disk' of disk 'a' "
                                                          "is not a number of bytes" },
        { OF("><streamdisk:disk target='a' at='1M'/>"), "is not a number of bytes" },
        { OF("><streamdisk:disk target='a' speed='9223372036854775808'/>"),
          "is not a number of bytes" },
        { OF("><streamdisk:disk target='a' wait='86401'/>"), "is not a number of seconds" },
        { OF("><streamdisk:disk target='a' end='well'/>"),
          "is not 'completed', 'stopped' or 'failed'" },
        { OF("><streamdisk:disk target='a' relative='true'/>"), "is not 'yes' or 'no'" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        testPlan plan = { .size = 5 };

        g_assert_cmpint(testPlanParse(cases[i].xml, "a", &plan), ==, -1);
        expectError(VIR_ERR_XML_ERROR, cases[i].error);
        g_assert_cmpuint(plan.size, ==, 5);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/test_plan/defaults", testDefaults);
    g_test_add_func("/test_plan/all", testAll);
    g_test_add_func("/test_plan/reasons", testReasons);
    g_test_add_func("/test_plan/wrong", testWrong);
    return g_test_run();
}
