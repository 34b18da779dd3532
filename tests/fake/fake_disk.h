/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_disk.h: the disks of the guests, with their chains and their jobs */

#pragma once

#include <stdbool.h>

#include "fake_guest.h"
#include "hydrate/hydrate_worker.h"

#define FAKE_DISK_SIZE (1024 * 1024 * 1024ULL)

typedef struct _fakeDisk fakeDisk;
struct _fakeDisk {
    /* constant */
    fakeGuest *guest;
    char *name;   /* "a/vda" */
    char *target; /* "vda" */
    char *alias;  /* "alias-vda" */
    char *source; /* "/images/a/vda", which is nowhere */

    /* all below is protected by fakeGuestLock */
    bool detached;
    bool unchained;     /* libvirt does not know what lies below */
    unsigned int depth; /* 1: one image lies below */
    guint64 size;
    guint64 backing; /* size of the image below */
    bool extendedL2;
    guint64 iotune;
    const char *driver; /* more attributes of <driver> */

    int job; /* a virDomainBlockJobType; 0: none */
    guint64 cur;
    unsigned long long bandwidth;
    bool paused;

    bool filled;           /* the tail is zeroes */
    bool zeroFails;        /* QEMU's command for that does nothing */
    bool nbdSilent;        /* its export answers nothing */
    hydrateWorker *worker; /* the one at work (fake_worker.h) */
};

/* With an image below it, as long as itself */
fakeDisk *fakeDiskNew(fakeGuest *guest, const char *target);
void fakeDiskFree(void *opaque);

/* As if somebody else had done it; no event tells */
void fakeDiskBeginJob(fakeDisk *self, unsigned long long bandwidth);
void fakeDiskSetJob(fakeDisk *self, int type);
void fakeDiskMoveJob(fakeDisk *self, guint64 cur);
void fakeDiskEndJob(fakeDisk *self, bool completed);

/* The image below ends so many bytes before the disk does. */
void fakeDiskSetTail(fakeDisk *self, guint64 tail);

/* More that a test says of it, under the lock */
#define FAKE_DISK_SET(disk, field, value) \
    do { \
        g_mutex_lock(&fakeGuestLock); \
        (disk)->field = (value); \
        g_mutex_unlock(&fakeGuestLock); \
    } while (0)

/* Asked under the lock */
bool fakeDiskHasJob(fakeDisk *self);
bool fakeDiskIsPaused(fakeDisk *self);
guint64 fakeDiskGetBandwidth(fakeDisk *self);

/* Under the lock: by domain and target, or by name; NULL if there is none. */
fakeDisk *fakeDiskFind(virDomainPtr dom, const char *target);
fakeDisk *fakeDiskFindByName(const char *name);
