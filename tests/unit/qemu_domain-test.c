/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_domain-test.c: which streams a domain has, who has the turn, and what is kept of them */

#include "qemu/qemu_domain.h"

#include "util/handle.h"

#define POLICY(text) "<policy>" text "</policy>"

typedef struct {
    virConnectPtr conn;
    virDomainPtr dom;
    qemuDomain *domain;
} testFixture;

static void
testSetUp(testFixture *fix, const void *opaque)
{
    static const qemuDomainConfig alike = { 0 };
    static const qemuDomainConfig turns = { .turns = true, .unhydratable = "nobody does" };

    g_assert_nonnull(fix->conn = virConnectOpen("test:///default"));
    g_assert_nonnull(fix->dom = virDomainLookupByName(fix->conn, "test"));
    fix->domain = qemuDomainNew(opaque ? &turns : &alike);
}

static void
testTearDown(testFixture *fix, const void *opaque)
{
    qemuDomainFree(fix->domain);
    qemuDomainFree(NULL);
    handleFreeDomain(fix->dom);
    g_assert_cmpint(virConnectClose(fix->conn), ==, 0); /* no stream holds it any more */
}

/* Of the image /images/NAME */
static qemuStream *
testAdd(testFixture *fix, const char *target, const char *name)
{
    g_autofree char *disk = g_strdup(target);
    g_autofree char *source = g_strconcat("/images/", name, NULL);
    char alias[] = "";

    return qemuDomainAdd(fix->domain, fix->dom,
                         &(domainDisk) { .target = disk, .alias = alias, .source = source });
}

static void
testEnd(testFixture *fix, qemuStream *stream, bool echo)
{
    qemuDomainEnd(fix->domain, stream, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED, "x", echo);
}

