/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log.h: log messages in libvirt's levels and line format
 *
 * A file that logs names its source first: LOG_INIT("qemu.stream"). In the library
 * only debug lines are written, to stderr, when LIBVIRT_DEBUG (a level, 1 to 4) or
 * LIBVIRT_LOG_FILTERS asks for them; the daemon sets level, filters and outputs itself.
 */

#pragma once

typedef enum {
    LOG_LEVEL_DEBUG = 1,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_ERROR,
} logLevel;

#define LOG_INIT(name) static const char *const logSource __attribute__((unused)) = (name)

#define LOG_DEBUG(...) logMessage(logSource, LOG_LEVEL_DEBUG, __func__, __LINE__, __VA_ARGS__)
#define LOG_INFO(...) logMessage(logSource, LOG_LEVEL_INFO, __func__, __LINE__, __VA_ARGS__)
#define LOG_WARNING(...) logMessage(logSource, LOG_LEVEL_WARNING, __func__, __LINE__, __VA_ARGS__)
#define LOG_ERROR(...) logMessage(logSource, LOG_LEVEL_ERROR, __func__, __LINE__, __VA_ARGS__)

void logMessage(const char *source, logLevel level, const char *func, int line, const char *fmt,
                ...) __attribute__((format(printf, 5, 6)));

/* The setters return 0, or -1 with an error and nothing changed. Any thread. */

/* Lines below @level are dropped. */
int logSetLevel(int level);

/* "1:rpc 3:qemu.*": a level for the sources whose name contains the text, in which wildcards may
 * be, the first that fits; "" for none. As in libvirtd.conf. */
int logSetFilters(const char *filters);

/* "1:stderr" (with levels where that is the journal), "1:file:/PATH" (opened anew each time),
 * "1:syslog:IDENT" or "1:journald", or several; each has only lines of its level and above. As in
 * libvirtd.conf. */
int logSetOutputs(const char *outputs);
