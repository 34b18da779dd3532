/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_stream.h: one stream: what is known of it, and what is told
 *
 * Functions here are called under its guest's lock.
 */

#pragma once

#include "backend/backend_export.h"
#include "conf/domain_disk.h"
#include "hydrate/hydrate_worker.h"
#include "qemu/qemu_guest.h"
#include "stream/stream_deadline.h"
#include "stream/stream_hydration.h"
#include "stream/stream_progress.h"
#include "stream/stream_settings.h"
#include "stream/stream_stats.h"

typedef struct _qemuStream qemuStream;
struct _qemuStream {
    gatomicrefcount refs;

    /* constant */
    qemuGuest *guest;
    char *target;
    char *alias;
    char *source;       /* path of the top image, or NULL */
    unsigned int depth; /* images below the top one when the stream began */
    char **layers;      /* their names, as domainDisk has them */
    char **features;    /* as domainDisk has them */
    gint64 began;       /* µs, monotonic */

    /* held over the calls that begin and end hydration; taken before the guest's lock */
    GMutex hydrating;      /* protects export */
    backendExport *export; /* NULL unless hydrated */

    /* all below is protected by the guest's lock */
    virDomainStreamDiskStateType state; /* qemu_life.h changes it */
    char *base;              /* as the caller named it, or as found; NULL: none, or not known */
    streamSettings settings; /* as the user wants it */
    guint64 iotune;          /* what the guest may of its disk, bytes per second; 0: all */
    bool startedByUs;        /* its job */
    char *error;             /* QEMU's reason, once it gave one */
    char *reason;            /* why it stopped or failed, once it did */
    unsigned int staleEnds;  /* ends of jobs that are dealt with, whose events are still to come */
    unsigned int noJobCount; /* times in a row that libvirt knew no job */

    /* its speed (qemu_speed.h) */
    streamDeadline plan;      /* to meet the deadline */
    unsigned long long speed; /* what the job was last told */
    guint speedSerial;        /* odd while the job is being told; one more before and after */
    bool waitingTurn;         /* another disk of the guest has it */

    /* its end */
    bool endNoted;      /* it may be held, soon: there is no time for libvirt's fsync() then */
    bool endHeld;       /* the job is to be kept from its end: not all is flushed */
    bool jobPaused;     /* that is why it is paused, as far as is known */
    bool jobTold;       /* a thread tells it to pause, or to go on */
    gint64 heldSince;   /* it is paused, and nothing is copied, since then; 0: it is not */
    guint64 heldCopied; /* what was, by then */
    bool endSafe;       /* all was flushed before the job's end */
    bool jobCompleted;  /* the link is dropped, what is left is a flush */
    /* how long the disk was without backing and not flushed; 0: never, or it still is, or not known */
    gint64 unflushedUs;

    /* its tail (qemu_tail.h) */
    bool guestSuspended; /* by us, until the disk reads as it should */
    bool tailFilling;    /* a thread does; it has the export */
    bool tailFilled;     /* beyond the end of the image below there are zeroes */
    bool tailOpen;       /* beyond the end of the image below the guest reads wrong data */
    gint64 tailUs;       /* how long it could; as unflushedUs */

    /* how far it is */
    streamProgress progress; /* the job's position */
    streamProgress copying;  /* what is really copied, and to be, while somebody counts it */
    guint64 copiedBefore;    /* by workers before the present one, and the job beside them */
    bool copiedCounts; /* what is copied goes on to count: hydration was stopped for the end */

    /* its hydration (qemu_hydration.h) */
    streamHydrationState hydration; /* qemuStreamHydrationEvent() changes it */
    char *hydrationReason;          /* why there is none, if that is worth telling */
    gint64 hydrationNext;           /* not before this time, µs, monotonic */
    hydrateWorker *worker;          /* NULL: none works; changed with hydrating locked, too */
    guint workerSerial;             /* one more with each that begins */
    streamHydrationStats stats;     /* of the worker, while there is one */
};

/* What the domain's metadata keeps of a stream */
typedef struct _qemuStreamKept qemuStreamKept;
struct _qemuStreamKept {
    streamSettings settings;
    bool jobPaused;
    bool guestSuspended;
};

qemuStream *qemuStreamNew(qemuGuest *guest, const domainDisk *disk);
qemuStream *qemuStreamRef(qemuStream *self);
void qemuStreamUnref(qemuStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuStream, qemuStreamUnref)

/* What job and hydration may copy together, bytes per second; 0: all. */
guint64 qemuStreamGetLimit(const qemuStream *self);

/* Not ended. */
bool qemuStreamIsActive(const qemuStream *self);

/* The one place where the state of hydration changes; @reason: why there is none from now on, if
 * that is worth telling, or NULL. Returns the new state. */
streamHydrationState qemuStreamHydrationEvent(qemuStream *self, streamHydrationEvent event,
                                              const char *reason);

/* Why there is no hydration, if that is worth telling; NULL: it is not, or there is */
const char *qemuStreamGetHydrationReason(const qemuStream *self);

/* A worker begins. @deepest: the lowest layer that the job copies from, the top image being 1;
 * below is the base. What workers before it have copied stays counted. */
void qemuStreamBeginHydration(qemuStream *self, guint32 deepest);
void qemuStreamSetStats(qemuStream *self, const streamHydrationStats *stats);

/* Notes what is left until the deadline. @waiting: bytes of other disks, which wait for this one:
 * they too are to end. */
void qemuStreamStepPlan(qemuStream *self, guint64 waiting, gint64 now);

/* What a worker is to do: nothing, unless @wanted, and nothing before the job's @position; and
 * how, with what it and the job may copy together, for the deadline, too. */
typedef struct _qemuStreamHydrationNeeds qemuStreamHydrationNeeds;
struct _qemuStreamHydrationNeeds {
    bool wanted;
    guint64 position;
    streamSettings settings;
};
qemuStreamHydrationNeeds qemuStreamGetHydrationNeeds(const qemuStream *self);

/* There is something beyond the end of the image below: unless it is known to be zeroes the guest
 * reads it wrong, which is returned. Then it is zeroes; @late: the guest could read it wrong until
 * now. */
bool qemuStreamOpenTail(qemuStream *self);
void qemuStreamCloseTail(qemuStream *self, bool late);

/* How long, in µs, the guest could read wrong data so far; 0: it could not, or that is not known. */
gint64 qemuStreamGetTailTime(const qemuStream *self, gint64 now);

/* How many of the bytes that are done are known to be safe; false if that is not known. */
bool qemuStreamGetFlushed(const qemuStream *self, guint64 *flushed);

/* What its byte counts count. */
virDomainStreamDiskBasis qemuStreamGetBasis(const qemuStream *self);

/* The statistics of this moment, and their short form; -1 if a name is longer than its place. */
streamRecord *qemuStreamGetRecord(const qemuStream *self, gint64 now);
int qemuStreamGetState(const qemuStream *self, virDomainStreamDiskStatePtr state);
