# SPDX-License-Identifier: LGPL-2.1-or-later
"""4,000 calls of each of eleven kinds, right and wrong: nothing is kept. PYTHON_CALLS: how many"""
import gc
import os
import sys
import time
import tracemalloc

import libvirt
import libvirt_streamdisk as streamdisk
from session import TestCase, run_event_loop

COUNT = int(os.environ.get("PYTHON_CALLS", 4_000))

run_event_loop()


def ignore(*args):
    """A callback"""


def resident():
    """Bytes of this process's memory"""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Leaks(TestCase):
    def calls(self):
        """Named functions without arguments; they may raise"""
        def register():
            streamdisk.streamDiskEventDeregister(self.conn, streamdisk.streamDiskEventRegister(
                self.conn, self.endless, ignore, self.params))

        dom = self.endless
        return {
            "info": lambda: streamdisk.streamDiskInfo(dom),
            "stats": lambda: streamdisk.streamDiskGetStats(dom, "vda"),
            "list": lambda: streamdisk.listAllStreamDisks(self.conn),
            "set": lambda: streamdisk.streamDiskSetParameters(dom, "vda", {"bandwidth": 1 << 20}),
            "events": register,
            "unknown parameters": lambda: streamdisk.streamDiskStart(dom, "vda", None, self.params),
            "wrong base": lambda: streamdisk.streamDiskStart(dom, "vda", 1),
            "wrong parameter": lambda: streamdisk.streamDiskStart(
                dom, "vda", None, {"colour": "red", "size": []}),
            "no flags": lambda: streamdisk.streamDisk(dom, "none"),
            "wrong flags": lambda: streamdisk.listAllStreamDisks(self.conn, 1),
            "wrong event flags": lambda: streamdisk.streamDiskEventRegister(
                self.conn, None, ignore, None, 1),
        }

    def make(self, call, count):
        for _ in range(count):
            try:
                call()
            except (libvirt.libvirtError, TypeError):
                pass
        gc.collect()

    def kept(self):
        """References, open files, bytes of Python's and bytes of the process"""
        it = (self.conn, self.endless, ignore, self.params, libvirt.virDomain,
              libvirt.libvirtError, None, True)
        return ([sys.getrefcount(one) for one in it], len(os.listdir("/proc/self/fd")),
                tracemalloc.get_traced_memory()[0], resident())

    def settled(self, before):
        """The same, once what is closed behind a call's back is closed"""
        end = time.monotonic() + 30
        while self.kept()[1] - before[1] >= 10 and time.monotonic() < end:
            time.sleep(0.05)  # nobody tells
        return self.kept()

    def test_calls(self):
        self.params = {"colour": "red", "size": 1 << 40, "wrong": -1, "half": 0.5, "yes": True}
        self.start()
        tracemalloc.start()
        for name, call in self.calls().items():
            self.make(call, COUNT // 10)
            before = self.kept()
            self.make(call, COUNT)
            after = self.settled(before)
            with self.subTest(name, before=before, after=after):
                for one, other in zip(before[0], after[0]):
                    self.assertLess(abs(other - one), 1000)
                self.assertLess(after[1] - before[1], 10)
                self.assertLess(after[2] - before[2], 64 << 10)
                self.assertLess(after[3] - before[3], 4 << 20)
        tracemalloc.stop()
