/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_call.h: what src/qemu asks of the fake: written down, refused, or left without an answer
 *
 * A call is a line: its name, the domain or the disk, what else was said: "job_start a/vda 0". Events
 * that were published are lines, too: "STOPPED a/vda: stopped on request". Questions (job_get, xml,
 * image_get, version, running, lookup, list) leave no line, but are refused and held like the others.
 * A test names calls by how they begin; "" is every call.
 */

#pragma once

#include <glib.h>
#include <libvirt/virterror.h>
#include <stdbool.h>

void fakeCallSetUp(void);
void fakeCallTearDown(void);

/* The next of these calls fails; or every one, until they are accepted again. */
void fakeCallFail(const char *calls, int code, const char *text);
void fakeCallRefuse(const char *calls, int code, const char *text);
void fakeCallAccept(const char *calls);

/* Silence: these calls, or the next one, are not answered before they are released. */
void fakeCallHold(const char *calls);
void fakeCallHoldNext(const char *calls);
void fakeCallRelease(const char *calls);

/* Waits until such a call is held; until there is such a line. */
void fakeCallAwaitHeld(const char *calls);
void fakeCallAwait(const char *calls);

/* The lines since the last time, each with its end */
char *fakeCallTake(void);

/* Whether there is such a line. */
bool fakeCallIsNoted(const char *calls);

#define assertCalls(expected) \
    do { \
        g_autofree char *calls_ = fakeCallTake(); \
        g_assert_cmpstr(calls_, ==, (expected)); \
    } while (0)

/* For what is faked: 0; or -1 and the error with which the call is to fail. It may take its time. */
int fakeCallMake(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
/* The same of a question */
int fakeCallAsk(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
/* Of what neither fails nor waits */
void fakeCallNote(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
