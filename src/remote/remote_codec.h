/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remote_codec.h: C structs to XDR structs and back, for both ends; no I/O
 *
 * Encoding fills a zeroed XDR struct with copies; also after a failure, xdr_free() of the
 * whole struct frees them. Decoding hands out copies of the caller's. What breaks a maximum
 * of the protocol or of the C struct is reported as VIR_ERR_RPC: -1 or NULL.
 */

#pragma once

#include "remote/streamdisk_protocol.h"
#include "stream/stream_record.h"

/* @what names the string in the error; a NULL @from only the optional one can encode. */
int remoteCodecEncodeString(const char *what, const char *from, streamdisk_nonnull_string *to);
int remoteCodecEncodeOptional(const char *what, const char *from, streamdisk_string *to);

int remoteCodecEncodeDomain(virDomainPtr from, streamdisk_domain *to);

int remoteCodecEncodeParams(const virTypedParameter *from, int nfrom, streamdisk_param **to,
                            u_int *nto);
/* Free with virTypedParamsFree(). */
int remoteCodecDecodeParams(const streamdisk_param *from, u_int nfrom, virTypedParameterPtr *to,
                            int *nto);

int remoteCodecEncodeStates(const virDomainStreamDiskState *from, unsigned int nfrom,
                            streamdisk_state **to, u_int *nto);
/* Refuses more than @nto. */
int remoteCodecDecodeStates(const streamdisk_state *from, u_int nfrom,
                            virDomainStreamDiskStatePtr to, unsigned int nto);

int remoteCodecEncodeEntry(const streamRecord *from, streamdisk_record *to);
streamRecord *remoteCodecDecodeEntry(const streamdisk_record *from);

/* Between a GPtrArray of streamRecord and an array of records. */
int remoteCodecEncodeEntries(const GPtrArray *from, streamdisk_record **to, u_int *nto);
GPtrArray *remoteCodecDecodeEntries(const streamdisk_record *from, u_int nfrom);
