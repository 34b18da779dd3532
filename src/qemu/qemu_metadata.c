/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_metadata.c: settings as attributes, and back; and what libvirt was told of them */

#include "qemu/qemu_metadata.h"

#include <math.h>

#include "backend/backend_domain.h"
#include "qemu/qemu_speed.h"
#include "util/handle.h"
#include "util/lock.h"

#define BANDWIDTH VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH
#define FACTOR VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_FACTOR
#define MAXIMUM VIR_DOMAIN_STREAM_DISK_PARAM_GUEST_LATENCY_MAX
#define FAST VIR_DOMAIN_STREAM_DISK_PARAM_FAST
#define DEADLINE VIR_DOMAIN_STREAM_DISK_PARAM_DEADLINE
#define HYDRATE VIR_DOMAIN_STREAM_DISK_PARAM_HYDRATE
#define KEY "streamdisk"
#define URI "urn:libvirt-streamdisk:policy"
#define ELEMENT "policy"
#define JOB "job"
#define GUEST "guest"

/* The speed of a job is its limit, unless it waits for its turn, or goes by a deadline. */
static bool
qemuMetadataHidesBandwidth(const qemuStream *stream)
{
    return stream->settings.deadline > 0 ||
           ((stream->waitingTurn || stream->speed == QEMU_SPEED_WAITING) &&
            stream->settings.bandwidth > QEMU_SPEED_WAITING);
}

static void
qemuMetadataAddNumber(GString *text, const char *name, guint64 value)
{
    if (value > 0)
        g_string_append_printf(text, " %s='%" G_GUINT64_FORMAT "'", name, value);
}

static void
qemuMetadataAddDisk(GString *text, const qemuStream *stream)
{
    const streamSettings *settings = &stream->settings;
    g_autofree char *target = g_markup_escape_text(stream->target, -1);
    g_autoptr(GString) attributes = g_string_new(NULL);
    char factor[G_ASCII_DTOSTR_BUF_SIZE];

    if (qemuMetadataHidesBandwidth(stream))
        qemuMetadataAddNumber(attributes, BANDWIDTH, settings->bandwidth);
    if (settings->guestLatency.factor > 0)
        g_string_append_printf(attributes, " %s='%s'", FACTOR,
                               g_ascii_dtostr(factor, sizeof(factor),
                                              settings->guestLatency.factor));
    qemuMetadataAddNumber(attributes, MAXIMUM, settings->guestLatency.maxNs / 1000);
    if (settings->guestLatency.fast)
        g_string_append(attributes, " " FAST "='yes'");
    qemuMetadataAddNumber(attributes, DEADLINE, (guint64) settings->deadline);
    if (settings->paused)
        g_string_append(attributes, " " HYDRATE "='no'");
    if (stream->endNoted || stream->endHeld || stream->jobPaused)
        g_string_append(attributes, " " JOB "='paused'");
    if (stream->guestSuspended)
        g_string_append(attributes, " " GUEST "='suspended'");
    if (attributes->len > 0)
        g_string_append_printf(text, "<disk target='%s'%s/>", target, attributes->str);
}

char *
qemuMetadataFormat(GPtrArray *streams)
{
    g_autoptr(GString) disks = g_string_new(NULL);

    for (guint i = 0; i < streams->len; i++) {
        if (qemuStreamIsActive(g_ptr_array_index(streams, i)))
            qemuMetadataAddDisk(disks, g_ptr_array_index(streams, i));
    }
    return disks->len > 0 ? g_strdup_printf("<" ELEMENT ">%s</" ELEMENT ">", disks->str) : NULL;
}

static void
qemuMetadataRead(qemuStreamKept *kept, const char *name, const char *value)
{
    streamSettings *settings = &kept->settings;
    guint64 number;
    bool known = g_ascii_string_to_unsigned(value, 10, 1, G_MAXINT64, &number, NULL);
    double factor = g_ascii_strtod(value, NULL);

    if (g_str_equal(name, BANDWIDTH) && known)
        settings->bandwidth = number;
    else if (g_str_equal(name, FACTOR) && isfinite(factor) && factor >= 1)
        settings->guestLatency.factor = factor;
    else if (g_str_equal(name, MAXIMUM) && known && number <= G_MAXINT64 / 1000)
        settings->guestLatency.maxNs = number * 1000;
    else if (g_str_equal(name, FAST))
        settings->guestLatency.fast = g_str_equal(value, "yes");
    else if (g_str_equal(name, DEADLINE) && known)
        settings->deadline = (gint64) number;
    else if (g_str_equal(name, HYDRATE))
        settings->paused = g_str_equal(value, "no");
    else if (g_str_equal(name, JOB))
        kept->jobPaused = g_str_equal(value, "paused");
    else if (g_str_equal(name, GUEST))
        kept->guestSuspended = g_str_equal(value, "suspended");
}

domainMetadata *
qemuMetadataFind(const char *xml)
{
    return domainMetadataFind(xml, URI, ELEMENT);
}

qemuStreamKept
qemuMetadataParse(const domainMetadata *metadata, const char *target)
{
    qemuStreamKept kept = { 0 };

    for (guint i = 0; metadata && i < metadata->children->len; i++) {
        const domainMetadata *disk = g_ptr_array_index(metadata->children, i);

        if (g_strcmp0(domainMetadataGet(disk, "target"), target))
            continue;
        for (guint j = 0; disk->names[j]; j++)
            qemuMetadataRead(&kept, disk->names[j], disk->values[j]);
    }
    return kept;
}

/* Whether libvirt has to be told, and what, to be freed; NULL: nothing is kept any more. */
static bool
qemuMetadataWanted(qemuGuest *guest, char **text)
{
    LOCK_SCOPE(&guest->lock);
    g_autofree char *wanted = qemuMetadataFormat(guest->streams);
    bool ended = true;

    for (guint i = 0; i < guest->streams->len; i++)
        ended &= !qemuStreamIsActive(g_ptr_array_index(guest->streams, i));
    if (!guest->config->turns || guest->metadataSaving ||
        (guest->metadataKnown ? !g_strcmp0(wanted, guest->metadata) : ended))
        return false;
    guest->metadataSaving = true;
    *text = g_steal_pointer(&wanted);
    return true;
}

static void
qemuMetadataSaved(qemuGuest *guest, const char *text, bool success)
{
    LOCK_SCOPE(&guest->lock);

    guest->metadataSaving = false;
    if (!success)
        return;
    guest->metadataKnown = true;
    g_free(guest->metadata);
    guest->metadata = g_strdup(text);
}

int
qemuMetadataSave(qemuGuest *guest)
{
    char *wanted;

    while (qemuMetadataWanted(guest, &wanted)) {
        g_autofree char *text = wanted;
        g_autoptr(virDomain) dom = qemuGuestGetDomain(guest);
        int rc = backendDomainSetMetadata(dom, KEY, URI, text);

        qemuMetadataSaved(guest, text, rc == 0);
        if (rc < 0)
            return -1;
    }
    return 0;
}

int
qemuMetadataSaveAnew(qemuGuest *guest)
{
    qemuMetadataSaved(guest, "", true);
    return qemuMetadataSave(guest);
}
