/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt-streamdisk.h: stream the disks of running guests
 *
 * A stream copies what a disk's backing images hold into the disk's own image,
 * while the guest runs, until the disk no longer depends on them.
 * The calls work on the connections and domains of the stock libvirt library.
 */

#pragma once

#include <libvirt/libvirt.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * virDomainStreamDiskFlags:
 *
 * What virDomainStreamDisk() does; exactly one is given. These three have no word of their kind
 * in their names; all other constants have, such as STATE, PHASE, BASIS and EVENT.
 *
 * Since: 0.1.0
 */
typedef enum {
    VIR_DOMAIN_STREAM_DISK_START = 1 << 0, /* stream the whole disk, in the background */
    VIR_DOMAIN_STREAM_DISK_STOP = 1 << 1,  /* end the stream; what is copied stays */
    VIR_DOMAIN_STREAM_DISK_ONE = 1 << 2,   /* an increment, beginning at offset: refused, VIR_ERR_NO_SUPPORT */
} virDomainStreamDiskFlags;

/**
 * VIR_DOMAIN_STREAM_DISK_NAME_BUFLEN:
 *
 * Room for a device alias or a disk target, with its terminating zero.
 *
 * Since: 0.1.0
 */
# define VIR_DOMAIN_STREAM_DISK_NAME_BUFLEN 128

/**
 * virDomainStreamDiskState:
 *
 * One active stream, as virDomainStreamDiskInfo() reports it.
 *
 * Callers have arrays of it, so it never changes: neither size nor fields. What else there is to
 * know of a stream is a typed parameter of virDomainStreamDiskGetStats(), as what
 * virDomainJobInfo has no room for is one of virDomainGetJobStats().
 *
 * Since: 0.1.0
 */
typedef struct _virDomainStreamDiskState virDomainStreamDiskState;
struct _virDomainStreamDiskState {
    char alias[VIR_DOMAIN_STREAM_DISK_NAME_BUFLEN];  /* device alias, "virtio-disk0" */
    char target[VIR_DOMAIN_STREAM_DISK_NAME_BUFLEN]; /* disk target, "vda" */
    unsigned long long offset;                       /* current position, in bytes */
    unsigned long long size;                         /* position at the end, in bytes */
};

/**
 * virDomainStreamDiskStatePtr:
 *
 * Since: 0.1.0
 */
typedef virDomainStreamDiskState *virDomainStreamDiskStatePtr;

/**
 * virDomainStreamDiskStateType:
 *
 * Where a stream stands: the value of VIR_DOMAIN_STREAM_DISK_STATS_STATE. The struct
 * virDomainStreamDiskState has none of it: its streams are active, that is, before COMPLETED.
 *
 * Since: 0.1.0
 */
typedef enum {
    VIR_DOMAIN_STREAM_DISK_STATE_STARTING = 0,  /* asked for, not yet confirmed */
    VIR_DOMAIN_STREAM_DISK_STATE_RUNNING = 1,
    VIR_DOMAIN_STREAM_DISK_STATE_STOPPING = 2,  /* being stopped */
    VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED = 3, /* the disk no longer needs what lay below base */
    VIR_DOMAIN_STREAM_DISK_STATE_STOPPED = 4,   /* ended before its end, by request or with the guest */
    VIR_DOMAIN_STREAM_DISK_STATE_FAILED = 5,    /* ended before its end, by an error */
} virDomainStreamDiskStateType;

/**
 * virDomainStreamDiskPhase:
 *
 * What a running stream is doing: the value of VIR_DOMAIN_STREAM_DISK_STATS_PHASE.
 *
 * Since: 0.1.0
 */
typedef enum {
    VIR_DOMAIN_STREAM_DISK_PHASE_PULL = 0, /* libvirt's block job copies, in order of offset */
    VIR_DOMAIN_STREAM_DISK_PHASE_WAIT = 1, /* held slow, until another disk of the guest is done */
    VIR_DOMAIN_STREAM_DISK_PHASE_HYDRATE = 2, /* ranges are copied in parallel, ahead of the job */
    VIR_DOMAIN_STREAM_DISK_PHASE_FINISH = 3, /* all is copied, the job passes over it to its end */
} virDomainStreamDiskPhase;

