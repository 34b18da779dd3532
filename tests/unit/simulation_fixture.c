/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulation_fixture.c: the domain's XML, and the list of events */

#include "simulation_fixture.h"

#include <glib.h>
#include <stdbool.h>

#include "event_loop.h"
#include "stream/stream_event.h"
#include "util/handle.h"
#include "util/lock.h"

static struct {
    GMutex lock;
    GString *text;
} simulationFixtureEvents;

/* Stands in for stream/stream_event.c. */
void
streamEventPublish(void *priv, int event, streamRecord *entry)
{
    static const char *const names[] = { "STARTED", "PROGRESS", "COMPLETED", "STOPPED", "FAILED" };
    LOCK_SCOPE(&simulationFixtureEvents.lock);
    GString *text = simulationFixtureEvents.text;

    g_string_append_printf(text, "%s%s %s/%s", text->len > 0 ? ", " : "", names[event], entry->name,
                           entry->disk);
    streamRecordFree(entry);
}

char *
simulationFixtureTakeEvents(void)
{
    LOCK_SCOPE(&simulationFixtureEvents.lock);
    char *taken = g_strdup(simulationFixtureEvents.text->str);

    g_string_truncate(simulationFixtureEvents.text, 0);
    return taken;
}

char *
simulationFixtureXml(const char *name, const char *plan)
{
    return g_strdup_printf(
        "<domain type='test'><name>%s</name><memory>1024</memory><os><type>hvm</type></os>"
        "<metadata><streamdisk:test xmlns:streamdisk='urn:libvirt-streamdisk:test' clock='step'>"
        "%s</streamdisk:test></metadata><devices>"
        "<disk type='file'><driver name='qemu' type='qcow2'/><source file='/images/vda.qcow2'/>"
        "<backingStore type='file'><format type='qcow2'/><source file='/images/middle.qcow2'/>"
        "<backingStore type='file'><format type='qcow2'/><source file='/images/base.qcow2'/>"
        "<backingStore/></backingStore></backingStore><target dev='vda'/>"
        "<alias name='ua-vda'/></disk>"
        "<disk type='file'><driver name='qemu' type='qcow2'/><source file='/images/vdb.qcow2'/>"
        "<target dev='vdb'/></disk>"
        "<disk type='file'><driver name='qemu' type='qcow2'/><source file='/images/vdc.qcow2'/>"
        "<backingStore/><target dev='vdc'/></disk>"
        "<disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>"
        "</devices></domain>",
        name, plan);
}

virDomainPtr
simulationFixtureDomainNew(virConnectPtr conn, const char *name, const char *plan)
{
    g_autofree char *xml = simulationFixtureXml(name, plan);
    virDomainPtr dom = virDomainCreateXML(conn, xml, 0);

    g_assert_nonnull(dom);
    return dom;
}

long long
simulationFixtureGet(const streamRecord *entry, const char *name)
{
    const virTypedParameter *param = virTypedParamsGet(entry->params, entry->nparams, name);

    if (!param)
        return -1;
    return param->type == VIR_TYPED_PARAM_INT     ? param->value.i
         : param->type == VIR_TYPED_PARAM_BOOLEAN ? param->value.b
                                                  : (long long) param->value.ul;
}

static void
simulationFixtureSetUp(simulationFixture *fix, const void *plan)
{
    eventLoopRegister();
    simulationFixtureEvents.text = g_string_new(NULL);
    g_assert_nonnull(fix->conn = virConnectOpen("test:///default"));
    fix->dom = simulationFixtureDomainNew(fix->conn, "a", plan);
}

static void
simulationFixtureTearDown(simulationFixture *fix, const void *plan)
{
    handleFreeDomain(fix->dom);
    g_assert_cmpint(virConnectClose(fix->conn), ==, 0);
    g_string_free(simulationFixtureEvents.text, TRUE);
}

void
simulationFixtureAdd(const char *path, const char *plan,
                     void (*func)(simulationFixture *fix, const void *opaque))
{
    g_test_add(path, simulationFixture, plan, simulationFixtureSetUp, func,
               simulationFixtureTearDown);
}
