/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-events.c: the command "events"
 */

#include <libvirt/virterror.h>
#include <stdio.h>

#include "stream-command.h"
#include "stream-loop.h"
#include "stream-option.h"

static struct {
    gboolean loop;
    int timeout;
    gboolean timestamp;
    char *event;
} streamEventsOptions;

static gboolean
streamEventsOnTimeout(const char *option, const char *value, void *data, GError **error)
{
    return streamOptionSeconds(option, value, &streamEventsOptions.timeout, error);
}

static const GOptionEntry streamEventsEntries[] = {
    { "loop", 0, 0, G_OPTION_ARG_NONE, &streamEventsOptions.loop,
      "Print events until Ctrl-C or timeout, not only the first", NULL },
    { "event", 0, 0, G_OPTION_ARG_STRING, &streamEventsOptions.event,
      "Print only the events of this name", "NAME" },
    { "timeout", 0, 0, G_OPTION_ARG_CALLBACK, streamEventsOnTimeout, "Give up after SECONDS",
      "SECONDS" },
    { "timestamp", 0, 0, G_OPTION_ARG_NONE, &streamEventsOptions.timestamp,
      "Print the time of each event", NULL },
    { NULL },
};

static const char *const streamEventsWords[] = {
    [VIR_DOMAIN_STREAM_DISK_EVENT_STARTED] = "started",
    [VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS] = "progress",
    [VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED] = "completed",
    [VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED] = "stopped",
    [VIR_DOMAIN_STREAM_DISK_EVENT_FAILED] = "failed",
    NULL,
};

typedef struct _streamEventsListener streamEventsListener;
struct _streamEventsListener {
    const streamOutput *out;
    streamLoop *loop;
    int count; /* of the events that were printed */
};

static void
streamEventsPrint(const char *word, const char *timestamp, virDomainPtr dom, const char *disk,
                  const streamStats *stats)
{
    const char *reason = NULL;

    virTypedParamsGetString(stats->params, stats->nparams, VIR_DOMAIN_STREAM_DISK_STATS_REASON,
                            &reason);
    if (timestamp)
        printf("%s: ", timestamp);
    printf("event 'stream-disk' for domain '%s' disk '%s': %s", virDomainGetName(dom), disk, word);
    if (g_str_equal(word, "progress"))
        printf(" %d %%", streamStatsPercent(stats));
    if (reason)
        printf(": %s", reason);
    putchar('\n');
}

static void
streamEventsOnEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
                    virTypedParameterPtr params, int nparams, void *opaque)
{
    streamEventsListener *listener = opaque;
    const streamStats stats = { params, nparams };
    const char *word = "unknown";
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *timestamp = NULL;

    if (event >= 0 && event <= VIR_DOMAIN_STREAM_DISK_EVENT_FAILED)
        word = streamEventsWords[event];
    if (streamEventsOptions.event && !g_str_equal(streamEventsOptions.event, word))
        return;
    /* Events that came together with the first one are not asked for any more. */
    if (listener->count > 0 && !streamEventsOptions.loop)
        return;

    if (streamEventsOptions.timestamp) {
        g_autofree char *seconds = g_date_time_format(now, "%F %T");

        timestamp = g_strdup_printf("%s.%03d+0000", seconds,
                                    g_date_time_get_microsecond(now) / 1000);
    }
    if (listener->out->json)
        streamOutputJson(streamJsonEvent(word, timestamp, dom, disk, &stats));
    else
        streamEventsPrint(word, timestamp, dom, disk, &stats);
    fflush(stdout);

    listener->count++;
    if (!streamEventsOptions.loop)
        streamLoopEnd(listener->loop);
}

/* Until the loop is ended by its event, by the user, the time or an error. */
static streamExit
streamEventsWait(streamEventsListener *listener)
{
    for (;;) {
        switch (streamLoopNext(listener->loop)) {
        case STREAM_LOOP_ENDED:
        case STREAM_LOOP_INTERRUPTED: return STREAM_EXIT_DONE;
        case STREAM_LOOP_TIMEOUT:
            if (listener->count > 0)
                return STREAM_EXIT_DONE;
            return streamOutputError(listener->out, VIR_ERR_OPERATION_TIMEOUT, "no event in %d s",
                                     streamEventsOptions.timeout);
        case STREAM_LOOP_LOST:
            return streamOutputError(listener->out, VIR_ERR_OPERATION_FAILED,
                                     "lost the connection to the hypervisor");
        case STREAM_LOOP_FAILED: return streamOutputLastError(listener->out);
        case STREAM_LOOP_RESIZED:
        case STREAM_LOOP_SECOND: break;
        }
    }
}

static streamExit
streamEventsRun(streamClient *client, char **args)
{
    g_autoptr(virDomain) dom = NULL;
    streamEventsListener listener = { .out = &client->out };
    streamExit result = STREAM_EXIT_FAILED;
    virConnectPtr conn;
    int callback;

    if (streamEventsOptions.event && !g_strv_contains(streamEventsWords, streamEventsOptions.event))
        return streamOutputUsage(&client->out, "events", "unknown event '%s'",
                                 streamEventsOptions.event);
    if (streamLoopInit() < 0)
        return streamOutputLastError(&client->out);
    if (!(conn = streamClientConnect(client)))
        return STREAM_EXIT_FAILED;
    if (args[0] && !(dom = streamClientGetDomain(client, args[0])))
        return STREAM_EXIT_FAILED;
    if (!(listener.loop = streamLoopNew(conn, streamEventsOptions.timeout)))
        return streamOutputLastError(&client->out);

    callback = virConnectStreamDiskEventRegister(conn, dom, streamEventsOnEvent, &listener, NULL,
                                                 0);
    if (callback < 0) {
        streamOutputLastError(&client->out);
    } else {
        result = streamEventsWait(&listener);
        virConnectStreamDiskEventDeregister(conn, callback);
    }
    streamLoopFree(listener.loop);
    return result;
}

const streamCommand streamEventsCommand = {
    .name = "events",
    .arguments = "[DOMAIN]",
    .maxArgs = 1,
    .summary = "Print what happens to streams, as it happens",
    .details = "Without DOMAIN events of all guests are printed. It ends after the first event\n"
               "unless --loop is given. Their names: started, progress (at most one a second),\n"
               "completed, stopped, failed.\n"
               "\n"
               "Example:\n"
               "  virt-stream events --loop --timestamp",
    .options = streamEventsEntries,
    .run = streamEventsRun,
};
