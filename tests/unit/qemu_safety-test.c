/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_safety-test.c: what the table says of disks, of what is not in it, and of versions */

#include "qemu/qemu_safety.h"

static void
testAssert(const char *version, const char *features, bool untried, const char *expected)
{
    g_auto(GStrv) list = g_strsplit(features, ", ", -1);
    g_autofree char *why = qemuSafetyCheck(version, (const char *const *) list, false, untried);

    g_assert_cmpstr(why, ==, expected);
}

#define USUAL "bus virtio, storage file, format qcow2, cache none, io native, discard unmap"

static void
testSafe(void)
{
    testAssert("7.2.22", USUAL, false, NULL);
    testAssert("10.0.13", USUAL ", iothread", false, NULL);
    testAssert("7.2.0", "", false, NULL);
}

static void
testUnsafe(void)
{
    static const char
        why[] = "QEMU aborts when hydration of a disk with an iothread ends (QEMU 7.2.22)";

    testAssert("7.2.22", USUAL ", iothread", false, why);
    testAssert("7.2.22", USUAL ", iothread", true, why); /* it is known */
}

static void
testUntried(void)
{
    testAssert("7.2.22", "bus virtio, bus fdc", false,
               "hydration of a disk with 'bus fdc' has not been tried with QEMU 7.2.22");
    testAssert("7.2.22", "bus virtio, bus fdc", true, NULL);
    testAssert("8.2.2", USUAL, false, "hydration has not been tried with QEMU 8.2.2");
    testAssert("7.20.1", USUAL, false, "hydration has not been tried with QEMU 7.20.1");
    testAssert("8.2.2", USUAL ", iothread", true, NULL);
}

/* A disk may be safe while its guest is suspended, and its controller not. */
static void
testSuspended(void)
{
    static const char *const disk[] = { "bus virtio", "iothread", NULL };
    static const char *const controller[] = { "bus scsi", "controller iothread", NULL };
    g_autofree char *no = qemuSafetyCheck("7.2.22", controller, true, false);

    g_assert_null(qemuSafetyCheck("7.2.22", disk, true, false));
    g_assert_nonnull(no);
    g_assert_null(qemuSafetyCheck("10.0.0", controller, true, false));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_safety/safe", testSafe);
    g_test_add_func("/qemu_safety/unsafe", testUnsafe);
    g_test_add_func("/qemu_safety/untried", testUntried);
    g_test_add_func("/qemu_safety/suspended", testSuspended);
    return g_test_run();
}