/**
 * virDomainStreamDiskBasis:
 *
 * What the byte counts of a stream count: the value of VIR_DOMAIN_STREAM_DISK_STATS_BASIS.
 * When it changes, they may leap; from POSITION to the others as soon as the disk is hydrated,
 * and back if hydration is interrupted.
 *
 * Since: 0.1.0
 */
typedef enum {
    /* the block job's position on the disk: it passes over what is there already,
     * and over holes, without copying */
    VIR_DOMAIN_STREAM_DISK_BASIS_POSITION = 0,
    /* bytes copied since the disk is hydrated, and bytes still to copy. The map that tells
     * these is not complete: what it does not know is guessed to be like what it does */
    VIR_DOMAIN_STREAM_DISK_BASIS_ESTIMATE = 1,
    /* the same, and the map is complete. What the guest has written meanwhile counts as
     * still to copy until its turn comes, and as copied then */
    VIR_DOMAIN_STREAM_DISK_BASIS_MAP = 2,
} virDomainStreamDiskBasis;

/* Names of parameters and of statistics are made alike, and the same in both where they mean the
 * same: a dot after the group, if there is one ("hydration.", "guest."), else underscores; what
 * libvirt's own statistics of a job have, such as "data_total", is called so here. The constant is
 * the name in capitals. */

/* Parameters of virDomainStreamDiskStart() and virDomainStreamDiskSetParameters() */

/**
 * VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH:
 *
 * The most the stream may copy, in bytes per second; 0 is without limit. What the <iotune> of
 * the disk allows the guest is a limit in any case. VIR_TYPED_PARAM_ULLONG.
 *
 * Since: 0.1.0
 */
# define VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH "bandwidth"

/**
 * VIR_DOMAIN_STREAM_DISK_PARAM_RELATIVE:
 *
 * Whether the name of the base is recorded in the disk's image relative to it,
 * as VIR_DOMAIN_BLOCK_REBASE_RELATIVE does. Only when starting with a base.
 * VIR_TYPED_PARAM_BOOLEAN.
 *
 * Since: 0.1.0
 */
# define VIR_DOMAIN_STREAM_DISK_PARAM_RELATIVE "relative"

/**
 * VIR_DOMAIN_STREAM_DISK_PARAM_STANDSTILL:
 *
 * The guest may be suspended for so many milliseconds when the stream starts, 60000 at most. It
 * is, if it runs and its disk is longer than the backing image: QEMU would let it read wrong data
 * beyond the end of that until it is marked as zeroes. 0: it must not be, and such a start is
 * refused. Only when starting; by default 1000, or as virtstreamd is configured.
 * VIR_TYPED_PARAM_ULLONG.
 *
 * Since: 0.1.0
 */
# define VIR_DOMAIN_STREAM_DISK_PARAM_STANDSTILL "standstill"

/*
 * How a disk is hydrated, that is, copied in parallel ahead of the block job. Only virtstreamd
 * does that: without it, or if it is not to hydrate, these are refused with
 * VIR_ERR_OPERATION_UNSUPPORTED.
 *
 * Of the first three, the one that was given last holds. By default the guest comes first: its
 * writes may become a little slower than they are undisturbed.
 */

/**
 * VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR:
 *
 * The guest's writes may take so many times as long as they do undisturbed; 1 or more.
 * VIR_TYPED_PARAM_DOUBLE.
 *
 * Since: 0.1.0
 */
# define VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR "guest.latency_factor"

/**
 * VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX:
 *
 * The guest's writes may take so many microseconds on average; from 1 to 60000000.
 * VIR_TYPED_PARAM_ULLONG.
 *
 * Since: 0.1.0
 */
# define VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX "guest.latency_max"

