/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_runs.h: which run of which domain a guest is
 *
 * libvirt's test hypervisor lives in the process and goes with its last connection, unnoticed;
 * the next one has the same domains with the same UUIDs and ids. So a run of a domain is
 * known by a mark in its live metadata, which goes when the run ends. The process has one
 * table of runs. What was running in a hypervisor that is gone stays in it unseen.
 */

#pragma once

#include "test/test_guest.h"

/* The guest of the run that the live XML of @dom tells of; one without streams if it has none. */
testGuest *testRunsFind(virDomainPtr dom, const char *xml);

/* The same, but marks the run of @dom if it has no mark, so that it will be found again; NULL
 * and an error. Calls libvirt. */
testGuest *testRunsBegin(virDomainPtr dom);

/* The run has ended. */
void testRunsForget(const testGuest *guest);
