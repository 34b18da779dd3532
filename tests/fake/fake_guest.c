/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_guest.c: a list of guests */

#include "fake_guest.h"

#include "fake_disk.h"
#include "util/handle.h"
#include "util/lock.h"

GMutex fakeGuestLock;

static struct {
    virConnectPtr conn;
    GPtrArray *guests;
} fakeGuests;

static void
fakeGuestFree(void *opaque)
{
    fakeGuest *self = opaque;

    handleFreeDomain(self->dom);
    g_ptr_array_unref(self->disks);
    g_free(self->metadata);
    g_free(self->version);
    g_free(self);
}

void
fakeGuestSetUp(void)
{
    g_assert_nonnull(fakeGuests.conn = virConnectOpen("test:///default"));
    fakeGuests.guests = g_ptr_array_new_with_free_func(fakeGuestFree);
}

/* Nobody has kept a domain, or the connection. */
void
fakeGuestTearDown(void)
{
    g_ptr_array_unref(fakeGuests.guests);
    g_assert_cmpint(virConnectClose(fakeGuests.conn), ==, 0);
}

virConnectPtr
fakeGuestGetConnect(void)
{
    return fakeGuests.conn;
}

fakeGuest *
fakeGuestNew(const char *name)
{
    g_autofree char *xml = g_strdup_printf(
        "<domain type='test'><name>%s</name><memory>1024</memory><os><type>hvm</type></os>"
        "</domain>",
        name);
    fakeGuest *self = g_new0(fakeGuest, 1);

    g_assert_nonnull(self->dom = virDomainCreateXML(fakeGuests.conn, xml, 0));
    self->name = virDomainGetName(self->dom);
    g_assert_cmpint(virDomainGetUUIDString(self->dom, self->uuid), ==, 0);
    self->state = FAKE_GUEST_RUNS;
    self->version = g_strdup("10.0.0");
    self->disks = g_ptr_array_new_with_free_func(fakeDiskFree);
    LOCK_SCOPE(&fakeGuestLock);

    g_ptr_array_add(fakeGuests.guests, self);
    return self;
}

void
fakeGuestSetState(fakeGuest *self, fakeGuestState state)
{
    LOCK_SCOPE(&fakeGuestLock);

    self->state = state;
}

fakeGuestState
fakeGuestGetState(fakeGuest *self)
{
    LOCK_SCOPE(&fakeGuestLock);

    return self->state;
}

void
fakeGuestSetVersion(fakeGuest *self, const char *version)
{
    LOCK_SCOPE(&fakeGuestLock);

    g_free(self->version);
    self->version = g_strdup(version);
}

void
fakeGuestSetMetadata(fakeGuest *self, const char *metadata)
{
    LOCK_SCOPE(&fakeGuestLock);

    g_free(self->metadata);
    self->metadata = g_strdup(metadata);
}

fakeGuest *
fakeGuestFind(virDomainPtr dom)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    virDomainGetUUIDString(dom, uuid);
    for (guint i = 0; i < fakeGuests.guests->len; i++) {
        fakeGuest *guest = g_ptr_array_index(fakeGuests.guests, i);

        if (g_str_equal(guest->uuid, uuid))
            return guest;
    }
    return NULL;
}

GPtrArray *
fakeGuestList(void)
{
    return fakeGuests.guests;
}
