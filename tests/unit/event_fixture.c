/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_fixture.c: the driver and the connection */

#include "event_fixture.h"

#include "event_loop.h"
#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_NONE

static void
eventFixtureClose(void *opaque)
{
    eventFixturePriv *priv = opaque;

    priv->closed++;
}

static int
eventFixtureSubscribe(void *opaque)
{
    eventFixturePriv *priv = opaque;

    if (priv->refuses) {
        errorReport(VIR_ERR_OPERATION_DENIED, "%s", "no events today");
        return -1;
    }
    priv->subscribed++;
    return 0;
}

static void
eventFixtureUnsubscribe(void *opaque)
{
    eventFixturePriv *priv = opaque;

    priv->subscribed--;
}

const driverTable eventFixtureDriver = {
    .name = "fixture",
    .connectClose = eventFixtureClose,
    .connectEventsSubscribe = eventFixtureSubscribe,
    .connectEventsUnsubscribe = eventFixtureUnsubscribe,
};

void
eventFixturePublish(eventFixture *fix, int event)
{
    streamEventPublish(&fix->priv, event, streamRecordNew(fix->dom, "vda"));
}

static void
eventFixtureSetUp(eventFixture *fix, const void *opaque)
{
    eventLoopRegister();
    g_assert_nonnull(fix->conn = virConnectOpen("test:///default"));
    g_assert_nonnull(fix->dom = virDomainLookupByName(fix->conn, "test"));
}

static void
eventFixtureTearDown(eventFixture *fix, const void *opaque)
{
    eventLoopRun();
    g_assert_cmpint(fix->priv.subscribed, ==, 0);
    virDomainFree(fix->dom);
    g_assert_cmpint(virConnectClose(fix->conn), ==, 0);
}

void
eventFixtureAdd(const char *path, void (*func)(eventFixture *fix, const void *opaque))
{
    g_test_add(path, eventFixture, NULL, eventFixtureSetUp, func, eventFixtureTearDown);
}
