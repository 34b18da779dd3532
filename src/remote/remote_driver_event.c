/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_driver_event.c: decodes event messages and passes them on */

#include "remote/remote_driver_event.h"

#include "remote/remote_codec.h"
#include "stream/stream_event.h"
#include "util/error.h"
#include "util/log.h"

LOG_INIT("remote.driver_event");

void
remoteDriverEventMessage(rpcClient *client, const rpcMessage *msg)
{
    streamdisk_connect_stream_disk_event_msg event = { 0 };
    g_autoptr(streamRecord) entry = NULL;

    if (msg->header.prog != STREAMDISK_PROGRAM || msg->header.vers != STREAMDISK_PROTOCOL_VERSION ||
        msg->header.proc != STREAMDISK_PROC_CONNECT_STREAM_DISK_EVENT) {
        LOG_DEBUG("'%s': unknown event: prog=0x%x vers=%u proc=%d", rpcClientGetName(client),
                  msg->header.prog, msg->header.vers, msg->header.proc);
        return;
    }

    if (rpcMessageDecodePayload(msg, (xdrproc_t) xdr_streamdisk_connect_stream_disk_event_msg,
                                &event) == 0) {
        entry = remoteCodecDecodeEntry(&event.record);
        xdr_free((xdrproc_t) xdr_streamdisk_connect_stream_disk_event_msg, (char *) &event);
    }
    if (!entry) {
        LOG_DEBUG("'%s': event dropped: %s", rpcClientGetName(client), errorText());
        return;
    }
    streamEventPublish(client, event.event, g_steal_pointer(&entry));
}
