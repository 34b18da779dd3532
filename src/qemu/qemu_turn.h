/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_turn.h: of several streams of one guest, which one runs at full speed
 *
 * QEMU 7.2 crashes when jobs of one guest end together, so the others are held at a speed
 * at which they do not end meanwhile, but would end if all who hold them died. Pure.
 */

#pragma once

#include "qemu/qemu_stream.h"

/* A prime just below 1 MiB/s: nobody asks for it, so that who finds a job at this speed
 * knows that it is held. */
#define QEMU_TURN_HELD_SPEED 1048573ULL

/* The speed for a stream with or without the turn; 0: unlimited */
unsigned long long qemuTurnSpeed(bool held, unsigned long long limit);

/* Of active streams of one domain, the one to get the turn: NULL if one has it already, else
 * the one with the least left. */
qemuStream *qemuTurnNext(GPtrArray *streams);
