/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_disk.c: a guest's list of disks, and what becomes of their jobs */

#include "fake_disk.h"

#include "util/lock.h"

fakeDisk *
fakeDiskNew(fakeGuest *guest, const char *target)
{
    fakeDisk *self = g_new0(fakeDisk, 1);

    self->guest = guest;
    self->name = g_strconcat(guest->name, "/", target, NULL);
    self->target = g_strdup(target);
    self->alias = g_strconcat("alias-", target, NULL);
    self->source = g_strconcat("/images/", self->name, NULL);
    self->depth = 1;
    self->size = self->backing = FAKE_DISK_SIZE;
    self->driver = "";
    LOCK_SCOPE(&fakeGuestLock);

    g_ptr_array_add(guest->disks, self);
    return self;
}

void
fakeDiskFree(void *opaque)
{
    fakeDisk *self = opaque;

    g_assert_null(self->worker);
    g_free(self->name);
    g_free(self->target);
    g_free(self->alias);
    g_free(self->source);
    g_free(self);
}

void
fakeDiskBeginJob(fakeDisk *self, unsigned long long bandwidth)
{
    LOCK_SCOPE(&fakeGuestLock);

    self->job = VIR_DOMAIN_BLOCK_JOB_TYPE_PULL;
    self->cur = 0;
    self->bandwidth = bandwidth;
    self->paused = false;
}

void
fakeDiskSetJob(fakeDisk *self, int type)
{
    LOCK_SCOPE(&fakeGuestLock);

    self->job = type;
}

void
fakeDiskMoveJob(fakeDisk *self, guint64 cur)
{
    LOCK_SCOPE(&fakeGuestLock);

    self->cur = cur;
}

void
fakeDiskEndJob(fakeDisk *self, bool completed)
{
    LOCK_SCOPE(&fakeGuestLock);

    self->job = 0;
    self->paused = false;
    if (completed)
        self->depth = 0;
}

void
fakeDiskSetTail(fakeDisk *self, guint64 tail)
{
    LOCK_SCOPE(&fakeGuestLock);

    self->backing = self->size - tail;
    self->filled = false;
}

bool
fakeDiskHasJob(fakeDisk *self)
{
    LOCK_SCOPE(&fakeGuestLock);

    return self->job != 0;
}

bool
fakeDiskIsPaused(fakeDisk *self)
{
    LOCK_SCOPE(&fakeGuestLock);

    return self->paused;
}

guint64
fakeDiskGetBandwidth(fakeDisk *self)
{
    LOCK_SCOPE(&fakeGuestLock);

    return self->bandwidth;
}

fakeDisk *
fakeDiskFind(virDomainPtr dom, const char *target)
{
    fakeGuest *guest = fakeGuestFind(dom);

    for (guint i = 0; guest && i < guest->disks->len; i++) {
        fakeDisk *disk = g_ptr_array_index(guest->disks, i);

        if (g_str_equal(disk->target, target) && !disk->detached)
            return disk;
    }
    return NULL;
}

fakeDisk *
fakeDiskFindByName(const char *name)
{
    GPtrArray *guests = fakeGuestList();

    for (guint i = 0; i < guests->len; i++) {
        fakeGuest *guest = g_ptr_array_index(guests, i);

        for (guint j = 0; j < guest->disks->len; j++) {
            fakeDisk *disk = g_ptr_array_index(guest->disks, j);

            if (g_str_equal(disk->name, name))
                return disk;
        }
    }
    return NULL;
}
