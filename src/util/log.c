/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log.c: decides which log lines are wanted and writes them, from any thread */

#include "util/log.h"

/* syslog.h has priorities of the same names */
#undef LOG_DEBUG
#undef LOG_INFO
#undef LOG_WARNING

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "util/error.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define LOG_LEVEL_NONE (LOG_LEVEL_ERROR + 1)

typedef struct _logOutput logOutput;
struct _logOutput {
    int level; /* lines below it are not for this one */
    void (*write)(const logOutput *out, logLevel level, const char *func, int line,
                  const char *text);
    int fd;
    bool owned; /* fd is closed with the output */
};

typedef struct _logFilter logFilter;
struct _logFilter {
    int level;
    char *pattern; /* of the whole name */
};

static struct {
    GMutex lock; /* taken last of all locks, protects what follows */
    int level;
    GArray *filters;
    GPtrArray
        *outputs; /* of logOutput; replaced, never changed: lines are written without the lock */
} logState;

static const struct {
    const char *name;
    int priority;
} logLevels[] = {
    [LOG_LEVEL_DEBUG] = { "debug", 7 },
    [LOG_LEVEL_INFO] = { "info", 6 },
    [LOG_LEVEL_WARNING] = { "warning", 4 },
    [LOG_LEVEL_ERROR] = { "error", 3 },
};

static void
logWriteFd(const logOutput *out, logLevel level, const char *func, int line, const char *text)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *date = g_date_time_format(now, "%F %T");
    g_autofree char *full = g_strdup_printf("%s.%03d+0000: %d: %s : %s:%d : %s\n", date,
                                            g_date_time_get_microsecond(now) / 1000, (int) gettid(),
                                            logLevels[level].name, func, line, text);

    /* one write, so that lines of several threads do not mix; nobody to tell of a failure */
    if (write(out->fd, full, strlen(full)) < 0)
        return;
}

static void
logWriteSyslog(const logOutput *out, logLevel level, const char *func, int line, const char *text)
{
    syslog(logLevels[level].priority, "%s:%d : %s", func, line, text);
}

static void
logWriteJournald(const logOutput *out, logLevel level, const char *func, int line, const char *text)
{
    g_autofree char *number = g_strdup_printf("%d", line);
    g_autofree char *priority = g_strdup_printf("%d", logLevels[level].priority);
    const GLogField fields[] = {
        { "MESSAGE", text, -1 },
        { "PRIORITY", priority, -1 },
        { "CODE_FUNC", func, -1 },
        { "CODE_LINE", number, -1 },
    };

    g_log_writer_journald(G_LOG_LEVEL_MESSAGE, fields, G_N_ELEMENTS(fields), NULL);
}

static void
logOutputFree(void *opaque)
{
    logOutput *out = opaque;

    if (out->owned)
        close(out->fd);
    g_free(out);
}

/* The level before the colon that @text begins with, and what follows in @rest; 0 if there is none. */
static int
logParseLevel(const char *text, const char **rest)
{
    int level = g_ascii_digit_value(text[0]);

    if (level < LOG_LEVEL_DEBUG || level > LOG_LEVEL_ERROR || text[1] != ':')
        return 0;
    *rest = text + 2;
    return level;
}

/* @text is "file:/PATH" or another of them, without a level; -1 with an error, but for what is not
 * understood, which is -2. */
static int
logOutputOpen(logOutput *out, const char *text)
{
    const char *name = strchr(text, ':');

    name = name && name[1] ? name + 1 : NULL;
    if (g_str_equal(text, "stderr")) {
        out->write = g_log_writer_is_journald(STDERR_FILENO) ? logWriteJournald : logWriteFd;
    } else if (g_str_equal(text, "journald")) {
        out->write = logWriteJournald;
    } else if (g_str_has_prefix(text, "syslog:") && name) {
        /* syslog keeps the pointer for as long as the process lives */
        openlog(g_intern_string(name), LOG_PID, LOG_DAEMON);
        out->write = logWriteSyslog;
    } else if (name && g_str_has_prefix(text, "file:/")) {
        out->fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (out->fd < 0) {
            errorReportSystem(errno, "cannot open log file '%s'", name);
            return -1;
        }
        out->owned = true;
        out->write = logWriteFd;
    } else {
        return -2;
    }
    return 0;
}

/* "3:file:/PATH"; NULL with an error */
static logOutput *
logOutputNew(const char *text)
{
    logOutput new = { .fd = STDERR_FILENO };
    const char *rest;
    int rc = -2;

    if ((new.level = logParseLevel(text, &rest)) > 0)
        rc = logOutputOpen(&new, rest);
    if (rc == -2)
        errorReport(VIR_ERR_INVALID_ARG,
                    "log output '%s' is not one of LEVEL:stderr, LEVEL:syslog:NAME, "
                    "LEVEL:file:/PATH and LEVEL:journald, with a level from 1 to 4",
                    text);
    return rc < 0 ? NULL : g_memdup2(&new, sizeof(new));
}

