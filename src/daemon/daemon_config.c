/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon_config.c: reads virtstreamd.conf, strictly, with GLib's key file parser */

#include "daemon/daemon_config.h"

#include <string.h>

#include "config.h"
#include "remote/remote_instance.h"
#include "util/error.h"
#include "util/log.h"

#define VIR_FROM_THIS VIR_FROM_CONF

/* Key files have groups, libvirt's files have none: all keys are in this one. */
#define DAEMON_CONFIG_GROUP "virtstreamd"

typedef enum {
    DAEMON_CONFIG_STRING,
    DAEMON_CONFIG_PATH,
    DAEMON_CONFIG_PERMS,
    DAEMON_CONFIG_UINT,
} daemonConfigType;

typedef struct _daemonConfigKey daemonConfigKey;
struct _daemonConfigKey {
    const char *name;
    daemonConfigType type;
    size_t offset; /* of a char * or an unsigned int */
    unsigned int min;
    unsigned int max;
};

#define KEY(name, type, field, ...) \
    { name, DAEMON_CONFIG_##type, offsetof(daemonConfig, field), __VA_ARGS__ }

static const daemonConfigKey daemonConfigKeys[] = {
    KEY("unix_sock_group", STRING, unixSockGroup),
    KEY("unix_sock_ro_perms", PERMS, unixSockROPerms, 0, 0777),
    KEY("unix_sock_rw_perms", PERMS, unixSockRWPerms, 0, 0777),
    KEY("unix_sock_dir", PATH, unixSockDir),
    KEY("max_clients", UINT, maxClients, 1, 65536),
    KEY("max_readonly_clients", UINT, maxReadonlyClients, 1, 65536),
    KEY("max_workers", UINT, maxWorkers, 1, 1024),
    KEY("max_client_requests", UINT, maxClientRequests, 1, 1024),
    KEY("keepalive_interval", UINT, keepaliveInterval, 0, 86400),
    KEY("keepalive_count", UINT, keepaliveCount, 1, 1000),
    KEY("hydrate", UINT, hydrate, 0, 1),
    KEY("hydrate_untried", UINT, hydrateUntried, 0, 1),
    KEY("standstill", UINT, standstill, 0, 60000),
    KEY("standstill_others", UINT, standstillOthers, 0, 60000),
    KEY("log_level", UINT, logLevel, LOG_LEVEL_DEBUG, LOG_LEVEL_ERROR),
    KEY("log_filters", STRING, logFilters),
    KEY("log_outputs", STRING, logOutputs),
};

static char *
daemonConfigFile(remoteInstance instance)
{
    return g_build_filename(instance == REMOTE_INSTANCE_SESSION ? g_get_user_config_dir()
                                                                : SYSCONFDIR,
                            "libvirt", "virtstreamd.conf", NULL);
}

static daemonConfig *
daemonConfigNew(remoteInstance instance)
{
    g_autofree char *socket = remoteInstanceGetSocket(instance, false);
    bool session = instance == REMOTE_INSTANCE_SESSION;
    daemonConfig *config = g_new0(daemonConfig, 1);

    config->unixSockGroup = g_strdup(session ? "" : "libvirt");
    config->unixSockROPerms = session ? 0700 : 0777;
    config->unixSockRWPerms = session ? 0700 : 0770;
    config->unixSockDir = g_path_get_dirname(socket);
    config->maxClients = 500;
    config->maxReadonlyClients = 250;
    config->maxWorkers = 20;
    config->maxClientRequests = 5;
    config->keepaliveInterval = 5;
    config->keepaliveCount = 5;
    config->hydrate = 1;
    config->standstill = 1000;
    config->logLevel = LOG_LEVEL_WARNING;
    config->logFilters = g_strdup("");
    config->logOutputs = g_strdup("");
    return config;
}

void
daemonConfigFree(daemonConfig *config)
{
    if (!config)
        return;
    g_free(config->file);
    g_free(config->unixSockGroup);
    g_free(config->unixSockDir);
    g_free(config->logFilters);
    g_free(config->logOutputs);
    g_free(config);
}

static int
daemonConfigFail(const char *file, const char *key, const char *reason)
{
    errorReport(VIR_ERR_CONF_SYNTAX, "%s: %s: %s", file, key, reason);
    return -1;
}

/* The text between the quotes; NULL if they are missing or not the only ones */
static char *
daemonConfigUnquote(const char *value)
{
    size_t len = strlen(value);

    if (len < 2 || value[0] != '"' || strchr(value + 1, '"') != value + len - 1)
        return NULL;
    return g_strndup(value + 1, len - 2);
}

static int
daemonConfigSetNumber(daemonConfig *config, const daemonConfigKey *key, const char *text,
                      unsigned int base)
{
    g_autoptr(GError) err = NULL;
    guint64 number;

    if (!g_ascii_string_to_unsigned(text, base, key->min, key->max, &number, &err))
        return daemonConfigFail(config->file, key->name, err->message);
    G_STRUCT_MEMBER(unsigned int, config, key->offset) = number;
    return 0;
}

static int
daemonConfigSet(daemonConfig *config, const daemonConfigKey *key, const char *value)
{
    g_autofree char *text = NULL;

    if (key->type == DAEMON_CONFIG_UINT)
        return daemonConfigSetNumber(config, key, value, 10);

    text = daemonConfigUnquote(value);
    if (!text)
        return daemonConfigFail(config->file, key->name, "the value must be in double quotes");
    if (key->type == DAEMON_CONFIG_PERMS)
        return daemonConfigSetNumber(config, key, text, 8);
    if (key->type == DAEMON_CONFIG_PATH && !g_path_is_absolute(text))
        return daemonConfigFail(config->file, key->name, "the path must begin with '/'");

    g_free(G_STRUCT_MEMBER(char *, config, key->offset));
    G_STRUCT_MEMBER(char *, config, key->offset) = g_steal_pointer(&text);
    return 0;
}

static const daemonConfigKey *
daemonConfigFind(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(daemonConfigKeys); i++) {
        if (g_str_equal(daemonConfigKeys[i].name, name))
            return &daemonConfigKeys[i];
    }
    return NULL;
}

