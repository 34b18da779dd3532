/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_driver-test.c: each slot, with the flags and parameters that it refuses */

#include "qemu/qemu_driver.h"

#include "expect.h"
#include "qemu_fixture.h"

/* Stands in for libvirt's: what the fake has are QEMU guests. */
const char *
virConnectGetType(virConnectPtr conn)
{
    return "QEMU";
}

static long long
testStream(qemuFixture *fix, fakeDisk *disk, unsigned int flags)
{
    return qemuDriver.domainStreamDisk(fix->conn, disk->guest->dom, disk->target, 0, flags);
}

static void
testOpen(qemuFixture *fix, const void *opaque)
{
    void *priv = NULL;

    g_assert_cmpint(qemuDriver.connectOpen(fakeGuestGetConnect(), &priv), ==, 1);
    g_assert_cmpint(qemuDriver.connectEventsSubscribe(priv), ==, 0);
    g_assert_true(qemuGuestTableIsFollowed(qemuConnGetGuests(priv)));
    qemuDriver.connectEventsUnsubscribe(priv);
    qemuDriver.connectClose(priv);
}

static void
testStreamDisk(qemuFixture *fix, const void *opaque)
{
    g_assert_cmpint(testStream(fix, fix->vda, VIR_DOMAIN_STREAM_DISK_START), ==, 0);
    g_assert_true(fakeDiskHasJob(fix->vda));
    g_assert_cmpint(testStream(fix, fix->vda, VIR_DOMAIN_STREAM_DISK_STOP), ==, 0);
    g_assert_false(fakeDiskHasJob(fix->vda));
    g_assert_cmpint(testStream(fix, fix->vda, VIR_DOMAIN_STREAM_DISK_ONE), ==, -1);
    expectError(VIR_ERR_NO_SUPPORT, "VIR_DOMAIN_STREAM_DISK_ONE");
    g_assert_cmpint(testStream(fix, fix->vda, 1 << 9), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "unsupported flags");
}

static void
testStart(qemuFixture *fix, const void *opaque)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    int room = 0;

    virTypedParamsAddULLong(&params, &nparams, &room, VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH, 9);
    g_assert_cmpint(qemuDriver.domainStreamDiskStart(fix->conn, fix->a->dom, "vda", "vda[2]",
                                                     params, nparams, 0),
                    ==, 0);
    g_assert_cmpuint(fakeDiskGetBandwidth(fix->vda), ==, 9);
    params[0].value.ul = 11;
    g_assert_cmpint(qemuDriver.domainStreamDiskSetParameters(fix->conn, fix->a->dom, "vda", params,
                                                             nparams, 0),
                    ==, 0);
    g_assert_cmpuint(fakeDiskGetBandwidth(fix->vda), ==, 11);
    virTypedParamsFree(params, nparams);
    g_assert_cmpint(qemuDriver.domainStreamDiskStart(fix->conn, fix->a->dom, "vdb", NULL, NULL, 0,
                                                     1),
                    ==, -1);
    g_assert_cmpint(qemuDriver.domainStreamDiskSetParameters(fix->conn, fix->a->dom, "vda", NULL, 0,
                                                             0),
                    ==, -1);
    virResetLastError();
}

/* Where nothing is hydrated its parameters are refused. */
static void
testNoHydration(qemuFixture *fix, const void *opaque)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    int room = 0;
    void *priv = NULL;

    g_assert_cmpint(qemuDriver.connectOpen(fakeGuestGetConnect(), &priv), ==, 1);
    virTypedParamsAddBoolean(&params, &nparams, &room, VIR_DOMAIN_STREAM_DISK_PARAM_FAST, 1);
    g_assert_cmpint(qemuDriver.domainStreamDiskStart(priv, fix->a->dom, "vda", NULL, params,
                                                     nparams, 0),
                    ==, -1);
    expectError(VIR_ERR_OPERATION_UNSUPPORTED, "there is none without virtstreamd");
    virTypedParamsFree(params, nparams);
    qemuDriver.connectClose(priv);
}

