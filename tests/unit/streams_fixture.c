/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* streams_fixture.c: two domains, a table, and the list of its events */

#include "streams_fixture.h"

#include "stream/stream_event.h"
#include "util/handle.h"
#include "util/lock.h"

/* What was published, and the disks of which a stream is on */
static struct {
    GMutex lock;
    GString *text;
    GHashTable *on;
    int ends;
} streamsFixtureEvents;

static const char *
streamsFixtureEventName(int event)
{
    static const char *const names[] = { "STARTED", "PROGRESS", "COMPLETED", "STOPPED", "FAILED" };

    return names[event];
}

/* Stands in for stream/stream_event.c. */
void
streamEventPublish(void *priv, int event, streamRecord *entry)
{
    g_autofree char *disk = g_strdup_printf("%s/%s", entry->name, entry->disk);
    LOCK_SCOPE(&streamsFixtureEvents.lock);

    g_assert_true(priv == &streamsFixtureEvents);
    g_assert_cmpint(g_hash_table_contains(streamsFixtureEvents.on, disk), ==,
                    event != VIR_DOMAIN_STREAM_DISK_EVENT_STARTED);
    if (event >= VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED) {
        g_hash_table_remove(streamsFixtureEvents.on, disk);
        streamsFixtureEvents.ends++;
    } else {
        g_hash_table_add(streamsFixtureEvents.on, g_strdup(disk));
    }
    if (streamsFixtureEvents.text->len > 0)
        g_string_append(streamsFixtureEvents.text, ", ");
    g_string_append_printf(streamsFixtureEvents.text, "%s %s", streamsFixtureEventName(event),
                           disk);
    streamRecordFree(entry);
}

char *
streamsFixtureTakeEvents(void)
{
    LOCK_SCOPE(&streamsFixtureEvents.lock);
    char *taken = g_strdup(streamsFixtureEvents.text->str);

    g_string_truncate(streamsFixtureEvents.text, 0);
    return taken;
}

int
streamsFixtureEnds(void)
{
    LOCK_SCOPE(&streamsFixtureEvents.lock);

    return streamsFixtureEvents.ends;
}

static virDomainPtr
streamsFixtureDomainNew(virConnectPtr conn, const char *name)
{
    g_autofree char *xml = g_strdup_printf(
        "<domain type='test'><name>%s</name><memory>1024</memory><os><type>hvm</type></os>"
        "</domain>",
        name);
    virDomainPtr dom = virDomainCreateXML(conn, xml, 0);

    g_assert_nonnull(dom);
    return dom;
}

static void
streamsFixtureMakeTable(streamsFixture *fix, bool turns, const char *noHydration)
{
    const qemuGuestConfig config = {
        .publisher = &streamsFixtureEvents,
        .turns = turns,
        .noHydration = noHydration,
        .socketDir = "/nowhere",
    };

    fix->guests = qemuGuestTableNew(&config);
    fix->guest = qemuGuestGet(fix->guests, fix->dom);
}

static void
streamsFixtureFreeTable(streamsFixture *fix)
{
    qemuStreamsForgetAll(fix->guests);
    qemuGuestUnref(fix->guest);
    qemuGuestTableFree(fix->guests);
}

/* @opaque: not NULL for turns */
static void
streamsFixtureSetUp(streamsFixture *fix, const void *opaque)
{
    streamsFixtureEvents.text = g_string_new(NULL);
    streamsFixtureEvents.on = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    streamsFixtureEvents.ends = 0;
    g_assert_nonnull(fix->conn = virConnectOpen("test:///default"));
    fix->dom = streamsFixtureDomainNew(fix->conn, "a");
    fix->other = streamsFixtureDomainNew(fix->conn, "b");
    streamsFixtureMakeTable(fix, opaque != NULL, NULL);
}

static void
streamsFixtureTearDown(streamsFixture *fix, const void *opaque)
{
    streamsFixtureFreeTable(fix);
    handleFreeDomain(fix->dom);
    handleFreeDomain(fix->other);
    g_assert_cmpint(virConnectClose(fix->conn), ==, 0); /* no guest holds it any more */
    g_string_free(streamsFixtureEvents.text, TRUE);
    g_hash_table_unref(streamsFixtureEvents.on);
}

void
streamsFixtureSetNoHydration(streamsFixture *fix, const char *reason)
{
    bool turns = fix->guest->config->turns;

    streamsFixtureFreeTable(fix);
    streamsFixtureMakeTable(fix, turns, reason);
}

qemuStream *
streamsFixtureBegin(streamsFixture *fix, virDomainPtr dom, const char *target,
                    unsigned long long limit)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, dom);
    g_autofree char *name = g_strdup(target);
    g_autofree char *alias = g_strconcat("alias-", target, NULL);
    g_autofree char *source = g_strconcat("/images/", target, NULL);
    const domainDisk disk = { .target = name, .alias = alias, .source = source, .depth = 1 };
    const streamSettings settings = { .bandwidth = limit };

    return qemuStreamsBegin(guest, &disk, NULL, &settings);
}

qemuStream *
streamsFixtureDiscover(streamsFixture *fix, virDomainPtr dom, const char *target,
                       unsigned long long speed, bool announce)
{
    g_autoptr(qemuGuest) guest = qemuGuestGet(fix->guests, dom);
    g_autofree char *name = g_strdup(target);
    g_autofree char *alias = g_strconcat("alias-", target, NULL);
    const domainDisk disk = { .target = name, .alias = alias, .depth = 1 };

    return qemuStreamsDiscover(guest, &disk, speed, &(qemuStreamKept) { 0 }, announce);
}

qemuStream *
streamsFixtureRun(streamsFixture *fix, virDomainPtr dom, const char *target)
{
    qemuStream *stream = streamsFixtureBegin(fix, dom, target, 0);

    g_assert_nonnull(stream);
    qemuLifeRun(stream, true);
    return stream;
}

void
streamsFixtureAdd(const char *path, bool turns,
                  void (*func)(streamsFixture *fix, const void *opaque))
{
    g_test_add(path, streamsFixture, turns ? "turns" : NULL, streamsFixtureSetUp, func,
               streamsFixtureTearDown);
}