static int
daemonConfigParse(daemonConfig *config, const char *text)
{
    g_autofree char *grouped = g_strdup_printf("[" DAEMON_CONFIG_GROUP "]\n%s", text);
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autoptr(GError) err = NULL;
    g_auto(GStrv) groups = NULL;
    g_auto(GStrv) names = NULL;

    if (!g_key_file_load_from_data(keys, grouped, -1, G_KEY_FILE_KEEP_TRANSLATIONS, &err)) {
        errorReport(VIR_ERR_CONF_SYNTAX, "%s: %s", config->file, err->message);
        return -1;
    }
    groups = g_key_file_get_groups(keys, NULL);
    if (groups[1])
        return daemonConfigFail(config->file, groups[1], "there are no sections in this file");

    names = g_key_file_get_keys(keys, DAEMON_CONFIG_GROUP, NULL, NULL);
    for (size_t i = 0; names[i]; i++) {
        const daemonConfigKey *key = daemonConfigFind(names[i]);
        g_autofree char *value = g_key_file_get_value(keys, DAEMON_CONFIG_GROUP, names[i], NULL);

        if (!key)
            return daemonConfigFail(config->file, names[i], "there is no such setting");
        /* a key that is there twice is listed twice */
        for (size_t j = 0; j < i; j++) {
            if (g_str_equal(names[j], names[i]))
                return daemonConfigFail(config->file, names[i], "the setting is there twice");
        }
        if (daemonConfigSet(config, key, value) < 0)
            return -1;
        if (key->offset == offsetof(daemonConfig, unixSockGroup))
            config->unixSockGroupGiven = true;
    }
    return 0;
}

daemonConfig *
daemonConfigLoad(remoteInstance instance, const char *file)
{
    g_autoptr(daemonConfig) config = daemonConfigNew(instance);
    g_autoptr(GError) err = NULL;
    g_autofree char *text = NULL;

    config->file = file ? g_strdup(file) : daemonConfigFile(instance);
    if (!g_file_get_contents(config->file, &text, NULL, &err)) {
        if (!file && g_error_matches(err, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return g_steal_pointer(&config);
        errorReport(VIR_ERR_OPERATION_FAILED, "%s", err->message);
        return NULL;
    }
    if (daemonConfigParse(config, text) < 0)
        return NULL;
    return g_steal_pointer(&config);
}

char *
daemonConfigFormat(const daemonConfig *config)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(daemonConfigKeys); i++) {
        const daemonConfigKey *key = &daemonConfigKeys[i];
        switch (key->type) {
        case DAEMON_CONFIG_STRING:
        case DAEMON_CONFIG_PATH:
            g_string_append_printf(text, "%s = \"%s\"\n", key->name,
                                   G_STRUCT_MEMBER(char *, config, key->offset));
            break;
        case DAEMON_CONFIG_PERMS:
            g_string_append_printf(text, "%s = \"%04o\"\n", key->name,
                                   G_STRUCT_MEMBER(unsigned int, config, key->offset));
            break;
        case DAEMON_CONFIG_UINT:
            g_string_append_printf(text, "%s = %u\n", key->name,
                                   G_STRUCT_MEMBER(unsigned int, config, key->offset));
            break;
        }
    }
    return g_string_free(text, FALSE);
}
