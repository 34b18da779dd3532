/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc_program.c: from a call's bytes to a procedure, and from its result to the reply */

#include "rpc/rpc_program.h"

#include "util/error.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_RPC

LOG_INIT("rpc.program");

static const rpcProgram *
rpcProgramFind(const rpcProgram *const *programs, size_t nprograms, const rpc_header *header)
{
    for (size_t i = 0; i < nprograms; i++) {
        if (programs[i]->number == header->prog && programs[i]->version == header->vers)
            return programs[i];
    }
    errorReport(VIR_ERR_RPC, "Cannot find program %u version %u", header->prog, header->vers);
    return NULL;
}

static const rpcProcedure *
rpcProgramFindProcedure(const rpcProgram *program, int number)
{
    for (size_t i = 0; i < program->nprocedures; i++) {
        if (program->procedures[i].number == number)
            return &program->procedures[i];
    }
    errorReport(VIR_ERR_RPC, "unknown procedure: %d", number);
    return NULL;
}

static int
rpcProgramCheckAllowed(const rpcProcedure *procedure, rpcSession *session)
{
    if (!(procedure->flags & RPC_PROCEDURE_UNOPENED) && !rpcSessionIsOpen(session)) {
        errorReport(VIR_ERR_RPC, "%s", "authentication required");
        return -1;
    }
    if (!(procedure->flags & RPC_PROCEDURE_READONLY) && rpcSessionIsReadonly(session)) {
        errorReport(VIR_ERR_OPERATION_DENIED, "read only access prevents %s", procedure->name);
        return -1;
    }
    return 0;
}

/* The reply, or NULL after reporting */
static GBytes *
rpcProgramCall(const rpcProgram *program, const rpcProcedure *procedure, rpcSession *session,
               const rpcMessage *call)
{
    g_autofree void *args = g_malloc0(procedure->argsLen);
    g_autofree void *ret = g_malloc0(procedure->retLen);
    rpc_header header = call->header;
    GBytes *reply = NULL;

    if (rpcMessageDecodePayload(call, procedure->argsFilter, args) < 0)
        return NULL;

    header.type = RPC_TYPE_REPLY;
    header.status = RPC_STATUS_OK;
    if (procedure->func(session, args, ret, program->opaque) == 0)
        reply = rpcMessageEncode(&header, procedure->retFilter, ret);
    if (procedure->retFilter)
        xdr_free(procedure->retFilter, ret);
    if (procedure->argsFilter)
        xdr_free(procedure->argsFilter, args);
    return reply;
}

GBytes *
rpcProgramDispatch(const rpcProgram *const *programs, size_t nprograms, rpcSession *session,
                   const rpcMessage *call)
{
    const rpcProgram *program;
    const rpcProcedure *procedure;
    GBytes *reply = NULL;

    virResetLastError();
    if ((program = rpcProgramFind(programs, nprograms, &call->header)) &&
        (procedure = rpcProgramFindProcedure(program, call->header.proc)) &&
        rpcProgramCheckAllowed(procedure, session) == 0)
        reply = rpcProgramCall(program, procedure, session, call);

    if (!reply) {
        LOG_DEBUG("proc=%d failed: %s", call->header.proc, errorText());
        reply = rpcMessageEncodeError(&call->header);
    }
    return reply;
}
