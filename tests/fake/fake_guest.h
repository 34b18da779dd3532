/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_guest.h: the guests that libvirt is said to have
 *
 * Their domains are those of libvirt's test driver, of which only the name and the UUID are used.
 */

#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>

typedef enum {
    FAKE_GUEST_RUNS,
    FAKE_GUEST_SUSPENDED,
    FAKE_GUEST_OFF,
    FAKE_GUEST_GONE, /* libvirt knows no such domain */
} fakeGuestState;

typedef struct _fakeGuest fakeGuest;
struct _fakeGuest {
    /* constant */
    virDomainPtr dom;
    const char *name;
    char uuid[VIR_UUID_STRING_BUFLEN];

    /* all below is protected by fakeGuestLock */
    fakeGuestState state;
    char *metadata; /* what libvirt was told to keep; NULL: nothing */
    char *version;  /* of its QEMU */
    GPtrArray *disks;
};

/* Protects all guests and their disks; nothing nests in it. */
extern GMutex fakeGuestLock;

void fakeGuestSetUp(void);
void fakeGuestTearDown(void);

/* A connection that knows the guests */
virConnectPtr fakeGuestGetConnect(void);

/* One that runs, without disks */
fakeGuest *fakeGuestNew(const char *name);

void fakeGuestSetState(fakeGuest *self, fakeGuestState state);
fakeGuestState fakeGuestGetState(fakeGuest *self);
void fakeGuestSetVersion(fakeGuest *self, const char *version);
void fakeGuestSetMetadata(fakeGuest *self, const char *metadata);

/* Under the lock: the guest of a domain; NULL if it is no guest. */
fakeGuest *fakeGuestFind(virDomainPtr dom);
/* Under the lock: all */
GPtrArray *fakeGuestList(void);
