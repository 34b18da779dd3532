/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_nbd_server.c: stands in for backend/backend_nbd_server.c */

#include "fake_nbd_server.h"

#include "backend/backend_nbd_server.h"
#include "fake_call.h"
#include "util/lock.h"

struct _backendNbdServer {
    char *uuid;
};

static struct {
    GMutex lock;
    GPtrArray *left; /* UUIDs */
} fakeNbdServers;

void
fakeNbdServerSetUp(void)
{
    fakeNbdServers.left = g_ptr_array_new_with_free_func(g_free);
}

void
fakeNbdServerTearDown(void)
{
    g_ptr_array_unref(fakeNbdServers.left);
}

void
fakeNbdServerLeave(const char *uuid)
{
    LOCK_SCOPE(&fakeNbdServers.lock);

    g_ptr_array_add(fakeNbdServers.left, g_strdup(uuid));
}

backendNbdServer *
backendNbdServerNew(const char *dir, const char *uuid)
{
    backendNbdServer *self = g_new(backendNbdServer, 1);

    self->uuid = g_strdup(uuid);
    return self;
}

void
backendNbdServerFree(backendNbdServer *self)
{
    g_free(self->uuid);
    g_free(self);
}

GStrv
backendNbdServerListLeft(const char *dir)
{
    g_autoptr(GStrvBuilder) left = g_strv_builder_new();
    LOCK_SCOPE(&fakeNbdServers.lock);

    for (guint i = 0; i < fakeNbdServers.left->len; i++)
        g_strv_builder_add(left, g_ptr_array_index(fakeNbdServers.left, i));
    return g_strv_builder_end(left);
}

bool
backendNbdServerIsOpen(backendNbdServer *self)
{
    LOCK_SCOPE(&fakeNbdServers.lock);

    return g_ptr_array_find_with_equal_func(fakeNbdServers.left, self->uuid, g_str_equal, NULL);
}

void
backendNbdServerRemoveLeft(backendNbdServer *self, virDomainPtr dom)
{
    if (fakeCallMake("server_remove_left %s", dom ? virDomainGetName(dom) : self->uuid) < 0)
        return;
    LOCK_SCOPE(&fakeNbdServers.lock);

    for (guint i = fakeNbdServers.left->len; i > 0; i--) {
        if (g_str_equal(g_ptr_array_index(fakeNbdServers.left, i - 1), self->uuid))
            g_ptr_array_remove_index(fakeNbdServers.left, i - 1);
    }
}
