/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rpc_transport.h: a connected byte pipe to one peer, whatever it is made of
 *
 * Everything but creation goes through the table. A transport is used by one thread at a time and never waits.
 */

#pragma once

#include <glib.h>
#include <sys/types.h>
#include <stdbool.h>

/* Who the peer is, as the kernel says. */
typedef struct _rpcIdentity rpcIdentity;
struct _rpcIdentity {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

typedef struct _rpcTransport rpcTransport;
typedef struct _rpcTransportOps rpcTransportOps;
struct _rpcTransportOps {
    /* bytes moved; 0: not now, poll first; -1: reported, the end of the stream too */
    ssize_t (*recv)(rpcTransport *transport, void *data, size_t len);
    ssize_t (*send)(rpcTransport *transport, const void *data, size_t len);

    /* what to poll */
    int (*fd)(rpcTransport *transport);
    /* bytes that recv would return although the descriptor is not readable */
    bool (*pending)(rpcTransport *transport);

    /* 0, or -1 after reporting */
    int (*identity)(rpcTransport *transport, rpcIdentity *identity);

    /* closes and frees */
    void (*close)(rpcTransport *transport);
};

/* The beginning of each kind's own struct */
struct _rpcTransport {
    const rpcTransportOps *ops;
};

static inline void
rpcTransportClose(rpcTransport *transport)
{
    if (transport)
        transport->ops->close(transport);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rpcTransport, rpcTransportClose)
