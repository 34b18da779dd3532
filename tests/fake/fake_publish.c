/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_publish.c: stands in for stream/stream_event.c: an event that is published is a line */

#include "fake_call.h"
#include "stream/stream_event.h"

/* Why it stopped or failed, or NULL */
static const char *
fakePublishReason(const streamRecord *entry)
{
    const char *reason = NULL;

    virTypedParamsGetString(entry->params, entry->nparams, VIR_DOMAIN_STREAM_DISK_STATS_REASON,
                            &reason);
    return reason;
}

void
streamEventPublish(void *priv, int event, streamRecord *entry)
{
    static const char *const names[] = { "STARTED", "PROGRESS", "COMPLETED", "STOPPED", "FAILED" };
    const char *reason = fakePublishReason(entry);

    fakeCallNote("%s %s/%s%s%s", names[event], entry->name, entry->disk, reason ? ": " : "",
                 reason ? reason : "");
    streamRecordFree(entry);
}
