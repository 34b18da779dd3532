/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu_safety-test.c: what the table says of disks, of what is not in it, and of versions */

#include "qemu/qemu_safety.h"

static void
testAssert(const char *version, const char *features, bool untried, const char *expected)
{
    g_auto(GStrv) list = g_strsplit(features, ", ", -1);
    g_autofree char *why = qemuSafetyCheck(version, (const char *const *) list, NULL, untried);

    g_assert_cmpstr(why, ==, expected);
}

#define USUAL \
    "bus virtio, storage file, layer file, format qcow2, cache none, io native, discard unmap"

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
    testAssert("7.2.22", USUAL ", layer network https", false,
               "QEMU may leave requests to a web server unanswered that end together "
               "(QEMU 7.2.22)");
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

/* It depends on the feature, and on whether the guest is suspended for it. */
static void
testMoments(void)
{
    static const struct {
        const char *const features[3];
        const char *version;
        const char *moment;
        bool safe;
    } cases[] = {
        { { "bus virtio", "iothread" }, "7.2.22", NULL, false },
        { { "bus virtio", "iothread" }, "7.2.22", QEMU_SAFETY_SUSPENDED, true },
        { { "bus virtio", "iothread" }, "7.2.22", QEMU_SAFETY_SUSPENDING, true },
        { { "bus scsi", "controller iothread" }, "7.2.22", QEMU_SAFETY_SUSPENDED, false },
        { { "bus virtio", "iothread" }, "10.0.13", NULL, true },
        { { "bus virtio", "iothread" }, "10.0.13", QEMU_SAFETY_SUSPENDED, true },
        { { "bus virtio", "iothread" }, "10.0.13", QEMU_SAFETY_SUSPENDING, false },
        { { "bus scsi", "controller iothread" }, "10.0.13", QEMU_SAFETY_SUSPENDED, true },
        { { "bus scsi", "controller iothread" }, "10.0.13", QEMU_SAFETY_SUSPENDING, false },
        { { "bus virtio", "cache none" }, "10.0.13", QEMU_SAFETY_SUSPENDING, true },
        { { "layer network http" }, "7.2.22", NULL, false },
        { { "layer network http" }, "7.2.22", QEMU_SAFETY_SUSPENDING, true },
        { { "layer network rbd" }, "7.2.22", NULL, false },
        { { "layer network rbd" }, "7.2.22", QEMU_SAFETY_SUSPENDED, true },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *unsafe = qemuSafetyCheck(cases[i].version, cases[i].features,
                                                  cases[i].moment, false);

        g_assert_cmpint(unsafe == NULL, ==, cases[i].safe);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_safety/safe", testSafe);
    g_test_add_func("/qemu_safety/unsafe", testUnsafe);
    g_test_add_func("/qemu_safety/untried", testUntried);
    g_test_add_func("/qemu_safety/moments", testMoments);
    return g_test_run();
}