static void
testInfo(qemuFixture *fix, const void *opaque)
{
    virDomainStreamDiskState states[2] = { 0 };

    g_assert_cmpint(qemuDriver.domainStreamDiskInfo(fix->conn, fix->a->dom, states, 2, 0), ==, 0);
    testStream(fix, fix->vda, 0);
    testStream(fix, fix->vdb, 0);
    g_assert_cmpint(qemuDriver.domainStreamDiskInfo(fix->conn, fix->a->dom, states, 1, 0), ==, 2);
    g_assert_cmpstr(states[0].target, ==, "vda");
    g_assert_cmpstr(states[0].alias, ==, "alias-vda");
    g_assert_cmpuint(states[0].size, ==, FAKE_DISK_SIZE);
    fakeGuestSetState(fix->a, FAKE_GUEST_OFF);
    g_assert_cmpint(qemuDriver.domainStreamDiskInfo(fix->conn, fix->a->dom, states, 1, 0), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "not running");
}

static int
testGetState(qemuFixture *fix, const char *disk)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0;
    int state = -1;

    if (qemuDriver.domainStreamDiskGetStats(fix->conn, fix->a->dom, disk, &params, &nparams, 0) < 0)
        return -1;
    virTypedParamsGetInt(params, nparams, VIR_DOMAIN_STREAM_DISK_STATS_STATE, &state);
    virTypedParamsFree(params, nparams);
    return state;
}

/* Also of one that has ended; of an active one only if the guest runs. */
static void
testStats(qemuFixture *fix, const void *opaque)
{
    g_assert_cmpint(testGetState(fix, "vda"), ==, -1);
    expectError(VIR_ERR_INVALID_ARG, "does not have an active block job");
    testStream(fix, fix->vda, 0);
    g_assert_cmpint(testGetState(fix, fix->vda->source), ==, VIR_DOMAIN_STREAM_DISK_STATE_RUNNING);
    fakeGuestSetState(fix->a, FAKE_GUEST_OFF);
    g_assert_cmpint(testGetState(fix, "vda"), ==, -1);
    expectError(VIR_ERR_OPERATION_INVALID, "not running");
    fakeGuestSetState(fix->a, FAKE_GUEST_RUNS);
    testStream(fix, fix->vda, VIR_DOMAIN_STREAM_DISK_STOP);
    g_assert_cmpint(testGetState(fix, "alias-vda"), ==, VIR_DOMAIN_STREAM_DISK_STATE_STOPPED);
}

static void
testList(qemuFixture *fix, const void *opaque)
{
    g_autoptr(GPtrArray) records = NULL;
    const streamRecord *record;

    testStream(fix, fix->other, 0);
    testStream(fix, fix->vda, 0);
    g_assert_nonnull(records = qemuDriver.connectListAllStreamDisks(fix->conn, 0));
    g_assert_cmpuint(records->len, ==, 2);
    record = g_ptr_array_index(records, 0);
    g_assert_cmpstr(record->name, ==, "b");
    g_assert_null(qemuDriver.connectListAllStreamDisks(fix->conn, 1));
    virResetLastError();
}

/* In process libvirt is asked. */
static void
testListPassing(qemuFixture *fix, const void *opaque)
{
    g_autoptr(GPtrArray) records = NULL;
    virDomainStreamDiskState states[2] = { 0 };
    void *priv = NULL;

    fakeDiskBeginJob(fix->vdb, 0);
    g_assert_cmpint(qemuDriver.connectOpen(fakeGuestGetConnect(), &priv), ==, 1);
    g_assert_cmpint(qemuDriver.domainStreamDiskInfo(priv, fix->a->dom, states, 2, 0), ==, 1);
    g_assert_cmpstr(states[0].target, ==, "vdb");
    g_assert_nonnull(records = qemuDriver.connectListAllStreamDisks(priv, 0));
    g_assert_cmpuint(records->len, ==, 1);
    fakeCallFail("list", VIR_ERR_RPC, "away");
    g_assert_null(qemuDriver.connectListAllStreamDisks(priv, 0));
    expectError(VIR_ERR_RPC, "away");
    qemuDriver.connectClose(priv);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemuFixtureAddBare("/qemu_driver/open", testOpen);
    qemuFixtureAddResident("/qemu_driver/stream-disk", testStreamDisk);
    qemuFixtureAddResident("/qemu_driver/start", testStart);
    qemuFixtureAddBare("/qemu_driver/no-hydration", testNoHydration);
    qemuFixtureAddResident("/qemu_driver/info", testInfo);
    qemuFixtureAddResident("/qemu_driver/stats", testStats);
    qemuFixtureAddResident("/qemu_driver/list", testList);
    qemuFixtureAddBare("/qemu_driver/list-passing", testListPassing);
    return g_test_run();
}
