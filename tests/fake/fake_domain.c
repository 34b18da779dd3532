/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_domain.c: stands in for backend/backend_domain.c */

#include "backend/backend_domain.h"

#include "fake_call.h"
#include "fake_disk.h"
#include "util/error.h"
#include "util/handle.h"
#include "util/lock.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

GPtrArray *
backendDomainList(virConnectPtr conn)
{
    GPtrArray *list;

    if (fakeCallAsk("list") < 0)
        return NULL;
    list = g_ptr_array_new_with_free_func((GDestroyNotify) handleFreeDomain);
    LOCK_SCOPE(&fakeGuestLock);

    for (guint i = 0; i < fakeGuestList()->len; i++) {
        const fakeGuest *guest = g_ptr_array_index(fakeGuestList(), i);

        if (guest->state <= FAKE_GUEST_SUSPENDED)
            g_ptr_array_add(list, virDomainLookupByUUIDString(conn, guest->uuid));
    }
    return list;
}

static fakeGuestState
fakeDomainGetState(virDomainPtr dom)
{
    LOCK_SCOPE(&fakeGuestLock);
    const fakeGuest *guest = fakeGuestFind(dom);

    return guest ? guest->state : FAKE_GUEST_GONE;
}

virDomainPtr
backendDomainLookup(virConnectPtr conn, const char *uuid)
{
    g_autoptr(virDomain) dom = virDomainLookupByUUIDString(conn, uuid);

    if (fakeCallAsk("lookup %s", dom ? virDomainGetName(dom) : uuid) < 0)
        return NULL;
    if (dom && fakeDomainGetState(dom) != FAKE_GUEST_GONE)
        return g_steal_pointer(&dom);
    errorReport(VIR_ERR_NO_DOMAIN, "no domain with matching uuid '%s'", uuid);
    return NULL;
}

int
backendDomainCheckRunning(virDomainPtr dom)
{
    const char *name = virDomainGetName(dom);

    if (fakeCallAsk("check_running %s", name) < 0)
        return -1;
    switch (fakeDomainGetState(dom)) {
    case FAKE_GUEST_GONE:
        errorReport(VIR_ERR_NO_DOMAIN, "no domain with matching name '%s'", name);
        return -1;
    case FAKE_GUEST_OFF:
        errorReport(VIR_ERR_OPERATION_INVALID, "domain '%s' is not running", name);
        return -1;
    default: return 0;
    }
}

/* As libvirt puts it there: every name gets the prefix. */
static void
fakeDomainAddMetadata(GString *xml, const char *text)
{
    g_autoptr(GString) prefixed = g_string_new(text);

    g_string_replace(prefixed, "<", "<streamdisk:", 0);
    g_string_replace(prefixed, "<streamdisk:/", "</streamdisk:", 0);
    g_string_replace(prefixed, "policy>",
                     "policy xmlns:streamdisk='urn:libvirt-streamdisk:policy'>", 1);
    g_string_append_printf(xml, "<metadata>%s</metadata>", prefixed->str);
}

static void
fakeDomainAddDisk(GString *xml, const fakeDisk *disk)
{
    g_string_append_printf(xml,
                           "<disk type='file' device='disk'><driver name='qemu' type='qcow2' %s/>"
                           "<source file='%s'/><target dev='%s' bus='virtio'/>"
                           "<alias name='%s'/>",
                           disk->driver, disk->source, disk->target, disk->alias);
    if (disk->iotune > 0)
        g_string_append_printf(xml, "<iotune><total_bytes_sec>%lu</total_bytes_sec></iotune>",
                               (unsigned long) disk->iotune);
    for (guint i = 0; i < disk->depth && !disk->unchained; i++)
        g_string_append_printf(xml,
                               "<backingStore type='file' index='%u'><source file='/below/%u'/>",
                               i + 1, i + 1);
    if (!disk->unchained)
        g_string_append(xml, "<backingStore/>");
    for (guint i = 0; i < disk->depth && !disk->unchained; i++)
        g_string_append(xml, "</backingStore>");
    g_string_append(xml, "</disk>");
}

char *
backendDomainGetXml(virDomainPtr dom)
{
    g_autoptr(GString) xml = g_string_new("<domain type='kvm'>");

    if (fakeCallAsk("xml %s", virDomainGetName(dom)) < 0 || backendDomainCheckRunning(dom) < 0)
        return NULL;
    LOCK_SCOPE(&fakeGuestLock);
    const fakeGuest *guest = fakeGuestFind(dom);

    if (guest->metadata)
        fakeDomainAddMetadata(xml, guest->metadata);
    g_string_append(xml, "<devices>");
    for (guint i = 0; i < guest->disks->len; i++) {
        const fakeDisk *disk = g_ptr_array_index(guest->disks, i);

        if (!disk->detached)
            fakeDomainAddDisk(xml, disk);
    }
    g_string_append(xml, "</devices></domain>");
    return g_string_free(g_steal_pointer(&xml), FALSE);
}

int
backendDomainSetMetadata(virDomainPtr dom, const char *key, const char *uri, const char *text)
{
    if (fakeCallMake("metadata %s %s", virDomainGetName(dom), text ? text : "-") < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);
    fakeGuest *guest = fakeGuestFind(dom);

    g_free(guest->metadata);
    guest->metadata = g_strdup(text);
    return 0;
}

int
backendDomainIsRunning(virDomainPtr dom)
{
    if (fakeCallAsk("running %s", virDomainGetName(dom)) < 0)
        return -1;
    return fakeDomainGetState(dom) == FAKE_GUEST_RUNS;
}

int
backendDomainSuspend(virDomainPtr dom)
{
    if (fakeCallMake("suspend %s", virDomainGetName(dom)) < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);

    fakeGuestFind(dom)->state = FAKE_GUEST_SUSPENDED;
    return 0;
}

int
backendDomainResume(virDomainPtr dom)
{
    if (fakeCallMake("resume %s", virDomainGetName(dom)) < 0)
        return -1;
    LOCK_SCOPE(&fakeGuestLock);

    fakeGuestFind(dom)->state = FAKE_GUEST_RUNS;
    return 0;
}
