/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * driver.h: the table that every driver fills, and the choice of one by connection
 *
 * The public calls (libvirt-domain.c) and the daemon's dispatcher reach a driver only
 * through this table. A driver reports its errors and does not dispatch them.
 */

#pragma once

#include <glib.h>

#include "stream/stream_record.h"

/* Slots take @priv, what connectOpen made of the connection. All but connectOpen and
 * connectClose may be called by many threads at once. Where a slot fills an output,
 * it does so only on success. */
typedef struct _driverTable driverTable;
struct _driverTable {
    const char *name;

    /* 1 and *priv: this driver serves @conn; 0: it does not, ask the next; -1: error */
    int (*connectOpen)(virConnectPtr conn, void **priv);
    void (*connectClose)(void *priv);

    long long (*domainStreamDisk)(void *priv, virDomainPtr dom, const char *disk,
                                  unsigned long long offset, unsigned int flags);
    /* how many streams are active; at most @nstates of them are filled in */
    int (*domainStreamDiskInfo)(void *priv, virDomainPtr dom, virDomainStreamDiskStatePtr states,
                                unsigned int nstates, unsigned int flags);
    int (*domainStreamDiskStart)(void *priv, virDomainPtr dom, const char *disk, const char *base,
                                 virTypedParameterPtr params, int nparams, unsigned int flags);
    int (*domainStreamDiskSetParameters)(void *priv, virDomainPtr dom, const char *disk,
                                         virTypedParameterPtr params, int nparams,
                                         unsigned int flags);
    int (*domainStreamDiskGetStats)(void *priv, virDomainPtr dom, const char *disk,
                                    virTypedParameterPtr *params, int *nparams, unsigned int flags);
    /* a GPtrArray of streamRecord that frees them, or NULL */
    GPtrArray *(*connectListAllStreamDisks)(void *priv, unsigned int flags);

    /* from now on, until unsubscribed, streamEventPublish(priv, ...) every event */
    int (*connectEventsSubscribe)(void *priv);
    void (*connectEventsUnsubscribe)(void *priv);
};

/* A connection as one driver sees it. */
typedef struct _driverConn driverConn;
struct _driverConn {
    const driverTable *driver;
    void *priv;
};

/* Asks the drivers in their order; 0, or -1 with VIR_ERR_NO_SUPPORT or the driver's error. */
int driverConnOpen(virConnectPtr conn, driverConn *via);

static inline void
driverConnClear(driverConn *via)
{
    if (via->driver)
        via->driver->connectClose(via->priv);
    *via = (driverConn) { 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(driverConn, driverConnClear)
