/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_conn.c: the list of hypervisors in use, and what is done for those that listen */

#include "test/test_conn.h"

#include <stdlib.h>

#include "test/test_runs.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_TEST

LOG_INIT("test.conn");

#define TEST_CONN_TICK_MS 100

struct _testConn {
    unsigned int refs; /* protected by the lock of testConns */
    virConnectPtr conn;
    bool shared; /* test:///default */

    GMutex subscribing; /* who begins or ends to follow; held over calls to libvirt, protects
                         * the three below */
    unsigned int subscribers;
    int timer;
    int lifecycle; /* callback */

    GMutex lock; /* protects guests */
    GPtrArray *guests;
};

static struct {
    GMutex lock; /* protects conns and their refs */
    GPtrArray *conns;
} testConns;

static testConn *
testConnNew(virConnectPtr conn, bool shared)
{
    testConn *self = g_new0(testConn, 1);

    self->refs = 1;
    virConnectRef(conn);
    self->conn = conn;
    self->shared = shared;
    g_mutex_init(&self->subscribing);
    g_mutex_init(&self->lock);
    self->guests = g_ptr_array_new_with_free_func((GDestroyNotify) testGuestUnref);
    return self;
}

/* Its URI, to be freed with free(). A hypervisor in a libvirtd has other clients, who would not see
 * what is simulated here. */
static char *
testConnGetUri(virConnectPtr conn)
{
    char *uri = virConnectGetURI(conn);

    if (!uri || g_str_has_prefix(uri, "test:///"))
        return uri;
    errorReport(VIR_ERR_NO_SUPPORT,
                "the test hypervisor of '%s' is in another process: streams are "
                "simulated for test:///default and test:///FILE",
                uri);
    free(uri);
    return NULL;
}

testConn *
testConnOpen(virConnectPtr conn)
{
    char *uri = testConnGetUri(conn);
    bool shared;
    testConn *self;
    LOCK_SCOPE(&testConns.lock);

    if (!uri)
        return NULL;
    shared = g_str_equal(uri, "test:///default");
    free(uri);
    if (!testConns.conns)
        testConns.conns = g_ptr_array_new();
    for (guint i = 0; i < testConns.conns->len; i++) {
        self = g_ptr_array_index(testConns.conns, i);
        if (self->conn == conn || (shared && self->shared)) {
            self->refs++;
            return self;
        }
    }
    self = testConnNew(conn, shared);
    g_ptr_array_add(testConns.conns, self);
    return self;
}

static testConn *
testConnRef(testConn *self)
{
    LOCK_SCOPE(&testConns.lock);

    self->refs++;
    return self;
}

static bool
testConnDrop(testConn *self)
{
    LOCK_SCOPE(&testConns.lock);

    if (--self->refs > 0)
        return false;
    g_ptr_array_remove_fast(testConns.conns, self);
    return true;
}

void
testConnUnref(testConn *self)
{
    if (!self || !testConnDrop(self))
        return;
    g_ptr_array_unref(self->guests);
    handleCloseConnect(self->conn);
    g_mutex_clear(&self->lock);
    g_mutex_clear(&self->subscribing);
    g_free(self);
}

static void
testConnUnrefOpaque(void *opaque)
{
    testConnUnref(opaque);
}

static GPtrArray *
testConnListGuests(testConn *self)
{
    GPtrArray *guests = g_ptr_array_new_with_free_func((GDestroyNotify) testGuestUnref);
    LOCK_SCOPE(&self->lock);

    for (guint i = 0; i < self->guests->len; i++)
        g_ptr_array_add(guests, testGuestRef(g_ptr_array_index(self->guests, i)));
    return guests;
}

static void
testConnEndGuest(testConn *self, testGuest *guest)
{
    {
        LOCK_SCOPE(&self->lock);

        g_ptr_array_remove(self->guests, guest);
    }
    testRunsForget(guest);
    testGuestEnd(guest, self);
}