/* The active ones, "*" with the turn */
static void
testAssertActive(testFixture *fix, const char *expected)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify) qemuStreamUnref);
    g_autoptr(GString) text = g_string_new(NULL);

    qemuDomainListActive(fix->domain, list);
    for (guint i = 0; i < list->len; i++) {
        const qemuStream *stream = g_ptr_array_index(list, i);

        g_string_append_printf(text, "%s%s%s", i > 0 ? " " : "", stream->target,
                               stream->held ? "" : "*");
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void
testFind(testFixture *fix, const void *opaque)
{
    qemuStream *first = testAdd(fix, "vda", "a");
    qemuStream *second = testAdd(fix, "vdb", "b");

    g_assert_true(qemuDomainFind(fix->domain, "vda") == first);
    g_assert_true(qemuDomainFind(fix->domain, "/images/b") == second);
    g_assert_null(qemuDomainFind(fix->domain, "vdc"));
    g_assert_null(qemuDomainFind(fix->domain, "/images/c"));
    g_assert_null(qemuDomainFind(fix->domain, ""));

    /* the image is another disk's by now */
    testEnd(fix, first, false);
    second = testAdd(fix, "vdc", "a");
    g_assert_true(qemuDomainFind(fix->domain, "/images/a") == second);
    g_assert_true(qemuDomainFind(fix->domain, "vda") == first);
}

/* One for each disk; the next one takes the place of what ended, and its echoes. */
static void
testPlace(testFixture *fix, const void *opaque)
{
    qemuStream *stream = testAdd(fix, "vda", "a");

    g_assert_false(stream->held);
    g_assert_null(stream->unhydratable);
    g_assert_null(testAdd(fix, "vda", "b"));
    testAdd(fix, "vdb", "b");
    testAssertActive(fix, "vda* vdb*");
    testEnd(fix, stream, true);
    testAssertActive(fix, "vdb*");
    stream = testAdd(fix, "vda", "a");
    testAssertActive(fix, "vdb* vda*");
    g_assert_cmpuint(stream->echoes, ==, 1);
    testEnd(fix, stream, false);
    stream = testAdd(fix, "vda", "a");
    g_assert_cmpuint(stream->echoes, ==, 1);
    qemuDomainForgetEchoes(fix->domain);
    g_assert_cmpuint(stream->echoes, ==, 0);
}

static void
testTurn(testFixture *fix, const void *opaque)
{
    qemuStream *first = testAdd(fix, "vda", "a");
    qemuStream *far = testAdd(fix, "vdb", "b");
    qemuStream *near = testAdd(fix, "vdc", "c");

    g_assert_cmpstr(first->unhydratable, ==, "nobody does");
    testAssertActive(fix, "vda* vdb vdc");
    streamProgressSet(&far->progress, 10, 100);
    streamProgressSet(&near->progress, 20, 100);
    qemuDomainRefuse(fix->domain, first);
    testAssertActive(fix, "vdb vdc*");
    g_assert_null(qemuDomainFind(fix->domain, "vda"));
    testEnd(fix, near, false);
    testAssertActive(fix, "vdb*");
    testEnd(fix, far, false);
    testAssertActive(fix, "");
}

/* A deadline is also that of those who wait for the turn. */
static void
testTick(testFixture *fix, const void *opaque)
{
    const gint64 now = g_get_monotonic_time();
    qemuStream *stream = testAdd(fix, "vda", "a");
    qemuStream *held = testAdd(fix, "vdb", "b");

    stream->settings.deadline = held->settings.deadline = now + 902 * (gint64) G_USEC_PER_SEC;
    streamProgressSet(&stream->progress, 0, 500);
    streamProgressSet(&held->progress, 0, 700);
    qemuDomainTick(fix->domain, stream, now); /* nothing is to be told of it so far */
    g_assert_cmpuint(stream->progress.count, ==, 0);
    stream->state = held->state = VIR_DOMAIN_STREAM_DISK_STATE_RUNNING;
    qemuDomainTick(fix->domain, stream, now);
    qemuDomainTick(fix->domain, held, now);
    g_assert_cmpuint(stream->progress.count, ==, 1);
    g_assert_cmpuint(stream->copying.count, ==, 1);
    g_assert_cmpuint(held->progress.count, ==, 1);
    g_assert_cmpfloat_with_epsilon(stream->pace.rate, 1200.0 / 800, 0.02);
    g_assert_cmpint(held->pace.deadline, ==, 0);
}

/* Another policy is wanted, this one; it is kept, or that fails. */
static void
testKeep(testFixture *fix, const char *expected, bool success)
{
    char *text = NULL;
    g_autofree char *policy = NULL;

    g_assert_true(qemuDomainPolicyWanted(fix->domain, &text));
    policy = text;
    g_assert_cmpstr(policy, ==, expected);
    g_assert_false(qemuDomainPolicyWanted(fix->domain, &text)); /* one at a time */
    qemuDomainPolicyKept(fix->domain, policy, success);
}

static void
testPolicy(testFixture *fix, const void *opaque)
{
    qemuStream *stream;
    char *text;

    g_assert_false(qemuDomainPolicyWanted(fix->domain, &text));
    stream = testAdd(fix, "vda", "a");
    testKeep(fix, NULL, true); /* whatever a run before has left */
    g_assert_false(qemuDomainPolicyWanted(fix->domain, &text));
    stream->settings.paused = true;
    testKeep(fix, POLICY("<disk target='vda' hydrate='no'/>"), false);
    testKeep(fix, POLICY("<disk target='vda' hydrate='no'/>"), true);
    g_assert_false(qemuDomainPolicyWanted(fix->domain, &text));
    testEnd(fix, stream, false);
    testKeep(fix, NULL, true);
    qemuDomainPolicyKept(fix->domain, "", true); /* it was found there */
    testKeep(fix, NULL, true);
}

/* Nobody would go on with it. */
static void
testPolicyAlike(testFixture *fix, const void *opaque)
{
    char *text;

    testAdd(fix, "vda", "a")->settings.paused = true;
    g_assert_false(qemuDomainPolicyWanted(fix->domain, &text));
}

/* Whatever is not over stays: a stream, and a thread that keeps the policy. */
static void
testForgetEnded(testFixture *fix, const void *opaque)
{
    qemuStream *ended = testAdd(fix, "vda", "a");
    qemuStream *running = testAdd(fix, "vdb", "b");
    char *text = NULL;
    g_autofree char *policy = NULL;

    testEnd(fix, ended, false);
    g_assert_true(qemuDomainForgetEnded(fix->domain));
    g_assert_null(qemuDomainFind(fix->domain, "vda"));
    testAssertActive(fix, "vdb*");

    running->settings.paused = true;
    g_assert_true(qemuDomainPolicyWanted(fix->domain, &text));
    policy = text;
    testEnd(fix, running, false);
    g_assert_true(qemuDomainForgetEnded(fix->domain));
    qemuDomainPolicyKept(fix->domain, policy, true);
    g_assert_false(qemuDomainForgetEnded(fix->domain));
    g_assert_false(qemuDomainPolicyWanted(fix->domain, &text)); /* of that, too, nothing is left */
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*func)(testFixture *fix, const void *opaque);
        bool turns;
    } tests[] = {
        { "/qemu_domain/find", testFind, false },
        { "/qemu_domain/place", testPlace, false },
        { "/qemu_domain/turn", testTurn, true },
        { "/qemu_domain/tick", testTick, true },
        { "/qemu_domain/policy", testPolicy, true },
        { "/qemu_domain/policy-alike", testPolicyAlike, false },
        { "/qemu_domain/forget-ended", testForgetEnded, true },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, testFixture, tests[i].turns ? "" : NULL, testSetUp, tests[i].func,
                   testTearDown);
    return g_test_run();
}
