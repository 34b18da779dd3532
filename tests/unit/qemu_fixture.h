/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_fixture.h: two guests of the fake's, and src/qemu on it: a table of guests, or all of it, as in
 * the daemon
 */

#pragma once

#include "fake.h"
#include "qemu/qemu_conn.h"

typedef struct {
    fakeGuest *a;
    fakeDisk *vda;
    fakeDisk *vdb;
    fakeGuest *b;
    fakeDisk *other; /* its vda */
    qemuConn *conn;  /* NULL: there is only the table */
    qemuGuestTable *guests;
} qemuFixture;

typedef void (*qemuFixtureFunc)(qemuFixture *fix, const void *opaque);

/* Only a table; with turns, and hydration */
void qemuFixtureAdd(const char *path, qemuFixtureFunc func);
/* A resident connection: to libvirt that is there, or is not yet */
void qemuFixtureAddResident(const char *path, qemuFixtureFunc func);
void qemuFixtureAddAway(const char *path, qemuFixtureFunc func);
/* Only the fake */
void qemuFixtureAddBare(const char *path, qemuFixtureFunc func);

/* Begins and ends what the kinds above have. */
void qemuFixtureBegin(qemuFixture *fix);
void qemuFixtureEnd(qemuFixture *fix);

/* A stream that runs, found by an earlier connection, say; nothing is noted of it. */
qemuStream *qemuFixtureRun(qemuFixture *fix, fakeDisk *disk);
/* The same, of our own, which may have waited for its turn */
qemuStream *qemuFixtureRunOurs(qemuFixture *fix, fakeDisk *disk, const streamSettings *settings);

/* One that is hydrated; nothing is noted of it. */
qemuStream *qemuFixtureHydrate(qemuFixture *fix, fakeDisk *disk);

/* The stream of the disk, active or ended, as a reference; NULL if there is none. */
qemuStream *qemuFixtureFind(qemuFixture *fix, fakeDisk *disk);

/* Waits until nothing is in any queue. */
void qemuFixtureSettle(qemuFixture *fix);

/* A second has passed; what is asked then is waited for. */
void qemuFixtureTick(qemuFixture *fix);

/* Under the stream's lock */
int qemuFixtureGetState(qemuStream *stream);
int qemuFixtureGetHydration(qemuStream *stream);
char *qemuFixtureGetReason(qemuStream *stream);
bool qemuFixtureGet(qemuStream *stream, const bool *flag);

#define assertState(stream, expected) \
    g_assert_cmpint(qemuFixtureGetState(stream), ==, VIR_DOMAIN_STREAM_DISK_STATE_##expected)

#define assertHydration(stream, expected, why) \
    do { \
        g_autofree char *reason_ = qemuFixtureGetReason(stream); \
        g_assert_cmpint(qemuFixtureGetHydration(stream), ==, STREAM_HYDRATION_##expected); \
        g_assert_cmpstr(reason_, ==, (why)); \
    } while (0)

#define assertFlag(stream, flag, expected) \
    g_assert_cmpint(qemuFixtureGet((stream), &(stream)->flag), ==, (expected))
