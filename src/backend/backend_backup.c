/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_backup.c: looks into each status file that is new */

#include "backend/backend_backup.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "util/log.h"

/* libvirt's words for it, in an attribute of the file's <job>. A guest that has them elsewhere is
 * taken for one that begins a backup, which does little. */
#define BACKEND_BACKUP_WORDS "async='backup'"

#define BACKEND_BACKUP_SUFFIX ".xml"

LOG_INIT("backend.backup");

struct _backendBackup {
    const backendBackupHandlers *handlers;
    void *opaque;
    char *dir;
    int fd;              /* inotify's: GLib's monitors may tell 100 ms late */
    GSource *source;     /* NULL: the directory cannot be watched */
    GHashTable *domains; /* the names of those that are backed up now */
};

static bool
backendBackupRuns(const char *path)
{
    g_autofree char *status = NULL;

    return g_file_get_contents(path, &status, NULL, NULL) && strstr(status, BACKEND_BACKUP_WORDS);
}

static void
backendBackupLook(backendBackup *self, const char *name)
{
    g_autofree char *path = g_build_filename(self->dir, name, NULL);
    g_autofree char *domain = g_strndup(name, strlen(name) - strlen(BACKEND_BACKUP_SUFFIX));
    bool runs = backendBackupRuns(path);

    if (runs == g_hash_table_contains(self->domains, domain))
        return;
    LOG_DEBUG("domain %s: a backup has %s", domain, runs ? "begun" : "ended");
    if (runs) {
        g_hash_table_add(self->domains, g_strdup(domain));
        self->handlers->begun(domain, self->opaque);
    } else {
        g_hash_table_remove(self->domains, domain);
        self->handlers->ended(domain, self->opaque);
    }
}

static gboolean
backendBackupChanged(int fd, GIOCondition condition, void *opaque)
{
    backendBackup *self = opaque;
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t len = read(fd, buffer, sizeof(buffer));
    const struct inotify_event *event;

    for (ssize_t at = 0; at < len; at += (ssize_t) sizeof(*event) + event->len) {
        event = (const struct inotify_event *) (buffer + at);
        if (event->len > 0 && g_str_has_suffix(event->name, BACKEND_BACKUP_SUFFIX))
            backendBackupLook(self, event->name);
    }
    return G_SOURCE_CONTINUE;
}

backendBackup *
backendBackupNew(const char *dir, const backendBackupHandlers *handlers, void *opaque)
{
    backendBackup *self = g_new0(backendBackup, 1);

    self->handlers = handlers;
    self->opaque = opaque;
    self->dir = g_strdup(dir);
    self->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (self->fd < 0 || inotify_add_watch(self->fd, dir, IN_MOVED_TO) < 0) {
        LOG_INFO("backups are not noticed: cannot watch '%s': %s", dir, g_strerror(errno));
        return self;
    }
    self->source = g_unix_fd_source_new(self->fd, G_IO_IN);
    g_source_set_callback(self->source, G_SOURCE_FUNC(backendBackupChanged), self, NULL);
    g_source_attach(self->source, g_main_context_get_thread_default());
    return self;
}

void
backendBackupFree(backendBackup *self)
{
    if (!self)
        return;
    if (self->source) {
        g_source_destroy(self->source);
        g_source_unref(self->source);
    }
    if (self->fd >= 0)
        close(self->fd);
    g_hash_table_unref(self->domains);
    g_free(self->dir);
    g_free(self);
}