/* NULL with an error. An output begins with its level: other spaces are a path's. */
static GPtrArray *
logOutputsParse(const char *text)
{
    g_auto(GStrv) words = g_regex_split_simple("\\s+(?=\\d+:)", text, 0, 0);
    g_autoptr(GPtrArray) outputs = g_ptr_array_new_with_free_func(logOutputFree);

    for (char **word = words; *word; word++) {
        logOutput *out;

        if (!*g_strstrip(*word))
            continue;
        if (!(out = logOutputNew(*word)))
            return NULL;
        g_ptr_array_add(outputs, out);
    }
    if (outputs->len == 0) {
        errorReport(VIR_ERR_INVALID_ARG, "there is no log output in '%s'", text);
        return NULL;
    }
    return g_steal_pointer(&outputs);
}

static void
logFilterClear(void *opaque)
{
    logFilter *filter = opaque;

    g_free(filter->pattern);
}

/* NULL if the text is not a list of filters, and then what of it is wrong in @wrong, if not NULL */
static GArray *
logFiltersParse(const char *text, char **wrong)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    g_autoptr(GArray) filters = g_array_new(FALSE, FALSE, sizeof(logFilter));

    g_array_set_clear_func(filters, logFilterClear);
    for (char **word = words; *word; word++) {
        logFilter filter;
        const char *match;

        if (!**word)
            continue;
        if ((filter.level = logParseLevel(*word, &match)) == 0 || !*match) {
            if (wrong)
                *wrong = g_strdup(*word);
            return NULL;
        }
        filter.pattern = g_strconcat("*", match, "*", NULL);
        g_array_append_val(filters, filter);
    }
    return g_steal_pointer(&filters);
}

/* What the environment asks for; nonsense in it is not worth an error in every program. */
static void
logInit(void)
{
    static gsize once;
    const char *level;
    const char *filters;

    if (!g_once_init_enter(&once))
        return;

    level = g_getenv("LIBVIRT_DEBUG");
    filters = g_getenv("LIBVIRT_LOG_FILTERS");
    logState.level = LOG_LEVEL_NONE;
    if (level && level[0] >= '1' && level[0] <= '4' && !level[1])
        logState.level = level[0] - '0';
    logState.filters = filters ? logFiltersParse(filters, NULL) : NULL;
    logState.outputs = logOutputsParse("1:stderr");
    g_once_init_leave(&once, 1);
}

static bool
logWantedLocked(const char *source, logLevel level)
{
    if (logState.filters) {
        for (guint i = 0; i < logState.filters->len; i++) {
            const logFilter *filter = &g_array_index(logState.filters, logFilter, i);

            if (fnmatch(filter->pattern, source, 0) == 0)
                return (int) level >= filter->level;
        }
    }
    return (int) level >= logState.level;
}

void
logMessage(const char *source, logLevel level, const char *func, int line, const char *fmt, ...)
{
    g_autoptr(GPtrArray) outputs = NULL;
    g_autofree char *text = NULL;
    int saved = errno;
    va_list ap;

    logInit();
    g_mutex_lock(&logState.lock);
    if (logWantedLocked(source, level))
        outputs = g_ptr_array_ref(logState.outputs);
    g_mutex_unlock(&logState.lock);

    if (outputs) {
        va_start(ap, fmt);
        text = g_strdup_vprintf(fmt, ap);
        va_end(ap);
        g_strdelimit(text, "\r\n",
                     ' '); /* one from outside cannot pretend to be a line of its own */
    }
    for (guint i = 0; outputs && i < outputs->len; i++) {
        const logOutput *out = g_ptr_array_index(outputs, i);

        if ((int) level >= out->level)
            out->write(out, level, func, line, text);
    }
    errno = saved;
}

int
logSetLevel(int level)
{
    if (level < LOG_LEVEL_DEBUG || level > LOG_LEVEL_ERROR) {
        errorReport(VIR_ERR_INVALID_ARG, "log level %d is not between 1 and 4", level);
        return -1;
    }

    logInit();
    g_mutex_lock(&logState.lock);
    logState.level = level;
    g_mutex_unlock(&logState.lock);
    return 0;
}

int
logSetFilters(const char *filters)
{
    g_autofree char *wrong = NULL;
    GArray *parsed = logFiltersParse(filters, &wrong);
    g_autoptr(GArray) old = NULL;

    if (!parsed) {
        errorReport(VIR_ERR_INVALID_ARG,
                    "log filter '%s' is not of the form LEVEL:NAME, with a level from 1 to 4",
                    wrong);
        return -1;
    }

    logInit();
    g_mutex_lock(&logState.lock);
    old = logState.filters;
    logState.filters = parsed;
    g_mutex_unlock(&logState.lock);
    return 0;
}

int
logSetOutputs(const char *outputs)
{
    GPtrArray *parsed = logOutputsParse(outputs);
    g_autoptr(GPtrArray) old = NULL;

    if (!parsed)
        return -1;

    logInit();
    g_mutex_lock(&logState.lock);
    old = logState.outputs;
    logState.outputs = parsed;
    g_mutex_unlock(&logState.lock);
    return 0;
}