/**
 * VIR_DOMAIN_STREAM_DISK_PARAM_FAST:
 *
 * True: as fast as the source and the disk allow, without regard for the guest. False: the
 * default. VIR_TYPED_PARAM_BOOLEAN.
 *
 * Since: 0.1.0
 */
# define VIR_DOMAIN_STREAM_DISK_PARAM_FAST "fast"

/**
 * VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE:
 *
 * The stream is to have ended in so many seconds, a year at most; 0: there is no hurry. It is
 * copied no faster than that takes, unless it is to be fast; and as long as it is behind,
 * without regard for the guest. A limit of bandwidth comes before it. Among the statistics:
 * the seconds that are left, 0 once it has passed, absent if there is none.
 * VIR_TYPED_PARAM_ULLONG.
 *
 * Since: 0.1.0
 */
# define VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE "deadline"

/**
 * VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE:
 *
 * False: hydration pauses, and the block job goes on alone. When the call returns, QEMU
 * exports the disk no more, and its NBD server is free if no other disk needs it. True: it
 * goes on. VIR_TYPED_PARAM_BOOLEAN.
 *
 * Since: 0.1.0
 */
# define VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE "hydrate"

/* Statistics of a stream, of virDomainStreamDiskGetStats(), lists and events. The parameters of
 * hydration that hold are among them, under their own names. */

/** VIR_DOMAIN_STREAM_DISK_STATS_STATE: a virDomainStreamDiskStateType. INT. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_STATE "state"

/** VIR_DOMAIN_STREAM_DISK_STATS_PHASE: a virDomainStreamDiskPhase, while running. INT. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_PHASE "phase"

/** VIR_DOMAIN_STREAM_DISK_STATS_ALIAS: the device alias. STRING. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_ALIAS "alias"

/** VIR_DOMAIN_STREAM_DISK_STATS_BASE: the image that stays as backing; absent: none, or not known. STRING. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_BASE "base"

/** VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH: the limit in bytes per second, 0 for none. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH "bandwidth"

/** VIR_DOMAIN_STREAM_DISK_STATS_BASIS: a virDomainStreamDiskBasis, for the three below. INT. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_BASIS "basis"

/** VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL: bytes at the end. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL "data_total"

/** VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED: bytes done. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED "data_processed"

/** VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING: bytes left. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_DATA_REMAINING "data_remaining"

/** VIR_DOMAIN_STREAM_DISK_STATS_DATA_FLUSHED: of those done, bytes that a crash of QEMU or of the host does not lose; absent if not known. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_DATA_FLUSHED "data_flushed"

/** VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS: bytes per second of late, since the limit last changed; absent until known. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS "data_bps"

/** VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED: ms since the stream was first seen; absent until known. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_TIME_ELAPSED "time_elapsed"

/** VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING: ms to the end at data_bps, no less than the limit allows; absent until known. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_TIME_REMAINING "time_remaining"

/** VIR_DOMAIN_STREAM_DISK_STATS_TIME_TAIL: ms for which the guest could read wrong data beyond the end of the backing image; absent if it could not. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_TIME_TAIL "time_tail"

/** VIR_DOMAIN_STREAM_DISK_STATS_TIME_UNFLUSHED: ms, at the end, for which a crash of QEMU or of the host would have lost data; absent if there were none. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_TIME_UNFLUSHED "time_unflushed"

/** VIR_DOMAIN_STREAM_DISK_STATS_REASON: why it stopped or failed. STRING. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_REASON "reason"

/** VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED: bytes copied ahead of the job, while hydrating. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_COPIED "hydration.copied"

/** VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_BPS: bytes per second that the source gives of late, while hydrating. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_BPS "hydration.bps"

/** VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_IN_FLIGHT: requests in flight at that moment, while hydrating. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_IN_FLIGHT "hydration.in_flight"

/** VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REQUESTS: at most so many at once. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REQUESTS "hydration.requests"

/** VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_SIZE: bytes of one request at most. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_SIZE "hydration.size"

/** VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_LATENCY: what one takes of late, in microseconds. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_LATENCY "hydration.latency"

/** VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY_BEFORE: what a write of the guest's takes undisturbed, in microseconds, while hydrating; absent until known. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY_BEFORE "guest.latency_before"

/** VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY: what its last writes took, in microseconds, while hydrating; absent until known. ULLONG. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_GUEST_LATENCY "guest.latency"

/** VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REASON: why the job is alone, if it should not be. STRING. Since: 0.1.0 */
# define VIR_DOMAIN_STREAM_DISK_STATS_HYDRATION_REASON "hydration.reason"

