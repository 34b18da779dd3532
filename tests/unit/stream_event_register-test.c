/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream_event_register-test.c: public callbacks, and what becomes of them when a way is lost */

#include "event_fixture.h"

#include "event_loop.h"
#include "expect.h"
#include "util/error.h"
#include "util/handle.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/* A public callback, and what it was told: "0 test/vda alias=a" */
typedef struct {
    int id;
    virConnectPtr conn;
    GString *heard;
    int freed;
    bool leaves; /* deregisters itself when called */
} testCallback;

static void
testHear(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
         virTypedParameterPtr params, int nparams, void *opaque)
{
    testCallback *callback = opaque;
    const char *alias = NULL;

    g_assert_true(conn == callback->conn);
    g_assert_true(virDomainGetConnect(dom) == conn);
    g_assert_cmpint(callback->freed, ==, 0);
    virTypedParamsGetString(params, nparams, "alias", &alias);
    g_string_append_printf(callback->heard, "%s%d %s/%s%s%s", callback->heard->len > 0 ? ", " : "",
                           event, virDomainGetName(dom), disk, alias ? " alias=" : "",
                           alias ? alias : "");
    if (callback->leaves)
        g_assert_cmpint(streamEventDeregister(conn, callback->id), ==, 0);
}

static void
testFreed(void *opaque)
{
    testCallback *callback = opaque;

    callback->freed++;
}

/* Where a listener goes whose way is lost; NULL: nowhere */
static eventFixturePriv *testOther;

static int
testOpen(virConnectPtr conn, driverConn *via)
{
    if (!testOther) {
        errorReport(VIR_ERR_NO_CONNECT, "%s", "no other way");
        return -1;
    }
    *via = (driverConn) { .driver = &eventFixtureDriver, .priv = testOther };
    return 0;
}

static testCallback *
testRegister(eventFixture *fix, virDomainPtr dom)
{
    testCallback *callback = g_new0(testCallback, 1);
    driverConn via = { .driver = &eventFixtureDriver, .priv = &fix->priv };

    callback->heard = g_string_new(NULL);
    callback->conn = fix->conn;
    callback->id = streamEventRegister(&via, testOpen, fix->conn, dom, testHear, callback,
                                       testFreed);
    g_assert_cmpint(callback->id, >, 0);
    g_assert_null(via.driver);
    return callback;
}

static void
testDeregister(testCallback *callback)
{
    g_assert_cmpint(streamEventDeregister(callback->conn, callback->id), ==, 0);
    eventLoopRun();
}

/* After it was deregistered */
static void
testCallbackFree(testCallback *callback)
{
    g_assert_cmpint(callback->freed, ==, 1);
    g_string_free(callback->heard, TRUE);
    g_free(callback);
}

static virDomainPtr
testDomainNew(virConnectPtr conn)
{
    virDomainPtr dom = virDomainCreateXML(conn,
                                          "<domain type='test'><name>other</name>"
                                          "<memory>1024</memory><os><type>hvm</type></os>"
                                          "</domain>",
                                          0);

    g_assert_nonnull(dom);
    return dom;
}

static void
testEvents(eventFixture *fix, const void *opaque)
{
    testCallback *callback = testRegister(fix, NULL);
    streamRecord *entry = streamRecordNew(fix->dom, "vdb");
    int room = 0;

    virTypedParamsAddString(&entry->params, &entry->nparams, &room, "alias", "virtio-disk1");
    eventFixturePublish(fix, 0);
    streamEventPublish(&fix->priv, 2, entry);
    g_assert_cmpstr(callback->heard->str, ==, "");
    eventLoopRun();
    g_assert_cmpstr(callback->heard->str, ==, "0 test/vda, 2 test/vdb alias=virtio-disk1");

    testDeregister(callback);
    eventFixturePublish(fix, 3);
    eventLoopRun();
    g_assert_cmpstr(callback->heard->str, ==, "0 test/vda, 2 test/vdb alias=virtio-disk1");
    g_assert_cmpint(fix->priv.closed, ==, 1);
    testCallbackFree(callback);
}

