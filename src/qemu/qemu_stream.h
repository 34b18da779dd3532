/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_stream.h: one stream: what is known of it */

#pragma once

#include "conf/domain_disk.h"
#include "stream/stream_deadline.h"
#include "stream/stream_progress.h"
#include "stream/stream_settings.h"
#include "stream/stream_stats.h"

typedef enum {
    QEMU_STREAM_UNHYDRATED, /* the job is alone */
    QEMU_STREAM_HYDRATING,
    QEMU_STREAM_HYDRATED, /* nothing is left to copy, the job runs through */
} qemuStreamHydration;

/* What the domain's metadata keeps of a stream */
typedef struct _qemuStreamKept qemuStreamKept;
struct _qemuStreamKept {
    streamSettings settings;
    bool jobPaused;
    bool guestSuspended;
};

typedef struct _qemuStream qemuStream;
struct _qemuStream {
    gatomicrefcount refs;

    /* set when it is made, and constant */
    void *publisher; /* the priv that its events are published with */
    char *target;
    char *alias;
    char *source;             /* path of the top image, or NULL */
    unsigned int depth;       /* images below the top one when the stream began */
    char **layers;            /* their names, as domainDisk has them */
    char **features;          /* as domainDisk has them */
    gint64 began;             /* µs, monotonic */
    const char *unhydratable; /* why nothing ever hydrates it; NULL: it may be */

    /* protected by the lock of the table (qemu_streams.h) that the stream is in */
    virDomainPtr dom;                   /* on the newest connection */
    virDomainStreamDiskStateType state; /* qemu_life.h changes it */
    char *base;               /* as the caller named it, or as found; NULL: none, or not known */
    streamSettings settings;  /* as the user wants it */
    guint64 iotune;           /* what the guest may of its disk, bytes per second; 0: all */
    bool own;                 /* we started its job */
    streamDeadline pace;      /* to the deadline */
    unsigned long long speed; /* what the job was last told */
    guint speedSerial;        /* odd while the job is being told; one more before and after */
    bool held;                /* another disk of the guest has the turn */
    bool endNoted;            /* it may be, soon: there is no time for libvirt's fsync() then */
    bool endHeld;             /* the job is to be kept from its end: not all is flushed */
    bool jobPaused;           /* that is why it is paused, as far as is known */
    bool jobTold;             /* a thread tells it to pause, or to go on */
    bool endSafe;             /* all was flushed before the job's end */
    bool jobCompleted;        /* the link is dropped, what is left is a flush */
    bool guestSuspended;      /* by us, until the disk reads as it should */
    bool tailFilled;          /* beyond the end of the image below there are zeroes */
    bool tailOpen;            /* beyond the end of the image below the guest reads wrong data */
    gint64 tailUs;            /* how long it could; 0: never, or it still can, or not known */
    gint64 unflushedUs;       /* how long the disk was without backing and not flushed, the same */
    streamProgress progress;  /* the job's position */
    streamProgress copying;   /* what is really copied, and to be; unless unhydrated */
    guint64 copiedBefore;     /* by hydrators before the present one, and the job beside them */
    char *error;              /* QEMU's reason, once it gave one */
    char *reason;             /* why it stopped or failed, once it did */
    unsigned int echoes;      /* ends of jobs that are dealt with, whose events are still to come */
    unsigned int missed;      /* times in a row that libvirt knew no job */
    gint64 quiet;             /* QEMU is left alone before this time */
    qemuStreamHydration hydration;
    streamHydrationStats figures; /* while hydrating */
    char *unhydrated;             /* why it is not, if something went wrong */
};

qemuStream *qemuStreamNew(virDomainPtr dom, const domainDisk *disk);
qemuStream *qemuStreamRef(qemuStream *self);
void qemuStreamUnref(qemuStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemuStream, qemuStreamUnref)

/* What job and hydration may copy together, bytes per second; 0: all. */
guint64 qemuStreamGetLimit(const qemuStream *self);

/* Not ended. */
bool qemuStreamIsActive(const qemuStream *self);

/* A hydrator begins, works, and ends: @done, or because of @reason, if that is worth telling.
 * @deepest: the lowest layer that the job copies from, the top image being 1; below is the base.
 * What hydrators before it have copied stays counted. */
void qemuStreamBeginHydration(qemuStream *self, guint32 deepest);
void qemuStreamSetHydration(qemuStream *self, const streamHydrationStats *figures);
void qemuStreamEndHydration(qemuStream *self, bool done, const char *reason);

/* Notes what is left until the deadline. @waiting: bytes of other disks, which wait for this one:
 * they too are to end. */
void qemuStreamStepPace(qemuStream *self, guint64 waiting, gint64 now);

/* What a hydrator is to do: nothing, unless @wanted, and nothing before the job's @position; and
 * how, with what it and the job may copy together, for the deadline, too. */
typedef struct _qemuStreamHydrationNeeds qemuStreamHydrationNeeds;
struct _qemuStreamHydrationNeeds {
    bool wanted;
    guint64 position;
    streamSettings settings;
};
qemuStreamHydrationNeeds qemuStreamGetHydrationNeeds(const qemuStream *self);

/* How long, in µs, the guest could read wrong data so far; 0: it could not, or that is not known. */
gint64 qemuStreamGetTailTime(const qemuStream *self, gint64 now);

/* How many of the bytes that are done are known to be safe; false if that is not known. */
bool qemuStreamGetFlushed(const qemuStream *self, guint64 *flushed);

/* What its byte counts count. */
virDomainStreamDiskBasis qemuStreamGetBasis(const qemuStream *self);
