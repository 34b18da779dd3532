#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""stream-start.py URI DOMAIN DISK: stream a disk, with progress by events, and wait for its end"""
import sys

import libvirt
import libvirt_streamdisk as streamdisk


class Wait:
    """Shows the progress of one disk's stream, and remembers its end"""

    def __init__(self, disk):
        self.disk = disk
        self.end = None  # the event that ended the stream

    def __call__(self, conn, dom, disk, event, stats, opaque):
        if disk != self.disk or event == streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_STARTED:
            return
        if event == streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_PROGRESS:
            done = stats[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED]
            total = stats[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL]
            print(f"{disk}: {done} of {total} bytes")
            return
        print(f"{disk}:", stats.get(streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_REASON, "completed"))
        self.end = event


def main():
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} URI DOMAIN DISK")
    uri, name, disk = sys.argv[1:]

    # The event loop must be registered before the connection is opened.
    libvirt.virEventRegisterDefaultImpl()
    with libvirt.open(uri) as conn:
        dom = conn.lookupByName(name)
        wait = Wait(disk)
        # Registered before the start, so that no event is missed
        callback = streamdisk.streamDiskEventRegister(conn, dom, wait)
        try:
            streamdisk.streamDiskStart(
                dom, disk, params={streamdisk.VIR_DOMAIN_STREAM_DISK_PARAM_BANDWIDTH: 50 << 20})
            while wait.end is None:
                libvirt.virEventRunDefaultImpl()
        finally:
            streamdisk.streamDiskEventDeregister(conn, callback)
    return 0 if wait.end == streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED else 1


try:
    sys.exit(main())
except libvirt.libvirtError:
    sys.exit(1)  # libvirt prints every error by itself
