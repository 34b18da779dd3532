/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon_main.c: the process of virtstreamd, from its start to its end
 *
 *   clients ──► daemon_listen ──► rpc_server ──► remote_dispatch ──► qemu_driver ──► libvirtd
 *           ◄── remote_dispatch_event ◄────────────── stream_event ◄──────┘
 *
 * One thread runs GLib's default main context, where sockets, signals and libvirt's event
 * loop meet; calls run in the server's workers.
 */

#include <errno.h>
#include <glib-unix.h>
#include <libvirt/libvirt.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "config.h"
#include "daemon/daemon_background.h"
#include "daemon/daemon_config.h"
#include "daemon/daemon_idle.h"
#include "daemon/daemon_listen.h"
#include "daemon/daemon_options.h"
#include "daemon/daemon_pidfile.h"
#include "qemu/qemu_conn.h"
#include "qemu/qemu_driver.h"
#include "remote/remote_dispatch.h"
#include "remote/remote_instance.h"
#include "rpc/rpc_server.h"
#include "stream/stream_event.h"
#include "util/error.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define DAEMON_MAIN_END_MAX (15 * G_USEC_PER_SEC)

LOG_INIT("daemon.main");

/* What a failed step reported is printed by main(), or logged by whoever goes on. */
static void
daemonMainIgnoreError(void *opaque, virErrorPtr err)
{
}

static bool
daemonMainIsSession(void)
{
    return geteuid() != 0;
}

static remoteInstance
daemonMainGetInstance(void)
{
    return daemonMainIsSession() ? REMOTE_INSTANCE_SESSION : REMOTE_INSTANCE_SYSTEM;
}

/* Where libvirtd's sockets are as well; NULL with an error */
static char *
daemonMainMakeRunDir(void)
{
    g_autofree char *socket = remoteInstanceGetSocket(daemonMainGetInstance(), false);
    g_autofree char *dir = g_path_get_dirname(socket);

    if (g_mkdir_with_parents(dir, remoteInstanceGetDirMode(daemonMainGetInstance())) < 0) {
        errorReportSystem(errno, "cannot create directory '%s'", dir);
        return NULL;
    }
    return g_steal_pointer(&dir);
}

static int
daemonMainFailKey(const daemonConfig *config, const char *key)
{
    g_autofree char *reason = g_strdup(errorText());

    errorReport(VIR_ERR_CONF_SYNTAX, "%s: %s: %s", config->file, key, reason);
    return -1;
}

/* By default it is stderr; in the background there is none, and a session then has its log where
 * libvirt's has. */
static char *
daemonMainLogOutputs(const daemonConfig *config, const daemonOptions *options)
{
    g_autofree char *dir = NULL;

    if (*config->logOutputs)
        return g_strdup(config->logOutputs);
    if (!options->background)
        return g_strdup("1:stderr");
    if (!daemonMainIsSession())
        return g_strdup("1:syslog:virtstreamd");

    dir = g_build_filename(g_get_user_cache_dir(), "libvirt", NULL);
    g_mkdir_with_parents(dir, 0700); /* if it fails, opening the file tells */
    return g_strdup_printf("1:file:%s/virtstreamd.log", dir);
}

static int
daemonMainSetLog(const daemonConfig *config, const daemonOptions *options, const char *outputs)
{
    if (options->verbose)
        logSetLevel(LOG_LEVEL_INFO);
    else if (!g_getenv("LIBVIRT_DEBUG"))
        logSetLevel(config->logLevel);

    if (!g_getenv("LIBVIRT_LOG_FILTERS") && logSetFilters(config->logFilters) < 0)
        return daemonMainFailKey(config, "log_filters");
    if (logSetOutputs(outputs) < 0)
        return daemonMainFailKey(config, "log_outputs");
    return 0;
}

static gboolean
daemonMainReopenLog(void *opaque)
{
    const char *outputs = opaque;

    if (logSetOutputs(outputs) < 0)
        LOG_ERROR("the log is not opened anew: %s", errorText());
    return G_SOURCE_CONTINUE;
}