/**
 * virDomainStreamDiskRecord:
 *
 * One stream of a connection, with its statistics. Only the library makes these: there may be more
 * fields at the end in the future.
 *
 * Since: 0.1.0
 */
typedef struct _virDomainStreamDiskRecord virDomainStreamDiskRecord;
struct _virDomainStreamDiskRecord {
    virDomainPtr dom;
    char *disk; /* target, "vda" */
    virTypedParameterPtr params;
    int nparams;
};

/**
 * virDomainStreamDiskRecordPtr:
 *
 * Since: 0.1.0
 */
typedef virDomainStreamDiskRecord *virDomainStreamDiskRecordPtr;

/**
 * virDomainStreamDiskEvent:
 *
 * What happened to a stream. Every stream begins with STARTED and ends with
 * exactly one of COMPLETED, STOPPED and FAILED. A listener is not told what happened before it
 * registered, nor while virtstreamd was away.
 *
 * Since: 0.1.0
 */
typedef enum {
    VIR_DOMAIN_STREAM_DISK_EVENT_STARTED = 0,
    VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS = 1, /* at most once a second */
    VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED = 2,
    VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED = 3,
    VIR_DOMAIN_STREAM_DISK_EVENT_FAILED = 4,
} virDomainStreamDiskEvent;

/**
 * virConnectStreamDiskEventCallback:
 * @conn: the connection the callback was registered on
 * @dom: the domain, valid during the call; virDomainRef() keeps it
 * @disk: target of the disk
 * @event: a virDomainStreamDiskEvent
 * @params: the stream's statistics at that moment, valid during the call
 * @nparams: how many
 * @opaque: as registered
 *
 * Since: 0.1.0
 */
typedef void (*virConnectStreamDiskEventCallback)(virConnectPtr conn,
                                                  virDomainPtr dom,
                                                  const char *disk,
                                                  int event,
                                                  virTypedParameterPtr params,
                                                  int nparams,
                                                  void *opaque);

long long virDomainStreamDisk(virDomainPtr dom,
                              const char *disk,
                              unsigned long long offset,
                              unsigned int flags);

int virDomainStreamDiskInfo(virDomainPtr dom,
                            virDomainStreamDiskStatePtr states,
                            unsigned int nstates,
                            unsigned int flags);

int virDomainStreamDiskStart(virDomainPtr dom,
                             const char *disk,
                             const char *base,
                             virTypedParameterPtr params,
                             int nparams,
                             unsigned int flags);

int virDomainStreamDiskSetParameters(virDomainPtr dom,
                                     const char *disk,
                                     virTypedParameterPtr params,
                                     int nparams,
                                     unsigned int flags);

int virDomainStreamDiskGetStats(virDomainPtr dom,
                                const char *disk,
                                virTypedParameterPtr *params,
                                int *nparams,
                                unsigned int flags);

int virConnectListAllStreamDisks(virConnectPtr conn,
                                 virDomainStreamDiskRecordPtr **records,
                                 unsigned int flags);

void virDomainStreamDiskRecordListFree(virDomainStreamDiskRecordPtr *records);

int virConnectStreamDiskEventRegister(virConnectPtr conn,
                                      virDomainPtr dom,
                                      virConnectStreamDiskEventCallback cb,
                                      void *opaque,
                                      virFreeCallback freecb,
                                      unsigned int flags);

int virConnectStreamDiskEventDeregister(virConnectPtr conn,
                                        int callbackID);

#ifdef __cplusplus
}
#endif
