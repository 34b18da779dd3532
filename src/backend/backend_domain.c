/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend_domain.c: calls of libvirt's domain API */

#include "backend/backend_domain.h"

#include <stdlib.h>

#include "util/error.h"
#include "util/handle.h"

#define VIR_FROM_THIS VIR_FROM_QEMU

GPtrArray *
backendDomainList(virConnectPtr conn)
{
    virDomainPtr *doms = NULL;
    int ndoms = virConnectListAllDomains(conn, &doms, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    GPtrArray *list;

    if (ndoms < 0)
        return NULL;
    list = g_ptr_array_new_with_free_func((GDestroyNotify) handleFreeDomain);
    for (int i = 0; i < ndoms; i++)
        g_ptr_array_add(list, doms[i]);
    free(doms);
    return list;
}

virDomainPtr
backendDomainLookup(virConnectPtr conn, const char *uuid)
{
    return virDomainLookupByUUIDString(conn, uuid);
}

int
backendDomainCheckRunning(virDomainPtr dom)
{
    switch (virDomainIsActive(dom)) {
    case 0:
        errorReport(VIR_ERR_OPERATION_INVALID, "domain '%s' is not running", virDomainGetName(dom));
        return -1;
    case 1: return 0;
    default: return -1;
    }
}

char *
backendDomainGetXml(virDomainPtr dom)
{
    char *xml;
    char *copy;

    if (backendDomainCheckRunning(dom) < 0 || !(xml = virDomainGetXMLDesc(dom, 0)))
        return NULL;
    copy = g_strdup(xml);
    free(xml);
    return copy;
}

int
backendDomainSetMetadata(virDomainPtr dom, const char *key, const char *uri, const char *text)
{
    return virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, text, key, uri,
                                VIR_DOMAIN_AFFECT_LIVE);
}

int
backendDomainIsRunning(virDomainPtr dom)
{
    int state;

    if (virDomainGetState(dom, &state, NULL, 0) < 0)
        return -1;
    return state == VIR_DOMAIN_RUNNING;
}

int
backendDomainSuspend(virDomainPtr dom)
{
    return virDomainSuspend(dom);
}

int
backendDomainResume(virDomainPtr dom)
{
    return virDomainResume(dom);
}
