/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_backup.h: tells when libvirt begins and ends a backup
 *
 * No event does. But libvirt writes a guest's status file anew as the first thing it does for a
 * backup, some 6 to 11 ms before it wants QEMU's NBD server, and again when it is over. The
 * directory is watched; the files may be read by libvirtd's own user only, and root.
 */

#pragma once

typedef struct _backendBackup backendBackup;

/* Called in the thread that made it. */
typedef struct _backendBackupHandlers backendBackupHandlers;
struct _backendBackupHandlers {
    void (*begun)(const char *domain, void *opaque); /* by its name */
    void (*ended)(const char *domain, void *opaque);
};

/* Watches @dir in the thread that calls, whose default main context runs. */
backendBackup *backendBackupNew(const char *dir, const backendBackupHandlers *handlers,
                                void *opaque);

/* In that thread, or when it does not run any more; NULL is accepted. */
void backendBackupFree(backendBackup *self);
