/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream_state.h: the states that a stream passes through, and the events that tell of them
 *
 *              ┌──────────────► RUNNING ◄──► STOPPING
 *   STARTING ──┤                   │            │
 *              └───────────────────┴────────────┴──► COMPLETED, STOPPED or FAILED
 *
 * A job may end at any moment, also before anybody saw it run; it is told all the same that it ran.
 * What has ended stays so. Pure.
 */

#pragma once

#include <stdbool.h>

#include "libvirt/libvirt-streamdisk.h"

#define STREAM_STATE_NO_EVENT (-1)

/* Not ended. */
bool streamStateIsActive(virDomainStreamDiskStateType state);

/* One step of *state on its way to @wanted, with the virDomainStreamDiskEvent to publish now, or
 * STREAM_STATE_NO_EVENT; false if there is no way, or *state is there already: call it until then. */
bool streamStateStep(virDomainStreamDiskStateType *state, virDomainStreamDiskStateType wanted,
                     int *event);
