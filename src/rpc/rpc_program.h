/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rpc_program.h: a table of procedures, and the way from a call to its reply
 *
 * Reached from a worker thread; knows nothing of sockets or queues.
 */

#pragma once

#include "rpc/rpc_session.h"

typedef enum {
    RPC_PROCEDURE_READONLY = 1 << 0, /* a read-only session may call it */
    RPC_PROCEDURE_UNOPENED = 1 << 1, /* may be called before the session is open */
} rpcProcedureFlags;

typedef struct _rpcProcedure rpcProcedure;
struct _rpcProcedure {
    int number;
    const char *name; /* for errors and logs */
    xdrproc_t argsFilter;
    size_t argsLen;
    xdrproc_t retFilter; /* both filters may be NULL: nothing */
    size_t retLen;
    unsigned int flags;

    /* @args are decoded, @ret is zeroed; both are freed by their filters afterwards, whatever
     * the result. 0, or -1 after reporting. @opaque is the program's. */
    int (*func)(rpcSession *session, void *args, void *ret, void *opaque);
};

typedef struct _rpcProgram rpcProgram;
struct _rpcProgram {
    guint32 number;
    guint32 version;
    const rpcProcedure *procedures;
    size_t nprocedures;
    void *opaque;
};

/* Finds the program among @programs, checks, calls, and returns the reply, which may be
 * an error. Never NULL. */
GBytes *rpcProgramDispatch(const rpcProgram *const *programs, size_t nprograms, rpcSession *session,
                           const rpcMessage *call);
