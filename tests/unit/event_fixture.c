/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event_fixture.c: the driver, the connection and the loop */

#include "event_fixture.h"

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
    streamEventPublish(&fix->priv, event, streamEntryNew(fix->dom, "vda"));
}

static void
eventFixtureTick(int timer, void *opaque)
{
    bool *done = opaque;

    *done = true;
}

/* Twice: what became ready together with the first timer is done by the second. */
void
eventFixtureRunLoop(void)
{
    for (int i = 0; i < 2; i++) {
        bool done = false;
        int timer = virEventAddTimeout(1, eventFixtureTick, &done, NULL);

        while (!done)
            g_assert_cmpint(virEventRunDefaultImpl(), ==, 0);
        virEventRemoveTimeout(timer);
    }
}

static void
eventFixtureSetUp(eventFixture *fix, const void *opaque)
{
    static bool registered;

    if (!registered)
        g_assert_cmpint(virEventRegisterDefaultImpl(), ==, 0);
    registered = true;
    g_assert_nonnull(fix->conn = virConnectOpen("test:///default"));
    g_assert_nonnull(fix->dom = virDomainLookupByName(fix->conn, "test"));
}

static void
eventFixtureTearDown(eventFixture *fix, const void *opaque)
{
    eventFixtureRunLoop();
    g_assert_cmpint(fix->priv.subscribed, ==, 0);
    virDomainFree(fix->dom);
    g_assert_cmpint(virConnectClose(fix->conn), ==, 0);
}

void
eventFixtureAdd(const char *path, void (*func)(eventFixture *fix, const void *opaque))
{
    g_test_add(path, eventFixture, NULL, eventFixtureSetUp, func, eventFixtureTearDown);
}
