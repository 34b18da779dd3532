/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log.c: decides which log lines are wanted and writes them, from any thread */

#include "util/log.h"

/* syslog.h has priorities of the same names */
#undef LOG_DEBUG
#undef LOG_INFO
#undef LOG_WARNING

#include <errno.h>
#include <fcntl.h>
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
    int refs; /* atomic: lines are written after the lock is dropped */
    void (*write)(const logOutput *out, logLevel level, const char *func, int line,
                  const char *text);
    int fd;
    bool owned; /* fd is closed with the output */
};

typedef struct _logFilter logFilter;
struct _logFilter {
    int level;
    char *match;
};

static struct {
    GMutex lock; /* taken last of all locks, protects what follows */
    int level;
    GArray *filters;
    logOutput *output;
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

static logOutput *
logOutputRef(logOutput *out)
{
    g_atomic_int_inc(&out->refs);
    return out;
}

static void
logOutputUnref(logOutput *out)
{
    if (!g_atomic_int_dec_and_test(&out->refs))
        return;
    if (out->owned)
        close(out->fd);
    g_free(out);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(logOutput, logOutputUnref)

/* NULL with an error */
static logOutput *
logOutputNew(const char *output)
{
    logOutput new = { .refs = 1, .fd = STDERR_FILENO };
    const char *rest;

    if (g_str_equal(output, "stderr")) {
        new.write = g_log_writer_is_journald(STDERR_FILENO) ? logWriteJournald : logWriteFd;
    } else if (g_str_equal(output, "journald")) {
        new.write = logWriteJournald;
    } else if (g_str_has_prefix(output, "syslog:") && *(rest = output + strlen("syslog:"))) {
        /* syslog keeps the pointer for as long as the process lives */
        openlog(g_intern_string(rest), LOG_PID, LOG_DAEMON);
        new.write = logWriteSyslog;
    } else if (g_str_has_prefix(output, "file:/")) {
        rest = output + strlen("file:");
        new.fd = open(rest, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (new.fd < 0) {
            errorReportSystem(errno, "cannot open log file '%s'", rest);
            return NULL;
        }
        new.owned = true;
        new.write = logWriteFd;
    } else {
        errorReport(VIR_ERR_INVALID_ARG,
                    "log output '%s' is not one of stderr, file:/PATH, "
                    "syslog:IDENT, journald",
                    output);
        return NULL;
    }
    return g_memdup2(&new, sizeof(new));
}

static void
logFilterClear(void *opaque)
{
    logFilter *filter = opaque;

    g_free(filter->match);
}

/* NULL if the text is not a list of filters */
static GArray *
logFiltersParse(const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    g_autoptr(GArray) filters = g_array_new(FALSE, FALSE, sizeof(logFilter));

    g_array_set_clear_func(filters, logFilterClear);
    for (char **word = words; *word; word++) {
        logFilter filter = { .level = g_ascii_digit_value((*word)[0]) };

        if (!**word)
            continue;
        if (filter.level < LOG_LEVEL_DEBUG || filter.level > LOG_LEVEL_ERROR || (*word)[1] != ':' ||
            !(*word)[2])
            return NULL;
        filter.match = g_strdup(*word + 2);
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
    logState.filters = filters ? logFiltersParse(filters) : NULL;
    logState.output = logOutputNew("stderr");
    g_once_init_leave(&once, 1);
}

static bool
logWantedLocked(const char *source, logLevel level)
{
    if (logState.filters) {
        for (guint i = 0; i < logState.filters->len; i++) {
            const logFilter *filter = &g_array_index(logState.filters, logFilter, i);

            if (strstr(source, filter->match))
                return (int) level >= filter->level;
        }
    }
    return (int) level >= logState.level;
}

void
logMessage(const char *source, logLevel level, const char *func, int line, const char *fmt, ...)
{
    g_autoptr(logOutput) out = NULL;
    g_autofree char *text = NULL;
    int saved = errno;
    va_list ap;

    logInit();
    g_mutex_lock(&logState.lock);
    if (logWantedLocked(source, level))
        out = logOutputRef(logState.output);
    g_mutex_unlock(&logState.lock);

    if (out) {
        va_start(ap, fmt);
        text = g_strdup_vprintf(fmt, ap);
        va_end(ap);
        /* a text from outside cannot pretend to be a line of its own */
        out->write(out, level, func, line, g_strdelimit(text, "\r\n", ' '));
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
    GArray *parsed = logFiltersParse(filters);
    g_autoptr(GArray) old = NULL;

    if (!parsed) {
        errorReport(VIR_ERR_INVALID_ARG,
                    "log filters '%s' are not of the form 'LEVEL:TEXT "
                    "LEVEL:TEXT', with levels from 1 to 4",
                    filters);
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
logSetOutput(const char *output)
{
    logOutput *new = logOutputNew(output);
    g_autoptr(logOutput) old = NULL;

    if (!new)
        return -1;

    logInit();
    g_mutex_lock(&logState.lock);
    old = logState.output;
    logState.output = new;
    g_mutex_unlock(&logState.lock);
    return 0;
}