static void
testDomain(eventFixture *fix, const void *opaque)
{
    g_autoptr(virDomain) other = testDomainNew(fix->conn);
    testCallback *one = testRegister(fix, other);
    testCallback *all = testRegister(fix, NULL);

    eventFixturePublish(fix, 0);
    streamEventPublish(&fix->priv, 1, streamRecordNew(other, "vda"));
    eventLoopRun();
    g_assert_cmpstr(one->heard->str, ==, "1 other/vda");
    g_assert_cmpstr(all->heard->str, ==, "0 test/vda, 1 other/vda");
    testDeregister(one);
    testDeregister(all);
    testCallbackFree(one);
    testCallbackFree(all);
}

/* The event is of a domain that is gone by now. */
static void
testDomainGone(eventFixture *fix, const void *opaque)
{
    virDomainPtr other = testDomainNew(fix->conn);
    testCallback *callback = testRegister(fix, NULL);

    streamEventPublish(&fix->priv, 1, streamRecordNew(other, "vda"));
    g_assert_cmpint(virDomainDestroy(other), ==, 0);
    virDomainFree(other);
    eventLoopRun();
    g_assert_cmpstr(callback->heard->str, ==, "1 other/vda");
    testDeregister(callback);
    testCallbackFree(callback);
}

static void
testLeavesItself(eventFixture *fix, const void *opaque)
{
    testCallback *callback = testRegister(fix, fix->dom);

    callback->leaves = true;
    eventFixturePublish(fix, 0);
    eventFixturePublish(fix, 1);
    eventLoopRun();
    g_assert_cmpstr(callback->heard->str, ==, "0 test/vda");
    testCallbackFree(callback);
}

static void
testHearNothing(int event, const streamRecord *entry, void *opaque)
{
}

static void
testUnknownId(eventFixture *fix, const void *opaque)
{
    g_autoptr(virConnect) stranger = virConnectOpen("test:///default");
    testCallback *callback = testRegister(fix, NULL);
    driverConn via = { .driver = &eventFixtureDriver, .priv = &fix->priv };
    int listener = streamEventListen(&via, testHearNothing, NULL, NULL);
    const struct {
        virConnectPtr conn;
        int id;
    } wrong[] = {
        { fix->conn, 0 },           { fix->conn, -1 }, { fix->conn, listener + 1 },
        { fix->conn, listener }, /* not a public one */
        { stranger, callback->id },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_cmpint(streamEventDeregister(wrong[i].conn, wrong[i].id), ==, -1);
        expectError(VIR_ERR_INVALID_ARG, "could not find stream event callback");
    }
    streamEventUnlisten(callback->id); /* is not a listener's, and nothing happens */
    g_assert_cmpint(callback->freed, ==, 0);
    g_assert_cmpint(fix->priv.subscribed, ==, 2);

    testDeregister(callback);
    g_assert_cmpint(streamEventDeregister(fix->conn, callback->id), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "could not find stream event callback");
    testCallbackFree(callback);
    streamEventUnlisten(listener);
}

/* On failure @opaque stays the caller's, and no reference is held. */
static void
testRefused(eventFixture *fix, const void *opaque)
{
    testCallback callback = { 0 };
    driverConn via = { .driver = &eventFixtureDriver, .priv = &fix->priv };

    fix->priv.refuses = true;
    g_assert_cmpint(streamEventRegister(&via, testOpen, fix->conn, fix->dom, testHear, &callback,
                                        testFreed),
                    ==, -1);
    expectError(VIR_ERR_OPERATION_DENIED, "no events today");
    g_assert_true(via.priv == &fix->priv);
    g_assert_cmpint(callback.freed, ==, 0);
}

static void
testNoFree(eventFixture *fix, const void *opaque)
{
    testCallback *callback = g_new0(testCallback, 1);
    driverConn via = { .driver = &eventFixtureDriver, .priv = &fix->priv };

    callback->conn = fix->conn;
    callback->id = streamEventRegister(&via, testOpen, fix->conn, NULL, testHear, callback, NULL);
    testDeregister(callback);
    g_assert_cmpint(callback->freed, ==, 0);
    g_free(callback);
}

