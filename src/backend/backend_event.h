/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend_event.h: what libvirt and QEMU tell about guests and their jobs, handed on by guest
 *
 *   libvirt event loop:  libvirt's callback ──► item ──► dispatch
 *   where that runs it:                                     └──► handler
 *
 * Handlers may therefore make libvirt calls that wait: neither the application's loop does, nor
 * what is told of another guest. Two handlers are called at once, in libvirt's event loop, and
 * must not wait.
 */

#pragma once

#include <libvirt/libvirt.h>
#include <stdbool.h>

typedef struct _backendEventHandlers backendEventHandlers;
struct _backendEventHandlers {
    /* a pull of this disk began, whoever started it */
    void (*jobRunning)(virDomainPtr dom, const char *target, void *opaque);
    /* a pull of this disk is about to end, or has ended: at once, before anything else that is
     * still to be told; it may be called several times for one end */
    void (*jobEnding)(virDomainPtr dom, const char *target, void *opaque);
    /* QEMU's reason for the end that follows */
    void (*jobError)(virDomainPtr dom, const char *target, const char *error, void *opaque);
    /* a pull of this disk ended: a virConnectDomainEventBlockJobStatus */
    void (*jobEnded)(virDomainPtr dom, const char *target, int status, void *opaque);
    /* the guest runs no more: a virDomainEventStoppedDetailType */
    void (*guestStopped)(virDomainPtr dom, int detail, void *opaque);
    void (*diskRemoved)(virDomainPtr dom, const char *alias, void *opaque);
    /* the disks' iotune has changed */
    void (*disksTuned)(virDomainPtr dom, void *opaque);
};

/* Called in libvirt's event loop, and does not wait: has @func called with @data, after all else that
 * was dispatched of this domain; then, in any case, @destroy. */
typedef void (*backendEventDispatch)(virDomainPtr dom, void (*func)(void *data), void *data,
                                     void (*destroy)(void *data), void *opaque);

typedef struct _backendEvent backendEvent;

/* Registers with libvirt on @conn; needs libvirt's event loop. @dispatch: has
 * the handlers called. QEMU's own events are left out, with a warning, where libvirt does
 * not let us have them. NULL on error. */
backendEvent *backendEventNew(virConnectPtr conn, backendEventDispatch dispatch,
                              const backendEventHandlers *handlers, void *opaque);

/* Whether QEMU's own events come, and so every pull is told of when it begins. */
bool backendEventTellsStarts(const backendEvent *self);

/* Deregisters: no handler is called any more, but those that run go on. */
void backendEventFree(backendEvent *self);
