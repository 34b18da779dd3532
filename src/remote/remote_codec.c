/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_codec.c: each type's encode and decode, one below the other */

#include "remote/remote_codec.h"

#include <string.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_RPC

static int
remoteCodecCheckCount(const char *what, unsigned int count, unsigned int max)
{
    if (count > max) {
        errorReport(VIR_ERR_RPC, "%u %s are more than %u", count, what, max);
        return -1;
    }
    return 0;
}

int
remoteCodecEncodeString(const char *what, const char *from, streamdisk_nonnull_string *to)
{
    size_t len;

    if (!from) {
        errorReport(VIR_ERR_RPC, "%s is missing", what);
        return -1;
    }
    if ((len = strlen(from)) > STREAMDISK_STRING_MAX) {
        errorReport(VIR_ERR_RPC, "%s of %zu bytes is longer than %u", what, len,
                    STREAMDISK_STRING_MAX);
        return -1;
    }
    *to = g_strdup(from);
    return 0;
}

int
remoteCodecEncodeOptional(const char *what, const char *from, streamdisk_string *to)
{
    if (!from)
        return 0;
    *to = g_new0(streamdisk_nonnull_string, 1);
    return remoteCodecEncodeString(what, from, *to);
}

/* Into one of the fixed arrays of the public structs */
static int
remoteCodecDecodeName(const char *what, const char *from, char *to, size_t size)
{
    if (g_strlcpy(to, from, size) >= size) {
        errorReport(VIR_ERR_RPC, "%s of %zu bytes is longer than %zu", what, strlen(from),
                    size - 1);
        return -1;
    }
    return 0;
}

int
remoteCodecEncodeDomain(virDomainPtr from, streamdisk_domain *to)
{
    unsigned char uuid[VIR_UUID_BUFLEN];

    if (virDomainGetUUID(from, uuid) < 0)
        return -1;
    memcpy(to->uuid, uuid, sizeof(uuid));
    to->id = (int) virDomainGetID(from);
    return remoteCodecEncodeString("domain name", virDomainGetName(from), &to->name);
}

static int
remoteCodecEncodeValue(const virTypedParameter *from, streamdisk_param_value *to)
{
    to->type = from->type;
    switch ((virTypedParameterType) from->type) {
    case VIR_TYPED_PARAM_INT: to->streamdisk_param_value_u.i = from->value.i; return 0;
    case VIR_TYPED_PARAM_UINT: to->streamdisk_param_value_u.ui = from->value.ui; return 0;
    case VIR_TYPED_PARAM_LLONG: to->streamdisk_param_value_u.l = from->value.l; return 0;
    case VIR_TYPED_PARAM_ULLONG: to->streamdisk_param_value_u.ul = from->value.ul; return 0;
    case VIR_TYPED_PARAM_DOUBLE: to->streamdisk_param_value_u.d = from->value.d; return 0;
    case VIR_TYPED_PARAM_BOOLEAN: to->streamdisk_param_value_u.b = from->value.b != 0; return 0;
    case VIR_TYPED_PARAM_STRING:
        return remoteCodecEncodeString("parameter", from->value.s, &to->streamdisk_param_value_u.s);
    default:
        errorReport(VIR_ERR_RPC, "parameter '%s' has unknown type %d", from->field, from->type);
        return -1;
    }
}

/* The filter has refused types that it does not know. */
static void
remoteCodecDecodeValue(const streamdisk_param_value *from, virTypedParameterPtr to)
{
    to->type = from->type;
    switch ((virTypedParameterType) from->type) {
    case VIR_TYPED_PARAM_INT: to->value.i = from->streamdisk_param_value_u.i; break;
    case VIR_TYPED_PARAM_UINT: to->value.ui = from->streamdisk_param_value_u.ui; break;
    case VIR_TYPED_PARAM_LLONG: to->value.l = from->streamdisk_param_value_u.l; break;
    case VIR_TYPED_PARAM_ULLONG: to->value.ul = from->streamdisk_param_value_u.ul; break;
    case VIR_TYPED_PARAM_DOUBLE: to->value.d = from->streamdisk_param_value_u.d; break;
    case VIR_TYPED_PARAM_BOOLEAN: to->value.b = from->streamdisk_param_value_u.b != 0; break;
    case VIR_TYPED_PARAM_STRING: to->value.s = g_strdup(from->streamdisk_param_value_u.s); break;
    default: g_assert_not_reached();
    }
}

int
remoteCodecEncodeParams(const virTypedParameter *from, int nfrom, streamdisk_param **to, u_int *nto)
{
    if (remoteCodecCheckCount("parameters", nfrom, STREAMDISK_PARAMS_MAX) < 0)
        return -1;

    *to = g_new0(streamdisk_param, nfrom);
    for (int i = 0; i < nfrom; i++) {
        /* the value first: xdr_free() does not get past one that has no type */
        if (remoteCodecEncodeValue(&from[i], &(*to)[i].value) < 0)
            return -1;
        (*to)[i].field = g_strndup(from[i].field, VIR_TYPED_PARAM_FIELD_LENGTH - 1);
        *nto = i + 1;
    }
    return 0;
}

