/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* remote_autostart.c: finds the program, runs it, and waits on its stderr */

#include "remote/remote_autostart.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "util/log.h"

LOG_INIT("remote.autostart");

#define REMOTE_AUTOSTART_IDLE "120" /* s; the time that libvirt gives its session daemons */
#define REMOTE_AUTOSTART_WAIT 30    /* s */
#define REMOTE_AUTOSTART_TEXT 1000  /* bytes of what the daemon says */

/* What a daemon that outlives its first caller, and serves others, takes from it */
static const char *const remoteAutostartVariables[] = {
    "HOME", "LD_LIBRARY_PATH", "LD_PRELOAD",      "LOGNAME",         "PATH", "TMPDIR",
    "USER", "XDG_CACHE_HOME",  "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
};

bool
remoteAutostartIsWanted(remoteInstance instance)
{
    return instance == REMOTE_INSTANCE_SESSION &&
           g_strcmp0(g_getenv("LIBVIRT_AUTOSTART"), "0") != 0;
}

static char **
remoteAutostartEnvironment(void)
{
    char **env = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(remoteAutostartVariables); i++) {
        const char *name = remoteAutostartVariables[i];

        if (g_getenv(name))
            env = g_environ_setenv(env, name, g_getenv(name), TRUE);
    }
    return env ? env : g_new0(char *, 1);
}

/* What is written into @fd until nobody holds its other end, or time is up */
static char *
remoteAutostartListen(int fd)
{
    gint64 until = g_get_monotonic_time() + REMOTE_AUTOSTART_WAIT * G_USEC_PER_SEC;
    GString *text = g_string_new(NULL);
    gint64 left;

    while ((left = until - g_get_monotonic_time()) > 0) {
        struct pollfd readable = { .fd = fd, .events = POLLIN };
        char buffer[REMOTE_AUTOSTART_TEXT];
        ssize_t got;

        if (poll(&readable, 1, left / 1000 + 1) <= 0)
            continue;
        got = read(fd, buffer, sizeof(buffer));
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        if (got > 0 && text->len < REMOTE_AUTOSTART_TEXT)
            g_string_append_len(text, buffer, got);
    }
    return g_string_free(text, FALSE);
}

bool
remoteAutostart(void)
{
    const char *other = secure_getenv("VIRTSTREAMD_PATH");
    const char *program = other ? other : SBINDIR "/virtstreamd";
    const char *argv[] = { program, "--daemon", "--timeout", REMOTE_AUTOSTART_IDLE, NULL };
    g_auto(GStrv) env = remoteAutostartEnvironment();
    g_autoptr(GError) err = NULL;
    g_autofree char *said = NULL;
    int fd;

    /* without G_SPAWN_DO_NOT_REAP_CHILD the child is GLib's to reap, the grandchild init's */
    if (!g_spawn_async_with_pipes("/", (char **) argv, env,
                                  G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_CLOEXEC_PIPES, NULL, NULL,
                                  NULL, NULL, NULL, &fd, &err)) {
        LOG_DEBUG("cannot start a daemon: %s", err->message);
        return false;
    }
    said = remoteAutostartListen(fd);
    close(fd);
    LOG_DEBUG("'%s' was started: %s", program, *said ? said : "no complaints");
    return true;
}
