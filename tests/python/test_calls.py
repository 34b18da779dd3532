# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every call does what C's does, and raises what C's reports, in its own thread, without the GIL"""
import threading

import libvirt
import libvirt_streamdisk as streamdisk
from session import TestCase, until, waits_without_gil


class Calls(TestCase):
    def test_start_and_stop(self):
        self.assertEqual(streamdisk.streamDiskInfo(self.endless), [])
        self.assertEqual(streamdisk.streamDisk(
            self.endless, "vda", 0, streamdisk.VIR_DOMAIN_STREAM_DISK_START), 0)
        [state] = streamdisk.streamDiskInfo(self.endless)
        self.assertEqual(set(state), {"alias", "target", "offset", "size"})
        self.assertEqual((state["alias"], state["target"]), ("virtio-disk0", "vda"))
        self.assertLessEqual(state["offset"], state["size"])
        self.assertEqual(self.endless.blockJobInfo("vda")["type"],
                         libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_PULL)
        self.assertEqual(streamdisk.streamDisk(
            self.endless, "vda", flags=streamdisk.VIR_DOMAIN_STREAM_DISK_STOP), 0)
        until(lambda: streamdisk.streamDiskInfo(self.endless) == [])

    def test_parameters_and_stats(self):
        bandwidth = streamdisk.VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH
        self.assertIsNone(streamdisk.streamDiskStart(self.endless, "vda",
                                                     params={bandwidth: 1 << 20}))
        stats = streamdisk.streamDiskGetStats(self.endless, "vda")
        self.assertEqual(stats[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH], 1 << 20)
        self.assertEqual(stats[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_ALIAS], "virtio-disk0")
        self.assertIsNone(streamdisk.streamDiskSetParameters(self.endless, "vda",
                                                             {bandwidth: 2 << 20}))
        stats = streamdisk.streamDiskGetStats(self.endless, "vda")
        self.assertEqual(stats[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_BANDWIDTH], 2 << 20)

    def test_by_path(self):
        path = self.endless.XMLDesc().split("source file='", 1)[1].split("'", 1)[0]
        streamdisk.streamDiskStart(self.endless, disk=path)
        self.assertEqual(self.streaming(), ["vda"])

    def test_list(self):
        self.assertEqual(streamdisk.listAllStreamDisks(self.conn), [])
        self.start()
        [record] = streamdisk.listAllStreamDisks(self.conn)
        self.assertEqual(set(record), {"dom", "disk", "params"})
        self.assertIs(type(record["dom"]), libvirt.virDomain)
        self.assertIs(record["dom"].connect(), self.conn)
        self.assertEqual(record["dom"].UUID(), self.endless.UUID())
        self.assertEqual(record["disk"], "vda")
        self.assertEqual(record["params"][streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_STATE],
                         streamdisk.VIR_DOMAIN_STREAM_DISK_STATE_RUNNING)

    def test_list_outlives_its_connection(self):
        self.start()
        conn = libvirt.open()
        [record] = streamdisk.listAllStreamDisks(conn)
        conn.close()
        self.assertEqual(record["dom"].name(), "endless")

    def test_errors(self):
        start = streamdisk.VIR_DOMAIN_STREAM_DISK_START
        invalid = libvirt.VIR_ERR_INVALID_ARG
        self.assert_libvirt_error(invalid, "exactly one of START", streamdisk.streamDisk,
                                  self.endless, "vda")
        self.assert_libvirt_error(invalid, "offset must be 0", streamdisk.streamDisk,
                                  self.endless, "vda", 2 ** 64 - 1, start)
        self.assert_libvirt_error(invalid, "disk 'vdx' not found", streamdisk.streamDisk,
                                  self.endless, "vdx", 0, start)
        self.assert_libvirt_error(invalid, "unsupported flags", streamdisk.streamDiskInfo,
                                  self.endless, 1)
        self.assert_libvirt_error(invalid, "unsupported flags", streamdisk.streamDiskStart,
                                  self.endless, "vda", None, None, 2 ** 32 - 1)
        self.assert_libvirt_error(invalid, "disk 'vdx' not found", streamdisk.streamDiskStart,
                                  self.endless, "vdx")
        self.assert_libvirt_error(invalid, "does not have an active block job",
                                  streamdisk.streamDiskGetStats, self.endless, "vdb")
        self.assert_libvirt_error(invalid, "does not have an active block job",
                                  streamdisk.streamDiskSetParameters, self.endless, "vdb",
                                  {"bandwidth": 1})
        self.assert_libvirt_error(invalid, "params .* must not be NULL",
                                  streamdisk.streamDiskSetParameters, self.endless, "vda", {})
        self.assert_libvirt_error(invalid, "unsupported flags", streamdisk.listAllStreamDisks,
                                  self.conn, 1)
        self.assert_libvirt_error(invalid, "unsupported flags",
                                  streamdisk.streamDiskEventRegister, self.conn, None, print,
                                  None, 1)
        self.assert_libvirt_error(invalid, "could not find stream event callback 77",
                                  streamdisk.streamDiskEventDeregister, self.conn, 77)
        self.assert_libvirt_error(libvirt.VIR_ERR_OPERATION_INVALID, "call virEventRegister",
                                  streamdisk.streamDiskEventRegister, self.conn, None, print)

    def test_parameters_are_judged_by_the_library(self):
        for wrong in (1, -1, 1.5, True, "red", 2 ** 63):
            self.assert_libvirt_error(libvirt.VIR_ERR_INVALID_ARG, "'colour'",
                                      streamdisk.streamDiskStart, self.endless, "vda", None,
                                      {"colour": wrong})
        self.assert_libvirt_error(libvirt.VIR_ERR_OVERFLOW, "bandwidth",
                                  streamdisk.streamDiskStart, self.endless, "vda", None,
                                  {"bandwidth": 2 ** 64 - 1})
        self.assertEqual(self.streaming(), [])

    def test_read_only(self):
        self.start()
        with libvirt.openReadOnly() as conn:
            dom = conn.lookupByName("endless")
            self.assertEqual(len(streamdisk.streamDiskInfo(dom)), 1)
            self.assertEqual(len(streamdisk.listAllStreamDisks(conn)), 1)
            self.assertIn("state", streamdisk.streamDiskGetStats(dom, "vda"))
            for function, args in (
                    (streamdisk.streamDisk, (0, streamdisk.VIR_DOMAIN_STREAM_DISK_STOP)),
                    (streamdisk.streamDiskStart, ()),
                    (streamdisk.streamDiskSetParameters, ({"bandwidth": 1},))):
                self.assert_libvirt_error(libvirt.VIR_ERR_OPERATION_DENIED, "read-only", function,
                                          dom, "vda", *args)


