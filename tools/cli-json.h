/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli-json.h: what --json prints; the one place where its field names are made
 *
 * Statistics keep the names that the library gives them. All objects are the caller's.
 */

#pragma once

#include <json-c/json.h>

#include "cli-stats.h"

/* {"domain", "uuid", "disk", the statistics...} */
json_object *cliJsonStream(virDomainPtr dom, const char *disk, const cliStats *stats);

/* {"streams": [...]}; takes over @streams, an array */
json_object *cliJsonStreams(json_object *streams);

/* {"result", "domain", "uuid", "disk", the statistics..., "reason"}; @reason, if not NULL,
 * replaces the one in @stats */
json_object *cliJsonResult(const char *result, virDomainPtr dom, const char *disk,
                           const cliStats *stats, const char *reason);

/* {"event", "timestamp", "domain", "uuid", "disk", the statistics...}; @timestamp may be
 * NULL */
json_object *cliJsonEvent(const char *event, const char *timestamp, virDomainPtr dom,
                          const char *disk, const cliStats *stats);

/* {"error": {"code", "message"}}; @code is a virErrorNumber */
json_object *cliJsonError(int code, const char *message);
