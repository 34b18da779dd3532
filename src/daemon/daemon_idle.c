/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_idle.c: one timer, set anew by all that happens */

#include "daemon/daemon_idle.h"

#include "remote/remote_instance.h"
#include "util/log.h"

LOG_INIT("daemon.idle");

struct _daemonIdle {
    unsigned int seconds;
    remoteInstance instance;
    GMainLoop *loop;
    bool (*busy)(void *opaque);
    void *opaque;
    unsigned int nclients;
    GSource *timer; /* only its ready time makes it run */
};

static gboolean
daemonIdleLeave(void *opaque)
{
    daemonIdle *idle = opaque;

    /* never released: see the header */
    if (idle->busy(idle->opaque) || remoteInstanceLock(idle->instance, false) < 0) {
        daemonIdleRestart(idle);
        return G_SOURCE_CONTINUE;
    }
    LOG_INFO("nobody has needed this daemon for %u seconds", idle->seconds);
    g_main_loop_quit(idle->loop);
    return G_SOURCE_REMOVE;
}

static gboolean
daemonIdleDispatch(GSource *source, GSourceFunc callback, gpointer opaque)
{
    return callback(opaque);
}

daemonIdle *
daemonIdleNew(unsigned int seconds, remoteInstance instance, GMainLoop *loop,
              bool (*busy)(void *opaque), void *opaque)
{
    static GSourceFuncs funcs = { .dispatch = daemonIdleDispatch };
    daemonIdle *idle = g_new0(daemonIdle, 1);

    *idle = (daemonIdle) {
        .seconds = seconds,
        .instance = instance,
        .loop = loop,
        .busy = busy,
        .opaque = opaque,
        .timer = g_source_new(&funcs, sizeof(GSource)),
    };
    g_source_set_callback(idle->timer, daemonIdleLeave, idle, NULL);
    /* a client that is waiting to be accepted goes first */
    g_source_set_priority(idle->timer, G_PRIORITY_LOW);
    daemonIdleRestart(idle);
    g_source_attach(idle->timer, NULL);
    return idle;
}

void
daemonIdleFree(daemonIdle *idle)
{
    if (!idle)
        return;
    g_source_destroy(idle->timer);
    g_source_unref(idle->timer);
    g_free(idle);
}

void
daemonIdleSetClients(unsigned int nclients, void *opaque)
{
    daemonIdle *idle = opaque;

    idle->nclients = nclients;
    daemonIdleRestart(idle);
}

void
daemonIdleRestart(daemonIdle *idle)
{
    gint64 until = -1; /* never */

    if (idle->seconds > 0 && idle->nclients == 0)
        until = g_get_monotonic_time() + idle->seconds * (gint64) G_USEC_PER_SEC;
    g_source_set_ready_time(idle->timer, until);
}
