# SPDX-License-Identifier: LGPL-2.1-or-later
"""Callbacks, with libvirt's event loop in a thread: what they get, and how long all of it lives"""
import gc
import subprocess
import sys
import threading
import unittest.mock
import weakref

import libvirt
import libvirt_streamdisk as streamdisk
from libvirt_streamdisk import _to_end
from session import Events, TestCase, run_event_loop, streamable_disk, until, waits_without_gil

STARTED = streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_STARTED
PROGRESS = streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS
COMPLETED = streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED
STOPPED = streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_STOPPED
FAILED = streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_FAILED

run_event_loop()


class Opaque:
    """Something that a weak reference can be had to"""


class EventCase(TestCase):
    def register(self, callback, dom=None, opaque=None):
        callback_id = streamdisk.streamDiskEventRegister(self.conn, dom, callback, opaque)
        self.addCleanup(self.deregister, callback_id)
        return callback_id

    def deregister(self, callback_id):
        """Unless it is done already"""
        try:
            streamdisk.streamDiskEventDeregister(self.conn, callback_id)
        except libvirt.libvirtError:
            pass


class Callbacks(EventCase):
    def test_a_whole_stream(self):
        events = Events()
        self.register(events)
        disk = streamable_disk(self.short)
        streamdisk.streamDiskStart(self.short, disk)
        params = events.wait(disk, COMPLETED)
        self.assertEqual(params[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_STATE],
                         streamdisk.VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
        self.assertEqual([events.of(disk)[0], events.of(disk)[-1]], [STARTED, COMPLETED])

    def test_arguments(self):
        called = []
        done = threading.Event()

        def callback(*args):
            called.append(args)
            done.set()

        opaque = Opaque()
        self.register(callback, self.endless, opaque)
        self.start()
        self.assertTrue(done.wait(60))
        conn, dom, disk, event, params, given = called[0]
        self.assertIs(conn, self.conn)
        self.assertIs(type(dom), libvirt.virDomain)
        self.assertIs(dom.connect(), self.conn)
        self.assertEqual(dom.UUID(), self.endless.UUID())
        self.assertEqual((disk, event), ("vda", STARTED))
        self.assertEqual(params[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_ALIAS], "virtio-disk0")
        self.assertIs(given, opaque)

    def test_only_of_the_domain(self):
        short, everything = Events(), Events()
        self.register(short, self.short)
        self.register(everything)
        self.start()
        everything.wait("vda", STARTED)
        self.stop()
        everything.wait("vda", STOPPED)
        disk = streamable_disk(self.short)
        streamdisk.streamDiskStart(self.short, disk)
        short.wait(disk, COMPLETED)
        self.assertEqual({name for name, _, _ in short.calls}, {disk})

    def test_the_domain_may_be_kept(self):
        kept = []
        done = threading.Event()

        def callback(conn, dom, disk, event, params, opaque):
            kept.append(dom)
            done.set()

        callback_id = self.register(callback)
        self.start()
        self.assertTrue(done.wait(60))
        self.deregister(callback_id)
        self.assertEqual(kept[0].name(), "endless")

    def test_reason(self):
        events = Events()
        broken = self.conn.lookupByName("broken")
        self.register(events, broken)
        streamdisk.streamDiskStart(broken, "vda")
        params = events.wait("vda", FAILED)
        self.assertIn("error", params[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_REASON])

    def test_it_may_raise(self):
        """The exception is printed as unraisable; later events still come"""
        raised, events = [], Events()

        def callback(conn, dom, disk, event, params, opaque):
            events(conn, dom, disk, event, params, opaque)
            raise LookupError(disk)

        def hook(info):
            raised.append((info.exc_type, str(info.exc_value), info.object))

        with unittest.mock.patch.object(sys, "unraisablehook", hook):
            callback_id = self.register(callback, self.endless)
            self.start()
            events.wait("vda", PROGRESS)
            self.deregister(callback_id)
        self.assertEqual(raised[0], (LookupError, "vda", callback))
        self.assertGreater(len(raised), 1)

    def test_it_may_take_other_arguments(self):
        raised = []
        with unittest.mock.patch.object(sys, "unraisablehook",
                                        lambda info: raised.append(info.exc_type)):
            callback_id = self.register(lambda: None, self.endless)
            self.start()
            until(lambda: raised)
            self.deregister(callback_id)
        self.assertEqual(raised[0], TypeError)

    def test_it_may_deregister_itself(self):
        called = []
        events = Events()

        class Callback:
            def __call__(self, conn, dom, disk, event, params, opaque):
                called.append(event)
                streamdisk.streamDiskEventDeregister(conn, opaque["id"])

        callback, opaque = Callback(), {}
        alive = weakref.ref(callback)
        opaque["id"] = streamdisk.streamDiskEventRegister(self.conn, None, callback, opaque)
        del callback
        self.register(events)
        self.start()
        events.wait("vda", PROGRESS)
        until(lambda: alive() is None)
        self.assertEqual(called, [STARTED])

    def test_it_may_make_calls(self):
        results = []
        done = threading.Event()

        def callback(conn, dom, disk, event, params, opaque):
            results.append((len(streamdisk.streamDiskInfo(dom)),
                            len(streamdisk.listAllStreamDisks(conn))))
            done.set()

        self.register(callback, self.endless)
        self.start()
        self.assertTrue(done.wait(60))
        self.assertEqual(results[0], (1, 1))

    def test_registering_lets_others_run(self):
        ids = []
        waits_without_gil(self, lambda: ids.append(self.register(print)))
        waits_without_gil(self, streamdisk.streamDiskEventDeregister, self.conn, ids[0])


class Lifetimes(EventCase):
    def test_kept_until_deregistered(self):
        callback, opaque = Events(), Opaque()
        kept = weakref.ref(callback), weakref.ref(opaque)
        before = sys.getrefcount(self.conn), sys.getrefcount(self.endless)
        callback_id = self.register(callback, self.endless, opaque)
        self.assertEqual(sys.getrefcount(self.conn), before[0] + 1)
        del callback, opaque
        gc.collect()
        self.start()
        kept[0]().wait("vda", STARTED)
        self.assertIsNotNone(kept[1]())
        self.deregister(callback_id)
        until(lambda: (kept[0](), kept[1]()) == (None, None))
        until(lambda: (sys.getrefcount(self.conn), sys.getrefcount(self.endless)) == before)

    def test_the_connection_is_kept(self):
        """It and its domains are closed by the last reference, which may be the callback's"""
        conn = libvirt.open()
        kept = weakref.ref(conn)
        events = Events()
        callback_id = streamdisk.streamDiskEventRegister(conn, None, events)
        del conn
        gc.collect()
        self.start()
        events.wait("vda", STARTED)
        streamdisk.streamDiskEventDeregister(kept(), callback_id)
        until(lambda: kept() is None)

    def test_not_kept_when_refused(self):
        callback, opaque = Events(), Opaque()
        before = [sys.getrefcount(it) for it in (self.conn, self.endless, callback, opaque)]
        self.assert_libvirt_error(libvirt.VIR_ERR_INVALID_ARG, "unsupported flags",
                                  streamdisk.streamDiskEventRegister, self.conn, self.endless,
                                  callback, opaque, 1)
        self.assertEqual(
            [sys.getrefcount(it) for it in (self.conn, self.endless, callback, opaque)], before)

    def test_deregistered_twice(self):
        callback_id = self.register(print)
        streamdisk.streamDiskEventDeregister(self.conn, callback_id)
        self.assert_libvirt_error(libvirt.VIR_ERR_INVALID_ARG, f"callback {callback_id} ",
                                  streamdisk.streamDiskEventDeregister, self.conn, callback_id)

    def test_the_process_may_just_end(self):
        """With a callback registered, and its event loop running"""
        subprocess.run([sys.executable, "-c", """
import session
session.run_event_loop()
conn = session.libvirt.open()
session.streamdisk.streamDiskEventRegister(conn, None, print)
"""], check=True)


class Meter:
    """Keeps what it is told"""

    def __init__(self):
        self.told = []

    def start(self, text, size):
        self.told.append(("start", text, size))

    def update(self, read):
        self.told.append(("update", read))

    def end(self):
        self.told.append(("end",))


class StreamDiskToEnd(EventCase):
    def test_it_returns_the_last_stats(self):
        meter = Meter()
        disk = streamable_disk(self.short)
        stats = streamdisk.streamDiskToEnd(self.short, disk, meter)
        self.assertEqual(stats[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_STATE],
                         streamdisk.VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
        self.assertEqual(meter.told[0], ("start", f"Streaming {disk}", None))
        self.assertEqual(meter.told[-1], ("end",))
        sizes = [told[2] or 0 for told in meter.told if told[0] == "start"]
        reads = [told[1] for told in meter.told if told[0] == "update"]
        self.assertEqual(reads[-1], sizes[-1])
        self.assertTrue(all(0 <= read <= max(sizes) for read in reads), meter.told)

    def test_without_meter_by_path(self):
        disk = streamable_disk(self.short)
        path = next(line for line in self.short.XMLDesc().split("<disk ")
                    if f"dev='{disk}'" in line).split("source file='", 1)[1].split("'", 1)[0]
        streamdisk.streamDiskToEnd(self.short, path, params={"bandwidth": 0})
        self.assertNotIn(disk, [state["target"]
                                for state in streamdisk.streamDiskInfo(self.short)])

    def test_without_events(self):
        """They may be lost, with virtstreamd: the statistics tell how it goes"""
        def deaf(conn, dom, callback):
            return streamdisk.streamDiskEventRegister(conn, dom, Events())

        with unittest.mock.patch.multiple(_to_end, SILENCE=0.1, streamDiskEventRegister=deaf):
            stats = streamdisk.streamDiskToEnd(self.short, streamable_disk(self.short))
            self.assertEqual(stats[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_STATE],
                             streamdisk.VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
            meter = Meter()
            meter.update = lambda read: self.endless.destroy()
            self.addCleanup(self.endless.create)
            self.assert_libvirt_error(libvirt.VIR_ERR_OPERATION_FAILED,
                                      "lost sight of the stream of disk 'vda': ",
                                      streamdisk.streamDiskToEnd, self.endless, "vda", meter)

    def test_a_stopped_one_raises(self):
        meter = Meter()
        meter.update = lambda read: streamdisk.streamDisk(
            self.endless, "vda", flags=streamdisk.VIR_DOMAIN_STREAM_DISK_STOP)
        self.assert_libvirt_error(libvirt.VIR_ERR_OPERATION_ABORTED,
                                  "stream of disk 'vda' was stopped: .",
                                  streamdisk.streamDiskToEnd, self.endless, "vda", meter)
        self.assertEqual(meter.told[-1], ("end",))

    def test_a_failed_one_raises(self):
        self.assert_libvirt_error(libvirt.VIR_ERR_OPERATION_FAILED,
                                  "stream of disk 'vda' failed: .*error",
                                  streamdisk.streamDiskToEnd, self.conn.lookupByName("broken"),
                                  "vda")

    def test_what_cannot_start_raises(self):
        meter = Meter()
        self.assert_libvirt_error(libvirt.VIR_ERR_INVALID_ARG, "disk 'vdx' not found",
                                  streamdisk.streamDiskToEnd, self.endless, "vdx", meter)
        self.assertEqual(meter.told, [])

    def test_wrong_types(self):
        for wrong in (None, 1, self.conn):
            with self.assertRaisesRegex(TypeError, "expected a libvirt.virDomain, not"):
                streamdisk.streamDiskToEnd(wrong, "vda")
        for wrong in (None, 1, b"vda"):
            with self.assertRaisesRegex(TypeError, "must be str, not"):
                streamdisk.streamDiskToEnd(self.endless, wrong)

    def test_an_exception_of_the_meter(self):
        """It ends the waiting, and the stream goes on"""
        meter = Meter()
        meter.update = unittest.mock.Mock(side_effect=LookupError("meter"))
        before = sys.getrefcount(self.conn)
        with self.assertRaisesRegex(LookupError, "meter"):
            streamdisk.streamDiskToEnd(self.endless, "vda", meter)
        self.assertEqual(self.streaming(), ["vda"])
        self.assertEqual(meter.told[-1], ("end",))
        until(lambda: sys.getrefcount(self.conn) == before)