/* What is queued is delivered first; then events come the other way. */
static void
testLost(eventFixture *fix, const void *opaque)
{
    eventFixturePriv other = { 0 };
    testCallback *callback = testRegister(fix, NULL);

    testOther = &other;
    eventFixturePublish(fix, 0);
    streamEventLost(&fix->priv);
    streamEventPublish(&other, 1, streamRecordNew(fix->dom, "vda"));
    eventLoopRun();
    g_assert_cmpstr(callback->heard->str, ==, "0 test/vda, 1 test/vda");
    g_assert_cmpint(other.subscribed, ==, 1);
    g_assert_cmpint(fix->priv.closed, ==, 1);

    eventFixturePublish(fix, 2);
    eventLoopRun();
    g_assert_cmpstr(callback->heard->str, ==, "0 test/vda, 1 test/vda");

    testDeregister(callback);
    g_assert_cmpint(other.subscribed, ==, 0);
    g_assert_cmpint(other.closed, ==, 1);
    testCallbackFree(callback);
    fix->priv.subscribed--; /* a lost way is not unsubscribed from */
}

/* There is no other way, or it gives no events: the callback stays, and can be deregistered. */
static void
testLostForGood(eventFixture *fix, const void *opaque)
{
    eventFixturePriv other = { .refuses = true };
    testCallback *callback = testRegister(fix, NULL);

    testOther = NULL;
    streamEventLost(&fix->priv);
    eventLoopRun();
    testOther = &other;
    streamEventLost(&fix->priv);
    eventLoopRun();
    g_assert_cmpint(other.subscribed, ==, 0);
    g_assert_cmpint(other.closed, ==, 1);
    g_assert_cmpint(fix->priv.closed, ==, 0);

    testDeregister(callback);
    g_assert_cmpint(fix->priv.closed, ==, 1);
    testCallbackFree(callback);
}

/* Deregistered while the news is on its way */
static void
testLostTooLate(eventFixture *fix, const void *opaque)
{
    eventFixturePriv other = { 0 };
    testCallback *leaving = testRegister(fix, NULL);
    testCallback *staying = testRegister(fix, NULL);

    testOther = &other;
    leaving->leaves = true;
    eventFixturePublish(fix, 0);
    streamEventLost(&fix->priv);
    eventLoopRun();
    g_assert_cmpint(other.subscribed, ==, 1);
    testDeregister(staying);
    testCallbackFree(leaving);
    testCallbackFree(staying);
    fix->priv.subscribed--;
}

/* The daemon's listener has no other way, and none is looked for. */
static void
testLostListener(eventFixture *fix, const void *opaque)
{
    eventFixturePriv other = { 0 };
    driverConn via = { .driver = &eventFixtureDriver, .priv = &fix->priv };
    int id = streamEventListen(&via, testHearNothing, NULL, NULL);

    testOther = &other;
    streamEventLost(&fix->priv);
    eventLoopRun();
    g_assert_cmpint(other.subscribed, ==, 0);
    streamEventUnlisten(id);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    eventFixtureAdd("/stream_event_register/events", testEvents);
    eventFixtureAdd("/stream_event_register/domain", testDomain);
    eventFixtureAdd("/stream_event_register/domain-gone", testDomainGone);
    eventFixtureAdd("/stream_event_register/leaves-itself", testLeavesItself);
    eventFixtureAdd("/stream_event_register/unknown-id", testUnknownId);
    eventFixtureAdd("/stream_event_register/refused", testRefused);
    eventFixtureAdd("/stream_event_register/no-free", testNoFree);
    eventFixtureAdd("/stream_event_register/lost", testLost);
    eventFixtureAdd("/stream_event_register/lost-for-good", testLostForGood);
    eventFixtureAdd("/stream_event_register/lost-too-late", testLostTooLate);
    eventFixtureAdd("/stream_event_register/lost-listener", testLostListener);
    return g_test_run();
}
