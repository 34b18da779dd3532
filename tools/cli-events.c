/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-events.c: the command "events"
 */

#include <libvirt/virterror.h>
#include <stdio.h>

#include "cli-command.h"
#include "cli-loop.h"
#include "cli-option.h"

static struct {
    gboolean loop;
    int timeout;
    gboolean timestamp;
    char *event;
} cliEventsOptions;

static gboolean
cliEventsOnTimeout(const char *option, const char *value, void *data, GError **error)
{
    return cliOptionSeconds(option, value, &cliEventsOptions.timeout, error);
}

static const GOptionEntry cliEventsEntries[] = {
    { "loop", 0, 0, G_OPTION_ARG_NONE, &cliEventsOptions.loop,
      "Print events until Ctrl-C or timeout, not only the first", NULL },
    { "event", 0, 0, G_OPTION_ARG_STRING, &cliEventsOptions.event,
      "Print only the events of this name", "NAME" },
    { "timeout", 0, 0, G_OPTION_ARG_CALLBACK, cliEventsOnTimeout, "Give up after SECONDS",
      "SECONDS" },
    { "timestamp", 0, 0, G_OPTION_ARG_NONE, &cliEventsOptions.timestamp,
      "Print the time of each event", NULL },
    { NULL },
};

static const char *const cliEventsWords[] = {
    [VIR_DOMAIN_STREAM_DISK_EVENT_STARTED] = "started",
    [VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS] = "progress",
    [VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED] = "completed",
    [VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED] = "stopped",
    [VIR_DOMAIN_STREAM_DISK_EVENT_FAILED] = "failed",
    NULL,
};

typedef struct _cliEventsListener cliEventsListener;
struct _cliEventsListener {
    const cliOutput *out;
    cliLoop *loop;
    int count; /* of the events that were printed */
};

static void
cliEventsPrint(const char *word, const char *timestamp, virDomainPtr dom, const char *disk,
               const cliStats *stats)
{
    const char *reason = NULL;

    virTypedParamsGetString(stats->params, stats->nparams, VIR_DOMAIN_STREAM_DISK_STATS_REASON,
                            &reason);
    if (timestamp)
        printf("%s: ", timestamp);
    printf("event 'stream-disk' for domain '%s' disk '%s': %s", virDomainGetName(dom), disk, word);
    if (g_str_equal(word, "progress"))
        printf(" %d %%", cliStatsPercent(stats));
    if (reason)
        printf(": %s", reason);
    putchar('\n');
}

static void
cliEventsOnEvent(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
                 virTypedParameterPtr params, int nparams, void *opaque)
{
    cliEventsListener *listener = opaque;
    const cliStats stats = { params, nparams };
    const char *word = "unknown";
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *timestamp = NULL;

    if (event >= 0 && event <= VIR_DOMAIN_STREAM_DISK_EVENT_FAILED)
        word = cliEventsWords[event];
    if (cliEventsOptions.event && !g_str_equal(cliEventsOptions.event, word))
        return;
    /* Events that came together with the first one are not asked for any more. */
    if (listener->count > 0 && !cliEventsOptions.loop)
        return;

    if (cliEventsOptions.timestamp) {
        g_autofree char *seconds = g_date_time_format(now, "%F %T");

        timestamp = g_strdup_printf("%s.%03d+0000", seconds,
                                    g_date_time_get_microsecond(now) / 1000);
    }
    if (listener->out->json)
        cliOutputJson(cliJsonEvent(word, timestamp, dom, disk, &stats));
    else
        cliEventsPrint(word, timestamp, dom, disk, &stats);
    fflush(stdout);

    listener->count++;
    if (!cliEventsOptions.loop)
        cliLoopEnd(listener->loop);
}

/* Until the loop is ended by its event, by the user, the time or an error. */
static cliExit
cliEventsWait(cliEventsListener *listener)
{
    for (;;) {
        switch (cliLoopNext(listener->loop)) {
        case CLI_LOOP_ENDED:
        case CLI_LOOP_INTERRUPTED: return CLI_EXIT_DONE;
        case CLI_LOOP_TIMEOUT:
            if (listener->count > 0)
                return CLI_EXIT_DONE;
            return cliOutputError(listener->out, VIR_ERR_OPERATION_TIMEOUT, "no event in %d s",
                                  cliEventsOptions.timeout);
        case CLI_LOOP_LOST:
            return cliOutputError(listener->out, VIR_ERR_OPERATION_FAILED,
                                  "lost the connection to the hypervisor");
        case CLI_LOOP_FAILED: return cliOutputLastError(listener->out);
        case CLI_LOOP_RESIZED:
        case CLI_LOOP_SECOND: break;
        }
    }
}

static cliExit
cliEventsRun(cliClient *client, char **args)
{
    g_autoptr(virDomain) dom = NULL;
    cliEventsListener listener = { .out = &client->out };
    cliExit result = CLI_EXIT_FAILED;
    virConnectPtr conn;
    int callback;

    if (cliEventsOptions.event && !g_strv_contains(cliEventsWords, cliEventsOptions.event))
        return cliOutputUsage(&client->out, "events", "unknown event '%s'", cliEventsOptions.event);
    if (cliLoopInit() < 0)
        return cliOutputLastError(&client->out);
    if (!(conn = cliClientConnect(client)))
        return CLI_EXIT_FAILED;
    if (args[0] && !(dom = cliClientGetDomain(client, args[0])))
        return CLI_EXIT_FAILED;
    if (!(listener.loop = cliLoopNew(conn, cliEventsOptions.timeout)))
        return cliOutputLastError(&client->out);

    callback = virConnectStreamDiskEventRegister(conn, dom, cliEventsOnEvent, &listener, NULL, 0);
    if (callback < 0) {
        cliOutputLastError(&client->out);
    } else {
        result = cliEventsWait(&listener);
        virConnectStreamDiskEventDeregister(conn, callback);
    }
    cliLoopFree(listener.loop);
    return result;
}

const cliCommand cliEventsCommand = {
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
    .options = cliEventsEntries,
    .run = cliEventsRun,
};
