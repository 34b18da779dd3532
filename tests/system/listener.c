/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * listener.c: prints what happens to streams, a line an event, progress left out
 *
 *   listener [GUEST]
 *
 * "listening" comes first; then "GUEST DISK started" or "GUEST DISK failed: REASON". SIGTERM ends it
 * as cleanly as an application would.
 */

#include <glib-unix.h>
#include <libvirt/libvirt-streamdisk.h>
#include <libvirt/virterror.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const listenerWords[] = {
    [VIR_DOMAIN_STREAM_DISK_EVENT_STARTED] = "started",
    [VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED] = "completed",
    [VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED] = "stopped",
    [VIR_DOMAIN_STREAM_DISK_EVENT_FAILED] = "failed",
};

static bool listenerStopped;

/* What goes wrong in the library's own thread is not heard. */
static void
listenerIgnoreError(void *opaque, virErrorPtr err)
{
}

static void
listenerPrint(virConnectPtr conn, virDomainPtr dom, const char *disk, int event,
              virTypedParameterPtr params, int nparams, void *opaque)
{
    const char *reason = NULL;

    if (event == VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS)
        return;
    virTypedParamsGetString(params, nparams, VIR_DOMAIN_STREAM_DISK_STATS_REASON, &reason);
    printf("%s %s %s%s%s\n", virDomainGetName(dom), disk, listenerWords[event], reason ? ": " : "",
           reason ? reason : "");
}

static gboolean
listenerStop(void *opaque)
{
    listenerStopped = true;
    return G_SOURCE_CONTINUE;
}

int
main(int argc, char **argv)
{
    virConnectPtr conn = NULL;
    virDomainPtr dom = NULL;
    int id;

    setlinebuf(stdout);
    virSetErrorFunc(NULL, listenerIgnoreError);
    g_unix_signal_add(SIGTERM, listenerStop, NULL);
    if (virEventRegisterDefaultImpl() < 0 || !(conn = virConnectOpen(NULL)) ||
        (argc > 1 && !(dom = virDomainLookupByName(conn, argv[1]))) ||
        (id = virConnectStreamDiskEventRegister(conn, dom, listenerPrint, NULL, NULL, 0)) < 0) {
        fprintf(stderr, "listener: %s\n", virGetLastErrorMessage());
        return EXIT_FAILURE;
    }

    puts("listening");
    while (!listenerStopped)
        virEventRunDefaultImpl();

    virConnectStreamDiskEventDeregister(conn, id);
    if (dom)
        virDomainFree(dom);
    virConnectClose(conn);
    return EXIT_SUCCESS;
}