void
testConnAdd(testConn *self, testGuest *guest)
{
    g_autoptr(GPtrArray) guests = testConnListGuests(self);

    for (guint i = 0; i < guests->len; i++) {
        testGuest *other = g_ptr_array_index(guests, i);

        if (other == guest)
            return;
        if (testGuestIsSameDomain(other, guest))
            testConnEndGuest(self, other); /* libvirt's event of its end is still to come */
    }
    {
        LOCK_SCOPE(&self->lock);

        if (!g_ptr_array_find(self->guests, guest, NULL))
            g_ptr_array_add(self->guests, testGuestRef(guest));
    }
}

static void
testConnTick(int timer, void *opaque)
{
    testConn *self = opaque;
    g_autoptr(GPtrArray) guests = testConnListGuests(self);

    for (guint i = 0; i < guests->len; i++)
        testGuestTick(g_ptr_array_index(guests, i), self);
}

GPtrArray *
testConnListRunning(testConn *self)
{
    g_autoptr(GPtrArray) running = g_ptr_array_new_with_free_func((GDestroyNotify) testGuestUnref);
    virDomainPtr *doms = NULL;
    int ndoms = virConnectListAllDomains(self->conn, &doms, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    if (ndoms < 0)
        return NULL;
    for (int i = 0; i < ndoms; i++) {
        char *xml = virDomainGetXMLDesc(doms[i], 0);
        testGuest *guest = xml ? testRunsFind(doms[i], xml) : NULL;

        if (guest)
            g_ptr_array_add(running, guest);
        free(xml);
        virDomainFree(doms[i]);
    }
    free(doms);
    return g_steal_pointer(&running);
}

/* Adds the guests that run, and ends those that do not any more. */
static void
testConnSync(testConn *self)
{
    g_autoptr(GPtrArray) before = testConnListGuests(self);
    g_autoptr(GPtrArray) running = testConnListRunning(self);

    if (!running) {
        LOG_DEBUG("which domains run: %s", errorText());
        return;
    }
    for (guint i = 0; i < before->len; i++) {
        if (!g_ptr_array_find(running, g_ptr_array_index(before, i), NULL))
            testConnEndGuest(self, g_ptr_array_index(before, i));
    }
    for (guint i = 0; i < running->len; i++) {
        if (testGuestGetRun(g_ptr_array_index(running, i)))
            testConnAdd(self, g_ptr_array_index(running, i));
    }
}

static int
testConnOnLifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *opaque)
{
    testConnSync(opaque);
    return 0;
}

/* Under self->subscribing */
static int
testConnFollow(testConn *self)
{
    self->lifecycle = virConnectDomainEventRegisterAny(self->conn, NULL,
                                                       VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                       VIR_DOMAIN_EVENT_CALLBACK(
                                                           testConnOnLifecycle),
                                                       testConnRef(self), testConnUnrefOpaque);
    if (self->lifecycle < 0) {
        testConnUnref(self);
        return -1;
    }
    self->timer = virEventAddTimeout(TEST_CONN_TICK_MS, testConnTick, testConnRef(self),
                                     testConnUnrefOpaque);
    if (self->timer < 0) {
        testConnUnref(self);
        virConnectDomainEventDeregisterAny(self->conn, self->lifecycle);
        errorReport(VIR_ERR_INTERNAL_ERROR, "%s", "the event loop takes no timer");
        return -1;
    }
    testConnSync(self);
    return 0;
}

int
testConnSubscribe(testConn *self)
{
    LOCK_SCOPE(&self->subscribing);

    if (self->subscribers == 0 && testConnFollow(self) < 0)
        return -1;
    self->subscribers++;
    return 0;
}

void
testConnUnsubscribe(testConn *self)
{
    LOCK_SCOPE(&self->subscribing);

    if (--self->subscribers > 0)
        return;
    virEventRemoveTimeout(self->timer);
    virConnectDomainEventDeregisterAny(self->conn, self->lifecycle);
}