/* A second signal of the kind ends the process at once. */
static gboolean
daemonMainStop(void *opaque)
{
    GMainLoop *loop = opaque;

    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static bool
daemonMainAccept(const rpcIdentity *identity, bool readonly, void *opaque)
{
    if (!daemonMainIsSession() || identity->uid == 0 || identity->uid == geteuid())
        return true;
    LOG_WARNING("client of pid %lld uid %lld refused: this session is of uid %lld",
                (long long) identity->pid, (long long) identity->uid, (long long) geteuid());
    return false;
}

static rpcServer *
daemonMainNewServer(const daemonConfig *config, const rpcProgram *program, daemonIdle *idle)
{
    static const rpcServerCallbacks callbacks = {
        .accept = daemonMainAccept,
        .clients = daemonIdleSetClients,
    };
    const rpcServerLimits limits = {
        .maxClients = config->maxClients,
        .maxReadonlyClients = config->maxReadonlyClients,
        .maxWorkers = config->maxWorkers,
        .session = {
            .maxRequests = config->maxClientRequests,
            .keepaliveInterval = config->keepaliveInterval * 1000,
            .keepaliveCount = config->keepaliveCount,
        },
    };
    rpcServer *server = rpcServerNew(&limits, &callbacks, idle);

    rpcServerAddProgram(server, program);
    return server;
}

static virConnectPtr
daemonMainGetConnect(void *opaque)
{
    return qemuConnGetConnect(opaque);
}

static bool
daemonMainStreams(void *opaque)
{
    g_autoptr(GPtrArray) active = qemuStreamsListAllActive(qemuConnGetGuests(opaque));

    return active->len > 0;
}

/* Whom an event concerns */
typedef struct _daemonMainEvents daemonMainEvents;
struct _daemonMainEvents {
    remoteDispatchEvent *clients;
    daemonIdle *idle;
};

static void
daemonMainEvent(int event, const streamRecord *entry, void *opaque)
{
    const daemonMainEvents *events = opaque;

    remoteDispatchEventSend(event, entry, events->clients);
    daemonIdleRestart(events->idle);
}

/* A thread. What is left in the guests, the next daemon finds. */
static void *
daemonMainAbandon(void *opaque)
{
    g_usleep(DAEMON_MAIN_END_MAX);
    LOG_WARNING("a guest does not answer, and is not waited for");
    _exit(EXIT_FAILURE);
}

/* Serves clients until a signal, or until nobody needs it. Running streams are jobs of
 * libvirt's, and go on. */
static int
daemonMainServe(const daemonConfig *config, const daemonOptions *options, const char *runDir,
                daemonListen *sockets, GMainLoop *loop)
{
    const char *uri = daemonMainIsSession() ? "qemu:///session" : "qemu:///system";
    g_autoptr(remoteDispatchEvent) clients = remoteDispatchEventNew();
    /* where libvirtd keeps the state of its guests */
    g_autofree char *statusDir = g_build_filename(runDir, "qemu",
                                                  daemonMainIsSession() ? "run" : NULL, NULL);
    const qemuConnConfig streams = {
        .hydrate = config->hydrate,
        .hydrateUntried = config->hydrateUntried,
        .standstill = config->standstill,
        .standstillOthers = config->standstillOthers,
        .statusDir = statusDir,
    };
    g_auto(driverConn) via = {
        .driver = &qemuDriver,
        .priv = qemuConnNewResident(uri, runDir, &streams),
    };
    g_autoptr(daemonIdle) idle = daemonIdleNew(options->timeout, daemonMainGetInstance(), loop,
                                               daemonMainStreams, via.priv);
    daemonMainEvents events = { .clients = clients, .idle = idle };
    remoteDispatch dispatch = {
        .via = via,
        .getConnect = daemonMainGetConnect,
        .opaque = via.priv,
        .events = clients,
    };
    const rpcProgram program = remoteDispatchProgram(&dispatch);
    rpcServer *server;
    int listener = streamEventListen(&via, daemonMainEvent, &events, NULL);

    if (listener < 0)
        return -1;

    server = daemonMainNewServer(config, &program, idle);
    for (int readonly = 0; readonly <= 1; readonly++) {
        int fd = daemonListenStealFd(sockets, readonly);

        if (fd >= 0)
            rpcServerListen(server, fd, readonly);
    }
    LOG_INFO("virtstreamd %s serves %s", PACKAGE_VERSION, uri);
    sd_notify(0, "READY=1");
    daemonBackgroundReady();

    g_main_loop_run(loop);

    LOG_INFO("virtstreamd ends");
    sd_notify(0, "STOPPING=1");
    g_thread_unref(g_thread_new("abandon", daemonMainAbandon, NULL));
    rpcServerFree(server);
    streamEventUnlisten(listener);
    return 0;
}

static int
daemonMainRun(const daemonConfig *config, const daemonOptions *options)
{
    g_autofree char *runDir = daemonMainMakeRunDir();
    g_autofree char *settings = daemonConfigFormat(config);
    g_autofree char *logOutputs = daemonMainLogOutputs(config, options);
    g_autofree char *pidPath = NULL;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(daemonPidfile) pidfile = NULL;
    g_autoptr(daemonListen) sockets = NULL;

    if (!runDir || daemonMainSetLog(config, options, logOutputs) < 0)
        return -1;
    LOG_DEBUG("settings: %s", settings);

    g_unix_signal_add(SIGTERM, daemonMainStop, loop);
    g_unix_signal_add(SIGINT, daemonMainStop, loop);
    g_unix_signal_add(SIGHUP, daemonMainReopenLog, logOutputs);

    pidPath = options->pidFile ? g_strdup(options->pidFile)
                               : g_build_filename(runDir, "virtstreamd.pid", NULL);
    pidfile = daemonPidfileNew(pidPath);
    if (!pidfile)
        return -1;
    sockets = daemonListenNew(config);
    if (!sockets || virEventRegisterDefaultImpl() < 0)
        return -1;
    return daemonMainServe(config, options, runDir, sockets, loop);
}

int
main(int argc, char **argv)
{
    g_auto(daemonOptions) options = { 0 };
    g_autoptr(daemonConfig) config = NULL;
    g_autoptr(GError) err = NULL;

    setlocale(LC_ALL, "");
    if (!daemonOptionsParse(&options, argc, argv, &err)) {
        g_printerr("virtstreamd: %s; see virtstreamd --help\n", err->message);
        return EXIT_FAILURE;
    }
    if (options.version) {
        g_print("virtstreamd (libvirt-streamdisk) %s\n", PACKAGE_VERSION);
        return EXIT_SUCCESS;
    }

    signal(SIGPIPE, SIG_IGN);
    umask(daemonMainIsSession() ? 0077 : 0022);
    /* a session's libvirtd is waited for, and must not be started by that */
    g_setenv("LIBVIRT_AUTOSTART", "0", TRUE);
    virSetErrorFunc(NULL, daemonMainIgnoreError);

    config = daemonConfigLoad(daemonMainGetInstance(), options.config);
    if (!config || (options.background && daemonBackgroundEnter() < 0) ||
        daemonMainRun(config, &options) < 0) {
        g_printerr("virtstreamd: error: %s\n", errorText());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
