# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the Python module share: the session of tests/system/python.sh

It has three guests: the streams of 'endless' (vda, vdb) do not end by themselves, each disk of
'short' (vda, vdb, ...) is done at once, and that of 'broken' (vda) fails.
"""
import os
import signal
import subprocess
import threading
import time
import unittest
import xml.etree.ElementTree

import libvirt
import libvirt_streamdisk as streamdisk

libvirt.registerErrorHandler(lambda context, error: None, None)  # or it prints every error


def until(condition, seconds=60):
    """Waits for what no event tells"""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain")
        time.sleep(0.02)


def run_event_loop():
    """libvirt's own event loop in a thread, as most applications have it"""
    libvirt.virEventRegisterDefaultImpl()

    def run():
        while True:
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=run, daemon=True).start()


def waits_without_gil(test, function, *args):
    """While the server does not answer, the call waits, and other threads run"""
    server = os.environ["SERVER_PID"]
    # were the GIL held, nobody here could wake the server
    waker = subprocess.Popen(["sh", "-c", f"sleep 20; kill -CONT {server}"])
    thread = threading.Thread(target=function, args=args)
    os.kill(int(server), signal.SIGSTOP)
    try:
        thread.start()
        thread.join(0.2)
        waits = thread.is_alive()
    finally:
        waker.kill()
        waker.wait()
        os.kill(int(server), signal.SIGCONT)
    thread.join(60)
    test.assertTrue(waits, function)
    test.assertFalse(thread.is_alive(), function)


def streamable_disk(dom):
    """The target of a disk that still has a backing image"""
    for disk in xml.etree.ElementTree.fromstring(dom.XMLDesc()).iter("disk"):
        if disk.find("backingStore/source") is not None:
            return disk.find("target").get("dev")
    raise AssertionError(f"no disk of '{dom.name()}' has a backing image left")


class TestCase(unittest.TestCase):
    """Has a connection and its guests; afterwards nothing streams in 'endless'"""

    def setUp(self):
        self.conn = libvirt.open()
        self.addCleanup(self.conn.close)
        self.endless = self.conn.lookupByName("endless")
        self.short = self.conn.lookupByName("short")
        self.addCleanup(self.stop_all)

    def stop_all(self):
        for state in streamdisk.streamDiskInfo(self.endless):
            self.stop(state["target"])

    def start(self, disk="vda"):
        streamdisk.streamDisk(self.endless, disk, flags=streamdisk.VIR_DOMAIN_STREAM_DISK_START)

    def stop(self, disk="vda"):
        streamdisk.streamDisk(self.endless, disk, flags=streamdisk.VIR_DOMAIN_STREAM_DISK_STOP)
        until(lambda: disk not in self.streaming())

    def streaming(self):
        return [state["target"] for state in streamdisk.streamDiskInfo(self.endless)]

    def assert_libvirt_error(self, code, text, function, *args, **kwargs):
        """The call raises what the module libvirt does for such an error"""
        with self.assertRaisesRegex(libvirt.libvirtError, text) as context:
            function(*args, **kwargs)
        self.assertIs(type(context.exception), libvirt.libvirtError)
        self.assertEqual(context.exception.get_error_code(), code)
        self.assertEqual(context.exception.get_error_level(), libvirt.VIR_ERR_ERROR)


class Events:
    """A callback that keeps what it is called with, as (disk, event, params)"""

    def __init__(self):
        self.condition = threading.Condition()
        self.calls = []

    def __call__(self, conn, dom, disk, event, params, opaque):
        with self.condition:
            self.calls.append((disk, event, params))
            self.condition.notify_all()

    def of(self, disk):
        with self.condition:
            return [event for name, event, _ in self.calls if name == disk]

    def wait(self, disk, event):
        """Returns the params of the disk's first such event"""
        with self.condition:
            def matching():
                return [params for name, kind, params in self.calls
                        if (name, kind) == (disk, event)]

            if not self.condition.wait_for(matching, 60):
                raise AssertionError(f"no event {event} of '{disk}' among {self.calls}")
            return matching()[0]
