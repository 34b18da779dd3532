/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu_life.h: changes of a stream's state, as stream_state.h has them, and the events that tell of
 * them
 *
 * Under the guest's lock, so that events leave in the order of what happened.
 */

#pragma once

#include "qemu/qemu_stream.h"

/* The job runs, which is told, unless it was known, or @announce is false. */
void qemuLifeRun(qemuStream *stream, bool announce);

/* A stop was asked for, or (@stopping false) has failed. Nothing if it cannot be stopped. */
void qemuLifeSetStopping(qemuStream *stream, bool stopping);

/* Tells how far it is. */
void qemuLifeTick(qemuStream *stream);

/* An active one has ended: tells that it ran, if that is owed, and the end. @reason: why; QEMU's own
 * error is preferred. */
void qemuLifeEnd(qemuStream *stream, virDomainStreamDiskStateType state, const char *reason);

/* The job of a STARTING one was refused, and nobody hears of it. */
void qemuLifeRefuse(qemuStream *stream);
