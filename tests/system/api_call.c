/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* api_call.c: the line of a call, and what was before it */

#include "api_call.h"

#include <glib.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>

static virDomainPtr apiCallWatched;
static char *apiCallWorld; /* before the call */

void
apiCallWatch(virDomainPtr dom)
{
    apiCallWatched = dom;
}

/* The XML, without the note that the jobs of hydrated disks may be paused: it comes and goes with
 * hydration, not with calls. */
static char *
apiCallWithoutNotes(const char *xml)
{
    static const char *const notes[] = {
        "\\s*<streamdisk:disk target=[\"'][a-z]+[\"'] job=[\"']paused[\"']/>",
        " job=[\"']paused[\"']",
        "\\s*<streamdisk:policy [^>]*>\\s*</streamdisk:policy>",
        "\\s*<streamdisk:policy [^>]*/>",
        "\\s*<metadata>\\s*</metadata>",
        "\\s*<metadata/>",
    };
    char *text = g_strdup(xml);

    for (gsize i = 0; i < G_N_ELEMENTS(notes); i++) {
        g_autoptr(GRegex) note = g_regex_new(notes[i], 0, 0, NULL);
        g_autofree char *with = text;

        text = g_regex_replace_literal(note, with, -1, 0, "", 0, NULL);
    }
    return text;
}

/* XML and block jobs, without the progress of these */
static char *
apiCallDescribeWorld(void)
{
    GString *world = g_string_new(NULL);
    char *xml = apiCallWatched ? virDomainGetXMLDesc(apiCallWatched, 0) : NULL;

    g_autofree char *told = apiCallWithoutNotes(xml ? xml : "");

    g_string_append(world, told);
    free(xml);
    for (char letter = 'a'; apiCallWatched && letter <= 'g'; letter++) {
        const char target[] = { 'v', 'd', letter, '\0' };
        virDomainBlockJobInfo info;

        if (virDomainGetBlockJobInfo(apiCallWatched, target, &info,
                                     VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES) == 1)
            g_string_append_printf(world, "%s: job of type %d, %lu bytes/s\n", target, info.type,
                                   info.bandwidth);
    }
    virResetLastError();
    return g_string_free(world, FALSE);
}

void
apiCallBefore(void)
{
    g_free(apiCallWorld);
    apiCallWorld = apiCallDescribeWorld();
}

long long
apiCallAfter(const char *call, long long result)
{
    int code = virGetLastErrorCode();
    g_autofree char *message = g_strdup(virGetLastErrorMessage());
    g_autofree char *world = result < 0 ? apiCallDescribeWorld() : NULL;

    printf("%s = %lld", call, result);
    if (code != VIR_ERR_OK)
        printf(", error %d: %s", code, message);
    if (world && !g_str_equal(world, apiCallWorld))
        printf("; AND CHANGED:\n%s\nTO:\n%s", apiCallWorld, world);
    putchar('\n');
    fflush(stdout);
    return result;
}

void
apiCallPrintStats(virTypedParameterPtr params, int nparams)
{
    printf("   ");
    for (int i = 0; i < nparams; i++) {
        const virTypedParameter *param = &params[i];
        const char *field = param->field;

        if (g_str_equal(field, VIR_DOMAIN_STREAM_DISK_STATS_STATE))
            printf(" state=%d", param->value.i);
        else if (g_str_equal(field, VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH))
            printf(" bandwidth=%llu", param->value.ul);
        else if (g_str_equal(field, VIR_DOMAIN_STREAM_DISK_STATS_ALIAS) ||
                 g_str_equal(field, VIR_DOMAIN_STREAM_DISK_STATS_BASE) ||
                 g_str_equal(field, VIR_DOMAIN_STREAM_DISK_STATS_REASON))
            printf(" %s='%s'", field, param->value.s);
    }
    putchar('\n');
}