int
remoteCodecDecodeParams(const streamdisk_param *from, u_int nfrom, virTypedParameterPtr *to,
                        int *nto)
{
    virTypedParameterPtr params = g_new0(virTypedParameter, nfrom);

    for (u_int i = 0; i < nfrom; i++) {
        if (remoteCodecDecodeName("parameter name", from[i].field, params[i].field,
                                  sizeof(params[i].field)) < 0) {
            virTypedParamsFree(params, i);
            return -1;
        }
        remoteCodecDecodeValue(&from[i].value, &params[i]);
    }
    *to = params;
    *nto = nfrom;
    return 0;
}

int
remoteCodecEncodeStates(const virDomainStreamDiskState *from, unsigned int nfrom,
                        streamdisk_state **to, u_int *nto)
{
    if (remoteCodecCheckCount("streams", nfrom, STREAMDISK_STATES_MAX) < 0)
        return -1;

    *to = g_new0(streamdisk_state, nfrom);
    *nto = nfrom;
    for (unsigned int i = 0; i < nfrom; i++) {
        (*to)[i] = (streamdisk_state) {
            .alias = g_strdup(from[i].alias),
            .target = g_strdup(from[i].target),
            .offset = from[i].offset,
            .size = from[i].size,
        };
    }
    return 0;
}

static int
remoteCodecDecodeState(const streamdisk_state *from, virDomainStreamDiskStatePtr to)
{
    to->offset = from->offset;
    to->size = from->size;
    if (remoteCodecDecodeName("alias", from->alias, to->alias, sizeof(to->alias)) < 0 ||
        remoteCodecDecodeName("target", from->target, to->target, sizeof(to->target)) < 0)
        return -1;
    return 0;
}

int
remoteCodecDecodeStates(const streamdisk_state *from, u_int nfrom, virDomainStreamDiskStatePtr to,
                        unsigned int nto)
{
    g_autofree virDomainStreamDiskStatePtr states = g_new0(virDomainStreamDiskState, nfrom);

    if (remoteCodecCheckCount("streams", nfrom, nto) < 0)
        return -1;
    for (u_int i = 0; i < nfrom; i++) {
        if (remoteCodecDecodeState(&from[i], &states[i]) < 0)
            return -1;
    }
    if (nfrom > 0)
        memcpy(to, states, nfrom * sizeof(*to));
    return 0;
}

int
remoteCodecEncodeEntry(const streamRecord *from, streamdisk_record *to)
{
    memcpy(to->dom.uuid, from->uuid, sizeof(to->dom.uuid));
    to->dom.id = from->id;
    if (remoteCodecEncodeString("domain name", from->name, &to->dom.name) < 0 ||
        remoteCodecEncodeString("disk", from->disk, &to->disk) < 0)
        return -1;
    return remoteCodecEncodeParams(from->params, from->nparams, &to->params.params_val,
                                   &to->params.params_len);
}

streamRecord *
remoteCodecDecodeEntry(const streamdisk_record *from)
{
    g_autoptr(streamRecord) entry = g_new0(streamRecord, 1);

    entry->name = g_strdup(from->dom.name);
    memcpy(entry->uuid, from->dom.uuid, sizeof(entry->uuid));
    entry->id = from->dom.id;
    entry->disk = g_strdup(from->disk);
    if (remoteCodecDecodeParams(from->params.params_val, from->params.params_len, &entry->params,
                                &entry->nparams) < 0)
        return NULL;
    return g_steal_pointer(&entry);
}

int
remoteCodecEncodeEntries(const GPtrArray *from, streamdisk_record **to, u_int *nto)
{
    if (remoteCodecCheckCount("streams", from->len, STREAMDISK_RECORDS_MAX) < 0)
        return -1;

    *to = g_new0(streamdisk_record, from->len);
    *nto = from->len;
    for (guint i = 0; i < from->len; i++) {
        if (remoteCodecEncodeEntry(g_ptr_array_index(from, i), &(*to)[i]) < 0)
            return -1;
    }
    return 0;
}

GPtrArray *
remoteCodecDecodeEntries(const streamdisk_record *from, u_int nfrom)
{
    g_autoptr(GPtrArray)
        entries = g_ptr_array_new_with_free_func((GDestroyNotify) streamRecordFree);

    for (u_int i = 0; i < nfrom; i++) {
        streamRecord *entry = remoteCodecDecodeEntry(&from[i]);

        if (!entry)
            return NULL;
        g_ptr_array_add(entries, entry);
    }
    return g_steal_pointer(&entries);
}
