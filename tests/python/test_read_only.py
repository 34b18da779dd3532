# SPDX-License-Identifier: LGPL-2.1-or-later
"""A read-only connection hears the events of streams that others start"""
import libvirt
import libvirt_streamdisk as streamdisk
from session import Events, TestCase, run_event_loop

run_event_loop()


class ReadOnly(TestCase):
    def test_events(self):
        events = Events()
        with libvirt.openReadOnly() as conn:
            callback_id = streamdisk.streamDiskEventRegister(conn, None, events)
            self.start()
            events.wait("vda", streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_STARTED)
            streamdisk.streamDiskEventDeregister(conn, callback_id)
