/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_plan.h: what is to happen to a simulated stream, as the domain's metadata says
 *
 *   <metadata>
 *     <streamdisk:test xmlns:streamdisk='urn:libvirt-streamdisk:test' clock='step'>
 *       <streamdisk:disk target='vda' size='1048576' speed='65536' end='failed' at='524288'/>
 *     </streamdisk:test>
 *   </metadata>
 *
 * docs/test-driver.md tells what each attribute means. Pure: text in, structure out.
 */

#pragma once

#include <glib.h>
#include <stdbool.h>

#include "libvirt/libvirt-streamdisk.h"

typedef struct _testPlan testPlan;
struct _testPlan {
    bool stepped;                     /* time passes only when somebody looks, a second each time */
    guint64 size;                     /* bytes */
    guint64 speed;                    /* bytes per second, without limit */
    guint64 starting;                 /* µs that it is STARTING, */
    guint64 wait;                     /* then waits as if for its turn; */
    guint64 finish;                   /* that it takes to complete once all is copied; */
    guint64 stopping;                 /* and to stop on request */
    virDomainStreamDiskStateType end; /* how it ends by itself, */
    guint64 at;                       /* when so many bytes are done, */
    char *reason;                     /* and why; NULL if it completes */
    bool relative;                    /* the images name each other relative to themselves */
    char *refuse;                     /* with this error it does not even start; or NULL */
};

/* Of a disk in the domain's XML, with defaults for what is not said; -1 and an error that
 * names what is wrong. @plan is to be cleared. */
int testPlanParse(const char *xml, const char *target, testPlan *plan);

void testPlanClear(testPlan *plan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(testPlan, testPlanClear)
