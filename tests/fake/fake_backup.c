/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_backup.c: stands in for backend/backend_backup.c */

#include "fake_backup.h"

#include "backend/backend_backup.h"
#include "fake_context.h"

struct _backendBackup {
    GMainContext *context;
    const backendBackupHandlers *handlers;
    void *opaque;
};

/* Who listens; set and used by one thread at a time */
static backendBackup *fakeBackups;

backendBackup *
backendBackupNew(const char *dir, const backendBackupHandlers *handlers, void *opaque)
{
    backendBackup *self = g_new(backendBackup, 1);

    *self = (backendBackup) { g_main_context_ref_thread_default(), handlers, opaque };
    g_atomic_pointer_set(&fakeBackups, self);
    return self;
}

void
backendBackupFree(backendBackup *self)
{
    if (!self)
        return;
    g_atomic_pointer_set(&fakeBackups, NULL);
    g_main_context_unref(self->context);
    g_free(self);
}

static void
fakeBackupTellBegun(void *name)
{
    fakeBackups->handlers->begun(name, fakeBackups->opaque);
}

static void
fakeBackupTellEnded(void *name)
{
    fakeBackups->handlers->ended(name, fakeBackups->opaque);
}

void
fakeBackupBegin(fakeGuest *guest)
{
    fakeContextRun(((backendBackup *) g_atomic_pointer_get(&fakeBackups))->context,
                   fakeBackupTellBegun, (void *) guest->name);
}

void
fakeBackupEnd(fakeGuest *guest)
{
    fakeContextRun(((backendBackup *) g_atomic_pointer_get(&fakeBackups))->context,
                   fakeBackupTellEnded, (void *) guest->name);
}
