/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-json.h: what --json prints; the one place where its field names are made
 *
 * Statistics keep the names that the library gives them. All objects are the caller's.
 */

#pragma once

#include <json-c/json.h>

#include "stream-stats.h"

/* {"domain", "uuid", "disk", the statistics...} */
json_object *streamJsonStream(virDomainPtr dom, const char *disk, const streamStats *stats);

/* {"streams": [...]}; takes over @streams, an array */
json_object *streamJsonStreams(json_object *streams);

/* {"result", "domain", "uuid", "disk", the statistics..., "reason"}; @reason, if not NULL,
 * replaces the one in @stats */
json_object *streamJsonResult(const char *result, virDomainPtr dom, const char *disk,
                              const streamStats *stats, const char *reason);

/* {"event", "timestamp", "domain", "uuid", "disk", the statistics...}; @timestamp may be
 * NULL */
json_object *streamJsonEvent(const char *event, const char *timestamp, virDomainPtr dom,
                             const char *disk, const streamStats *stats);

/* {"error": {"code", "message"}}; @code is a virErrorNumber */
json_object *streamJsonError(int code, const char *message);
