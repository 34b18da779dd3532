/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_domain.h: what a call needs to know of its domain: the XML, its disks, its streams */

#pragma once

#include "test/test_runs.h"

typedef struct _testDomain testDomain;
struct _testDomain {
    char *xml;
    GPtrArray *disks; /* of domainDisk, with what streams have left of their chains */
    testGuest *guest;
};

/* -1 and an error, above all if @dom does not run. @domain is to be cleared. */
int testDomainLoad(virDomainPtr dom, testDomain *domain);

void testDomainClear(testDomain *domain);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(testDomain, testDomainClear)

/* How many images of the disk's chain are between the top one and @base, by path or as
 * "vda[N]", the Nth below the top one; all, if NULL; -1 and an error if it is not below. */
int testDomainFindBase(const domainDisk *disk, const char *base, unsigned int *layers);
