/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_guest.h: a guest, with what there is one of for all its streams; and the table of guests
 *
 * A guest is in the table as long as somebody has a reference, which each of its streams has.
 * Functions here make no call to libvirtd, and may be called by any thread.
 */

#pragma once

#include "backend/backend_nbd_server.h"
#include "util/task_queue.h"

/* What all guests of a connection have in common */
typedef struct _qemuGuestConfig qemuGuestConfig;
struct _qemuGuestConfig {
    void *publisher;         /* the priv that events are published with */
    bool turns;              /* one stream of a guest at a time has its full speed */
    const char *noHydration; /* why no stream is ever hydrated, constant; NULL: they may be */
    bool hydrateUntried;     /* also where that has not been tried (qemu_safety.h) */
    guint standstill;      /* ms for which a guest may be suspended at a start, if it is not said */
    const char *socketDir; /* where the sockets of NBD servers may be */
};

typedef struct _qemuGuestTable qemuGuestTable;

typedef struct _qemuGuest qemuGuest;
struct _qemuGuest {
    /* constant */
    qemuGuestTable *table;
    const qemuGuestConfig *config;
    char uuid[VIR_UUID_STRING_BUFLEN];
    backendNbdServer *server;
    taskQueue *tasks;   /* what libvirt's events and the tick ask for; it may wait for QEMU */
    taskQueue *cleanup; /* what is given back, whatever the tasks wait for */

    /* protected by the table's lock */
    guint refs;
    bool owing; /* one of them is for what is owed */

    GMutex lock;               /* protects all below, and the streams; the locks of the table and of
                  * stream_event.c nest in it */
    virDomainPtr dom;          /* on the newest connection */
    GPtrArray *streams;        /* of qemuStream, oldest first (qemu_streams.h) */
    gint64 queriesPausedUntil; /* QEMU is asked nothing that nobody waits for */
    char *metadata;            /* what the domain's metadata keeps; NULL: nothing */
    bool metadataKnown;
    bool metadataSaving; /* by a thread */
};

/* What @config points to outlives it. */
qemuGuestTable *qemuGuestTableNew(const qemuGuestConfig *config);

/* When nobody has a guest any more. */
void qemuGuestTableFree(qemuGuestTable *self);

const qemuGuestConfig *qemuGuestTableGetConfig(const qemuGuestTable *self);

/* Whether events keep the streams in line with libvirt; else whoever wants to know asks anew. */
void qemuGuestTableSetFollowed(qemuGuestTable *self, bool followed);
bool qemuGuestTableIsFollowed(qemuGuestTable *self);

/* The threads of all guests' tasks, and of their cleanup */
taskQueuePool *qemuGuestTableGetTasks(qemuGuestTable *self);
taskQueuePool *qemuGuestTableGetCleanup(qemuGuestTable *self);

/* The guest of a domain, which is put into the table if it is not there */
qemuGuest *qemuGuestGet(qemuGuestTable *table, virDomainPtr dom);

/* Whether QEMU has something of ours, or may have, that nobody uses: as long as that is so, the
 * guest is kept. */
void qemuGuestSetOwing(qemuGuest *self, bool owing);

/* All guests, as references */
GPtrArray *qemuGuestList(qemuGuestTable *table);

qemuGuest *qemuGuestRef(qemuGuest *self);
void qemuGuestUnref(qemuGuest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuGuest, qemuGuestUnref)

/* Runs @func once, after all else that the guest's tasks are; @destroy in any case. */
void qemuGuestPush(qemuGuest *self, void (*func)(void *data), void *data, GDestroyNotify destroy);

/* The domain, as a reference; and the same one on a new connection. Not under the lock. */
virDomainPtr qemuGuestGetDomain(qemuGuest *self);
void qemuGuestSetDomain(qemuGuest *self, virDomainPtr dom);

/* For @us microseconds QEMU is asked nothing that nobody waits for; whether that is so now. Not
 * under the lock. */
void qemuGuestPauseQueries(qemuGuest *self, gint64 us);
bool qemuGuestIsQueriesPaused(qemuGuest *self);