class WithoutTheGil(TestCase):
    def test_calls_let_others_run(self):
        start, stop = (streamdisk.VIR_DOMAIN_STREAM_DISK_START,
                       streamdisk.VIR_DOMAIN_STREAM_DISK_STOP)
        waits_without_gil(self, streamdisk.streamDisk, self.endless, "vda", 0, start)
        waits_without_gil(self, streamdisk.streamDiskInfo, self.endless)
        waits_without_gil(self, streamdisk.streamDiskSetParameters, self.endless, "vda",
                          {"bandwidth": 1 << 20})
        waits_without_gil(self, streamdisk.streamDiskGetStats, self.endless, "vda")
        waits_without_gil(self, streamdisk.listAllStreamDisks, self.conn)
        waits_without_gil(self, streamdisk.streamDisk, self.endless, "vda", 0, stop)
        until(lambda: not self.streaming())
        waits_without_gil(self, streamdisk.streamDiskStart, self.endless, "vda")


class Threads(TestCase):
    def test_each_has_its_own_errors(self):
        """Sixteen at once, on one connection: each gets what it asked for, wrong or right"""
        self.start()
        problems = []

        def call(disk, count=20):
            for _ in range(count):
                try:
                    streamdisk.streamDiskGetStats(self.endless, disk)
                except libvirt.libvirtError as error:
                    if error.get_error_message() != str(error) or f"'{disk}'" not in str(error):
                        problems.append((disk, error))
                else:
                    problems.append((disk, "is known"))
                if len(streamdisk.streamDiskInfo(self.endless)) != 1:
                    problems.append((disk, "no stream"))
                if streamdisk.listAllStreamDisks(self.conn)[0]["disk"] != "vda":
                    problems.append((disk, "no list"))

        threads = [threading.Thread(target=call, args=(f"none{i}",)) for i in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
